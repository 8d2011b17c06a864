//! Programs that outlive this process. A shell watches each of them, as nothing
//! else is there to end it.

use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt as _, parent_id};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::process::restrict;

/// Arguments: program, its argument, the file that is touched, seconds between
/// two checks, and the number of checks without use after which the program
/// stops.
const UNTIL_IDLE: &str = r#"
trap '' HUP INT
"$1" "$2" &
server=$!
trap 'kill -TERM $server; wait $server; exit' TERM
idle=0
: >"$3.seen"
while kill -0 $server 2>/dev/null; do
  sleep "$4"
  if [ "$3" -nt "$3.seen" ]; then idle=0; : >"$3.seen"; else idle=$((idle + 1)); fi
  if [ $idle -ge "$5" ] || [ ! -e "$3" ]; then
    kill -TERM $server
    wait $server
    exit
  fi
done
"#;

/// Starts `program`, with the path of its configuration as its only argument and
/// with no variables but those that it may need. Others touch the file `used`:
/// when that has not happened for `idle`, or the file is gone, the program gets
/// SIGTERM. The shell also writes `{used}.seen`. As it is the parent of the
/// program, it cannot signal a process that reuses the pid.
pub(crate) fn spawn_until_idle(
    program: &Path,
    configuration: &Path,
    used: &Path,
    idle: Duration,
    interval: Duration,
) -> io::Result<()> {
    let pause = (idle / 10).min(interval);
    let pauses = idle.as_millis() / pause.as_millis().max(1);
    let mut shell = Command::new("/bin/sh");
    restrict(&mut shell);
    shell
        .args(["-c", UNTIL_IDLE, "tintype-redis"])
        .args([program, configuration, used])
        .arg(pause.as_secs_f32().to_string())
        .arg(pauses.to_string())
        // Inherited handles would make a test runner wait for the program.
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(folder) = configuration.parent() {
        shell.current_dir(folder);
    }
    // A signal to the process group of the tests must not reach the program.
    shell.process_group(0);
    let mut child = shell.spawn()?;
    // Reaps the shell if it ends before this process does.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Arguments: the watched process, a folder, the command. The command's input
/// ends when the process exits or the folder is removed. The lines of input only
/// let the loop notice that the command has exited. The shell itself says
/// nothing: `Killed` would come into the log of the next command.
const WHILE_PARENT_RUNS: &str = r#"
runner=$1; folder=$2; shift 2
exec 3>&2 2>/dev/null
{ while kill -0 "$runner" && [ -d "$folder" ]; do echo; sleep 0.2; done; } | exec "$@" 2>&3 3>&-
"#;

/// Starts a program whose standard input ends when the parent of this process
/// exits, or `folder` is removed. It is in a process group of its own, so that
/// it does not receive the signals of this one, and without its pipes.
pub(crate) fn spawn_while_parent_runs(
    folder: &Path,
    program: &Path,
    (variable, value): (&str, &str),
    log: File,
) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", WHILE_PARENT_RUNS, "tintype-coordinator"])
        .arg(parent_id().to_string())
        .arg(folder)
        .arg(program)
        .env(variable, value)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .process_group(0)
        .spawn()
}
