//! The end of a run whose every test is a process of its own.
//!
//! nextest tells nobody that it has ended. So the first process of a run leaves
//! a small shell behind that waits for the runner to go and then starts this
//! program once more, to end the run.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use super::folders;
use crate::manifest::Manifest;
use crate::model::{RunFile, RunId};
use crate::record::{RecordSettings, Records};

/// Names the run that this process shall do nothing but end.
pub const END_RUN: &str = "TINTYPE_INTERNAL_END_RUN";

/// `$1` is the runner's process id, `$2` this program.
const WATCH: &str = r#"
while kill -0 "$1" 2>/dev/null; do sleep 0.2; done
exec "$2"
"#;

/// Has the run ended when the runner is gone. The first process of the run
/// sees to it.
#[cfg(unix)]
pub(super) fn watch(folder: &Path, run: &RunId) {
    let first = fs::create_dir_all(folder).and_then(|()| File::create_new(folder.join(".watched")));
    let (Ok(_), Ok(own)) = (first, std::env::current_exe()) else {
        return;
    };
    let mut command = Command::new("sh");
    command
        .args(["-c", WATCH, "tintype-watch"])
        .arg(std::os::unix::process::parent_id().to_string())
        .arg(own)
        .env(END_RUN, run.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if let Err(error) = command.spawn() {
        tracing::warn!(%error, "nobody will end the run at once");
    }
}

/// Ends a run all of whose processes are gone, in the record and in its own
/// file.
pub fn end(manifest: &Manifest, run: &RunId) -> Result<(), Box<dyn std::error::Error>> {
    let settings = RecordSettings::from_env(&manifest.state_dir())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let records = Records::open(&settings).await?;
        records.finish_gone(run).await?;
        records.run(run).await
    })?;
    let own = RunFile {
        run: ended,
        results: Vec::new(),
    };
    folders::merge(own, &manifest.run_dir(run))?;
    Ok(())
}
