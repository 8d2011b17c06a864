//! Checks that browsers and drivers are installed, have matching versions and
//! start, and lists the limits of each engine.

use std::path::Path;

use tintype::internals::browser::{
    Browser, BrowserError, BrowserInfo, Programs, find, install_command, limits,
};
use tintype::internals::manifest::{BrowserSettings, Manifest};
use tintype::internals::process::version;
use tintype::settings::BrowserName;

use super::baselines::Browsers;
use super::check::Check;

/// Checks the programs of each engine and starts a session as tests do. Returns
/// the browsers that started, too.
pub(super) fn checks(manifest: &Manifest) -> (Vec<Check>, Browsers) {
    let mut browsers = Browsers::new();
    let engines = manifest.browser.names.iter();
    let checks = engines.flat_map(|&name| engine(name, manifest, &mut browsers));
    (checks.collect(), browsers)
}

fn engine(name: BrowserName, manifest: &Manifest, browsers: &mut Browsers) -> Vec<Check> {
    let settings = &manifest.browser;
    let mut checks = Vec::new();
    if let Some(address) = &settings.webdriver {
        checks.push(Check::good("driver", format!("the WebDriver at {address}")));
    } else {
        match find(settings, name) {
            Ok(programs) => checks.extend(versions(name, &programs, settings)),
            // The error says what to install.
            Err(error) => {
                let advice = match cfg!(target_os = "linux") {
                    true => format!("Debian: {}", install_command(name)),
                    false => install_command(name).to_owned(),
                };
                return vec![Check::problem("browser", error.to_string(), advice)];
            }
        }
    }
    let started = start(name, manifest);
    if let Ok(info) = &started {
        browsers.insert(name, info.browser.clone());
    }
    checks.push(session(name, started));
    checks.extend(unsupported(name, settings));
    checks
}

fn session(name: BrowserName, started: Result<BrowserInfo, BrowserError>) -> Check {
    match started {
        Ok(info) => Check::good("session", format!("{} under {}", info.browser, info.driver)),
        Err(error @ (BrowserError::NotFound { .. } | BrowserError::Remote { .. })) => {
            Check::problem("session", error.to_string(), install_command(name))
        }
        Err(error) => Check::problem(
            "session",
            format!("{} does not start: {error}", name.as_str()),
            "start the browser manually with --headless to see the reason",
        ),
    }
}

/// One line for all limits of an engine: they prevent no test from running.
fn unsupported(name: BrowserName, settings: &BrowserSettings) -> Option<Check> {
    let limits = limits(name, settings);
    let text = format!("{}: {}", name.as_str(), limits.join("; "));
    (!limits.is_empty()).then(|| Check::good("limits", text))
}

fn versions(name: BrowserName, programs: &Programs, settings: &BrowserSettings) -> Vec<Check> {
    let version = |program: &Path, is_driver| match &settings.container {
        None => version(program),
        Some(image) => image.version(name, is_driver).map(str::to_owned),
    };
    let browser = version(&programs.browser, false);
    let driver = version(&programs.driver, true);
    let shown = |path: &Path, version: &Option<String>| {
        let version = version.as_deref().unwrap_or("unknown version");
        format!("{} ({version})", path.display())
    };
    let mut checks = vec![Check::good("browser", shown(&programs.browser, &browser))];
    let found = shown(&programs.driver, &driver);
    let majors = browser
        .as_deref()
        .and_then(major)
        .zip(driver.as_deref().and_then(major))
        // The versions of other drivers are independent of the browser's.
        .filter(|_| name == BrowserName::Chromium);
    checks.push(match majors {
        Some((browser, driver)) if browser != driver => Check::problem(
            "driver",
            found,
            format!("it supports version {driver}, but the browser is version {browser}: install matching versions"),
        ),
        _ => Check::good("driver", found),
    });
    checks
}

/// The first number of the first version in a text: 156 of
/// `Chromium 156.0.8078.79 built on …`.
fn major(text: &str) -> Option<u32> {
    let words = text.split_whitespace();
    let mut numbers = words.filter_map(|word| word.split_once('.')?.0.parse().ok());
    numbers.next()
}

fn start(name: BrowserName, manifest: &Manifest) -> Result<BrowserInfo, BrowserError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| BrowserError::Session(error.to_string()))?;
    let scratch = manifest.state_dir().join("browsers");
    runtime.block_on(async {
        let session = Browser::open(name, &manifest.browser, &scratch).await?;
        let info = session.info().clone();
        session.close().await;
        Ok(info)
    })
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn major_versions_are_parsed() {
        assert_eq!(major("Chromium 156.0.8078.79 built on Debian"), Some(156));
        assert_eq!(
            major("ChromeDriver 155.0.1 (abc-refs/heads/1.2)"),
            Some(155)
        );
        assert_eq!(major("no version"), None);
    }
}
