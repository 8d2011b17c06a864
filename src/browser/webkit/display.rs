//! A virtual display: WebKit has no headless mode.

use std::path::Path;

use super::pointer;
use crate::browser::driver::{self, find_virtual_display};
use crate::browser::error::BrowserError;
use crate::config::ProgramSearch;
use crate::process::Supervised;

/// The size of the display. Windows may be larger.
const SCREEN: &str = "2560x1600x24";

/// A virtual X server. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Display {
    /// `:99`
    pub(super) name: String,
    server: Supervised,
}

impl Display {
    /// Starts Xvfb on the first free display number.
    pub(super) async fn start(
        scratch: &Path,
        search: &ProgramSearch,
    ) -> Result<Self, BrowserError> {
        let program = find_virtual_display(search)?;
        let own = driver::scratch_folder(&program, scratch)?;
        let arguments = [
            "-displayfd",
            "1",
            "-screen",
            "0",
            SCREEN,
            "-nolisten",
            "tcp",
            "-noreset",
        ]
        .map(str::to_owned);
        let failed = |reason: String| BrowserError::Start {
            program: program.clone(),
            reason,
        };
        let mut server = Supervised::spawn_with_env(&[], &program, &arguments, &own)
            .map_err(|error| failed(error.to_string()))?;
        let number = |line: &str| line.trim().parse::<u32>().ok();
        let number = driver::within("Xvfb to start", server.wait_for_line(number)).await?;
        let Some(number) = number else {
            return Err(failed(format!(
                "it exited with this output:\n{}",
                server.last_output()
            )));
        };
        let moved = driver::within(
            "the pointer of Xvfb to move",
            pointer::move_to_corner(number),
        )
        .await?;
        moved.map_err(|error| failed(format!("failed to move its pointer: {error}")))?;
        Ok(Self {
            name: format!(":{number}"),
            server,
        })
    }

    /// Stops the server.
    pub(super) async fn stop(self) {
        self.server.stop().await;
    }
}
