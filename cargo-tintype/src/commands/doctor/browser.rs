//! Browser and driver: found, of one version, and able to start.

use std::path::Path;
use std::process::Command;

use tintype::browser::{BrowserInfo, Programs, Session, find};
use tintype::manifest::{BrowserName, Manifest};

use super::check::Check;

/// Looks for the programs and starts a session as the tests do.
pub(super) fn checks(manifest: &Manifest) -> Vec<Check> {
    let settings = &manifest.browser;
    let mut checks = Vec::new();
    if let Some(address) = &settings.webdriver {
        checks.push(Check::good("driver", format!("the WebDriver at {address}")));
    } else {
        match find(settings) {
            Ok(programs) => checks.extend(versions(&programs)),
            // The error says what to install.
            Err(error) => return vec![Check::problem("browser", error.to_string(), INSTALL)],
        }
    }
    checks.extend(unsupported(&settings.names));
    checks.push(match start(manifest) {
        Ok(info) => Check::good("session", format!("{} under {}", info.browser, info.driver)),
        Err(error) => Check::problem(
            "session",
            format!("the browser does not start: {error:#}"),
            "start the browser by hand with --headless to see why",
        ),
    });
    checks
}

const INSTALL: &str = "Debian: apt install chromium chromium-driver";

fn versions(programs: &Programs) -> Vec<Check> {
    let browser = version(&programs.browser);
    let driver = version(&programs.driver);
    let shown = |path: &Path, version: &Option<String>| {
        let version = version.as_deref().unwrap_or("of unknown version");
        format!("{} ({version})", path.display())
    };
    let mut checks = vec![Check::good("browser", shown(&programs.browser, &browser))];
    let found = shown(&programs.driver, &driver);
    let majors = browser
        .as_deref()
        .and_then(major)
        .zip(driver.as_deref().and_then(major));
    checks.push(match majors {
        Some((browser, driver)) if browser != driver => Check::problem(
            "driver",
            found,
            format!("it is for version {driver}, the browser is {browser}: install the same"),
        ),
        _ => Check::good("driver", found),
    });
    checks
}

/// What a program says about itself with `--version`.
fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// The first number of the first version in a text: 156 of
/// `Chromium 156.0.8078.79 built on …`.
fn major(text: &str) -> Option<u32> {
    let words = text.split_whitespace();
    let mut numbers = words.filter_map(|word| word.split_once('.')?.0.parse().ok());
    numbers.next()
}

fn unsupported(names: &[BrowserName]) -> Option<Check> {
    let other = names.iter().find(|name| **name != BrowserName::Chromium)?;
    Some(Check::problem(
        "engines",
        format!("{} cannot be driven yet", other.as_str()),
        "leave only \"chromium\" in `names` in [browser]",
    ))
}

fn start(manifest: &Manifest) -> anyhow::Result<BrowserInfo> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let scratch = manifest.state_dir().join("browsers");
    runtime.block_on(async {
        let session = Session::open(&manifest.browser, &scratch).await?;
        let info = session.info().clone();
        session.close().await;
        Ok(info)
    })
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn majors_are_read_from_what_programs_say() {
        assert_eq!(major("Chromium 156.0.8078.79 built on Debian"), Some(156));
        assert_eq!(
            major("ChromeDriver 155.0.1 (abc-refs/heads/1.2)"),
            Some(155)
        );
        assert_eq!(major("no version"), None);
    }
}
