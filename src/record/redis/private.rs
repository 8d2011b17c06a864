//! A redis-server of the project's own.
//!
//! It listens on a Unix socket in a folder that only the user may enter, keeps
//! an append-only file there, and survives the processes that use it. Its
//! parent is a shell that does nothing but wait: while Tintype uses the
//! server, it touches the file `used`; when that has not happened for
//! [`IDLE`], or the file is gone, the shell asks the server to stop, which it does after
//! writing out its file. The shell is the server's parent, so the process that
//! it signals can be no other.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// A server that was not used for this long stops.
const IDLE: Duration = Duration::from_secs(600);
/// How often the shell looks whether it is used.
const GLANCE: Duration = Duration::from_secs(5);
/// The longest socket path that every system takes.
const LONGEST_SOCKET: usize = 100;
/// How long a server may take to answer after its start.
const START: Duration = Duration::from_secs(5);

/// The private server of one folder.
#[derive(Clone, Debug)]
pub(crate) struct PrivateServer {
    program: PathBuf,
    folder: PathBuf,
    socket: PathBuf,
    /// How long it stays without being used.
    idle: Duration,
}

impl PrivateServer {
    /// The server that lives in `folder`, if there is a program for it among
    /// the folders of `path`, the variable PATH.
    pub(crate) fn find(folder: &Path, path: &std::ffi::OsStr) -> Option<Self> {
        let program = ["redis-server", "valkey-server"].iter().find_map(|name| {
            std::env::split_paths(path)
                .map(|dir| dir.join(name))
                .find(|file| file.is_file())
        })?;
        let folder = std::path::absolute(folder).ok()?;
        Some(Self {
            program,
            socket: socket_for(&folder),
            folder,
            idle: IDLE,
        })
    }

    /// The socket on which it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Tells the waiting shell that the server is in use.
    pub(crate) fn touch(&self) {
        if let Ok(file) = File::create(self.folder.join("used")) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Starts the server unless it runs, and gives its socket. Of several
    /// processes that want it at once, one starts it.
    pub(crate) fn ensure(&self) -> io::Result<PathBuf> {
        private_folder(&self.folder)?;
        self.touch();
        if self.listens() == Some(true) {
            return Ok(self.socket.clone());
        }
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("start.lock"))?;
        lock.lock()?;
        if self.listens().is_none() {
            if let Some(parent) = self.socket.parent() {
                private_folder(parent)?;
            }
            self.start()?;
        }
        self.wait()?;
        Ok(self.socket.clone())
    }

    fn start(&self) -> io::Result<()> {
        let config = self.folder.join("redis.conf");
        fs::write(&config, self.config())?;
        let pause = (self.idle / 10).min(GLANCE);
        let pauses = self.idle.as_millis() / pause.as_millis().max(1);
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", WATCH, "tintype-redis"])
            .arg(&self.program)
            .arg(&config)
            .arg(self.folder.join("used"))
            .arg(pause.as_secs_f32().to_string())
            .arg(pauses.to_string())
            .current_dir(&self.folder)
            // A test runner must not wait for the server, nor may a signal to
            // the tests reach it.
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        let mut child = shell.spawn()?;
        // Nobody else would collect it if it ended before this process does.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    fn config(&self) -> String {
        let quoted = |path: &Path| format!("{:?}", path.display().to_string());
        format!(
            "# Written by Tintype at every start of the server.\n\
             port 0\nunixsocket {}\nunixsocketperm 700\ndir {}\nlogfile {}\n\
             daemonize no\nappendonly yes\nappendfsync everysec\nsave \"\"\n\
             maxmemory-policy noeviction\n",
            quoted(&self.socket),
            quoted(&self.folder),
            quoted(&self.folder.join("redis.log")),
        )
    }

    fn wait(&self) -> io::Result<()> {
        let started = Instant::now();
        while self.listens() != Some(true) {
            if started.elapsed() > START {
                let log = self.folder.join("redis.log");
                return Err(io::Error::other(format!(
                    "the private redis-server did not start within {} s ({} says why)",
                    START.as_secs(),
                    log.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Whether a server is at the socket, and whether it has read its file.
    fn listens(&self) -> Option<bool> {
        let mut socket = UnixStream::connect(&self.socket).ok()?;
        let mut reply = [0; 8];
        let asked = socket
            .set_read_timeout(Some(START / 5))
            .and_then(|()| socket.write_all(b"PING\r\n"))
            .and_then(|()| socket.read(&mut reply));
        // A server that hangs is no reason to start another.
        Some(asked.map_or(true, |n| !reply[..n].starts_with(b"-LOAD")))
    }
}

/// Arguments: program, its configuration, the file that is touched, seconds
/// between two looks at it, and after how many looks in vain the server stops.
const WATCH: &str = r#"
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

/// The socket stands beside the data if the system takes so long a path,
/// otherwise in a short folder that is named after the long one.
fn socket_for(folder: &Path) -> PathBuf {
    let beside = folder.join("redis.sock");
    if beside.as_os_str().len() <= LONGEST_SOCKET {
        return beside;
    }
    let hash = blake3::hash(folder.as_os_str().as_encoded_bytes()).to_hex();
    let name = format!("tintype-{}", &hash[..16]);
    let in_temp = std::env::temp_dir().join(&name).join("redis.sock");
    if in_temp.as_os_str().len() <= LONGEST_SOCKET {
        in_temp
    } else {
        Path::new("/tmp").join(name).join("redis.sock")
    }
}

/// Makes sure of a folder that is ours and that nobody else may enter.
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let found = fs::symlink_metadata(folder)?;
    let mine = tempfile::tempfile()?.metadata()?.uid();
    if !found.is_dir() || found.uid() != mine {
        return Err(io::Error::other(format!(
            "{} belongs to somebody else: remove it, or set REDIS_URL",
            folder.display()
        )));
    }
    if found.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SOCKET, PrivateServer, socket_for};
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// Time only bounds a hang.
    fn eventually(is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "it never came true"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_server_that_nobody_uses_stops_and_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let found = PrivateServer::find(&folder.path().join("redis"), &path);
        let server = PrivateServer {
            idle: Duration::from_secs(2),
            ..found.expect("redis-server is installed")
        };
        let tell = |words: &[&str]| {
            let mut command = Command::new("redis-cli");
            command.arg("-s").arg(server.socket()).args(words);
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        server.ensure().unwrap();
        assert_eq!(tell(&["SET", "run", "kept"]).trim(), "OK");
        // It is used for longer than it would stay unused. Some shells see whole
        // seconds only.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            server.touch();
            std::thread::sleep(Duration::from_millis(30));
        }
        assert_eq!(server.listens(), Some(true));
        eventually(|| server.listens().is_none());

        server.ensure().unwrap();
        assert_eq!(tell(&["GET", "run"]).trim(), "kept");
        // Whoever removes the folder wants no server in it.
        std::fs::remove_file(folder.path().join("redis/used")).unwrap();
        eventually(|| server.listens().is_none());
    }

    #[test]
    fn a_deep_folder_has_its_socket_elsewhere() {
        let near = Path::new("/project/target/tintype/redis");
        assert_eq!(socket_for(near), near.join("redis.sock"));
        let deep = Path::new("/project").join("x".repeat(120));
        let socket = socket_for(&deep);
        assert!(socket.as_os_str().len() <= LONGEST_SOCKET);
        assert_ne!(socket, socket_for(&deep.join("y")));
    }
}
