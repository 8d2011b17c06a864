//! Logs in by a command that prints cookies.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::cookies::parse_cookies;
use crate::browser::StorageState;
use crate::config::BASE_URL;
use crate::process::{remove_secrets, shell};

/// How long the command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs a shell command in the manifest's folder and parses the cookies that it
/// prints. The command gets the address of the story server in
/// `TINTYPE_BASE_URL`.
///
/// # Errors
/// When it times out, fails, or prints anything else. Errors do not contain its
/// output.
pub(crate) async fn run_command(
    command: &str,
    root: &Path,
    base: &str,
) -> Result<StorageState, String> {
    let mut shell = shell(command);
    shell
        .current_dir(root)
        .env(BASE_URL, base)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    remove_secrets(shell.as_std_mut());
    let output = tokio::time::timeout(COMMAND_TIMEOUT, shell.output()).await;
    let output = output
        .map_err(|_| {
            format!(
                "`{command}` timed out after {} s",
                COMMAND_TIMEOUT.as_secs()
            )
        })?
        .map_err(|error| format!("failed to start `{command}`: {error}"))?;
    if !output.status.success() {
        let status = output.status;
        return Err(format!(
            "`{command}` failed ({status})\nhelp: run the command in a shell to see its output"
        ));
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| format!("the output of `{command}` is not UTF-8"))?;
    let cookies = parse_cookies(&text).map_err(|reason| {
        format!("the output of `{command}` contains invalid cookies: {reason}")
    })?;
    Ok(StorageState {
        cookies,
        ..StorageState::default()
    })
}
