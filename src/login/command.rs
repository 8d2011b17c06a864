//! A command that logs in and prints the cookies it got.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::browser::StorageState;
use crate::config::{BASE_URL, LOGIN_KEY};

/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a command by the shell in the manifest's folder and reads the cookies
/// that it prints. `TINTYPE_BASE_URL` tells it where the stories are.
///
/// # Errors
/// When it does not end in time, fails, or prints something else. No error
/// shows what it printed.
pub async fn run(command: &str, root: &Path, base: &str) -> Result<StorageState, String> {
    let mut shell = shell(command);
    shell
        .current_dir(root)
        .env(BASE_URL, base)
        .env_remove(LOGIN_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, shell.output()).await;
    let output = output
        .map_err(|_| format!("`{command}` did not end within {} s", LIMIT.as_secs()))?
        .map_err(|error| format!("failed to start `{command}`: {error}"))?;
    if !output.status.success() {
        let status = output.status;
        return Err(format!(
            "`{command}` failed ({status}; run it by hand to see what it says)"
        ));
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| format!("what `{command}` prints is not UTF-8"))?;
    let cookies = super::cookies::parse(&text)
        .map_err(|reason| format!("what `{command}` prints are no cookies: {reason}"))?;
    Ok(StorageState {
        cookies,
        ..StorageState::default()
    })
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}
