//! Starts and finds the private redis-server of a project.
//!
//! It listens on a Unix socket in a folder that only the user can enter, keeps
//! an append-only file there, and outlives the processes that use it. Its
//! parent is a shell that only waits: processes that use the server touch the
//! file `used`; when that has not happened for [`IDLE_TIMEOUT`], or the file is
//! gone, the shell sends SIGTERM, and the server writes its file and exits.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::config::ProgramSearch;
use crate::files;
use crate::process::{is_own_folder, local_socket, spawn_until_idle};

/// A server that has not been used for this long stops.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// How often the shell checks whether the server is used.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The longest socket path that every system accepts.
const MAX_SOCKET_PATH: usize = 100;
/// How long a server may take to answer after its start.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// The private server of one folder.
#[derive(Clone, Debug)]
pub(crate) struct PrivateServer {
    program: PathBuf,
    folder: PathBuf,
    socket: PathBuf,
    /// How long it runs without being used.
    idle: Duration,
}

impl PrivateServer {
    /// The server of `folder`; `None` if no redis-server or valkey-server is
    /// installed.
    pub(crate) fn find(folder: &Path, programs: &ProgramSearch) -> Option<Self> {
        let mut names = ["redis-server", "valkey-server"].into_iter().map(Path::new);
        let program = names.find_map(|name| programs.find(name))?;
        let folder = std::path::absolute(folder).ok()?;
        Some(Self {
            program,
            socket: socket_for(&folder),
            folder,
            idle: IDLE_TIMEOUT,
        })
    }

    /// The socket on which it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Marks the server as in use for the shell that waits.
    pub(crate) fn touch(&self) {
        if let Ok(file) = files::append(&self.folder.join("used")) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    /// Starts the server unless it runs, and returns its socket. If several
    /// processes call this at once, one of them starts it.
    pub(crate) fn ensure_running(&self) -> io::Result<PathBuf> {
        create_private_folder(&self.folder)?;
        self.touch();
        if self.is_ready() == Some(true) {
            return Ok(self.socket.clone());
        }
        let lock = files::append(&self.folder.join("start.lock"))?;
        lock.lock()?;
        if self.is_ready().is_none() {
            if let Some(parent) = self.socket.parent() {
                create_private_folder(parent)?;
            }
            self.start()?;
        }
        self.wait_until_ready()?;
        Ok(self.socket.clone())
    }

    fn start(&self) -> io::Result<()> {
        let config = self.folder.join("redis.conf");
        files::replace_privately(&config, self.server_config().as_bytes())?;
        // The server and the shell would follow links.
        for name in ["redis.log", "used.seen"] {
            files::append(&self.folder.join(name))?;
        }
        let used = self.folder.join("used");
        spawn_until_idle(&self.program, &config, &used, self.idle, POLL_INTERVAL)
    }

    fn server_config(&self) -> String {
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

    fn wait_until_ready(&self) -> io::Result<()> {
        let started = Instant::now();
        while self.is_ready() != Some(true) {
            if started.elapsed() > START_TIMEOUT {
                let log = self.folder.join("redis.log");
                return Err(io::Error::other(format!(
                    "the private redis-server did not start within {} s, see its log {}",
                    START_TIMEOUT.as_secs(),
                    log.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Whether the server has loaded its data; `None` if none listens at the
    /// socket.
    fn is_ready(&self) -> Option<bool> {
        let mut socket = local_socket(&self.socket).ok()?;
        let mut reply = [0; 8];
        let asked = socket
            .set_read_timeout(Some(START_TIMEOUT / 5))
            .and_then(|()| socket.write_all(b"PING\r\n"))
            .and_then(|()| socket.read(&mut reply));
        // A server that does not answer still owns the socket.
        Some(asked.map_or(true, |n| !reply[..n].starts_with(b"-LOAD")))
    }
}

/// The socket is next to the data if the system accepts so long a path,
/// otherwise in a temporary folder named after a hash of the path.
fn socket_for(folder: &Path) -> PathBuf {
    let adjacent = folder.join("redis.sock");
    if adjacent.as_os_str().len() <= MAX_SOCKET_PATH {
        return adjacent;
    }
    let hash = blake3::hash(folder.as_os_str().as_encoded_bytes()).to_hex();
    let name = format!("tintype-{}", &hash[..16]);
    let in_temp = std::env::temp_dir().join(&name).join("redis.sock");
    if in_temp.as_os_str().len() <= MAX_SOCKET_PATH {
        in_temp
    } else {
        Path::new("/tmp").join(name).join("redis.sock")
    }
}

/// Creates a folder that only this user can enter; fails if another user owns
/// it.
fn create_private_folder(folder: &Path) -> io::Result<()> {
    files::create_private_folder(folder)?;
    if !is_own_folder(folder)? {
        return Err(io::Error::other(format!(
            "{} belongs to another user\nhelp: remove it, or set REDIS_URL",
            folder.display()
        )));
    }
    files::make_private(folder)
}

#[cfg(test)]
mod tests {
    use super::{MAX_SOCKET_PATH, PrivateServer, socket_for};
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// Polls; the time only bounds a hang.
    fn eventually(is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "timed out waiting for the condition"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn an_idle_server_stops_and_keeps_its_data() {
        let folder = tempfile::tempdir().unwrap();
        let config = crate::config::Config::from_environment().unwrap();
        let found = PrivateServer::find(&folder.path().join("redis"), &config.system.programs);
        let server = PrivateServer {
            idle: Duration::from_secs(2),
            ..found.expect("redis-server is installed")
        };
        let redis_cli = |words: &[&str]| {
            let mut command = Command::new("redis-cli");
            command.arg("-s").arg(server.socket()).args(words);
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        server.ensure_running().unwrap();
        assert_eq!(redis_cli(&["SET", "run", "kept"]).trim(), "OK");
        // Use it for longer than its idle timeout. Some shells compare whole
        // seconds only.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            server.touch();
            std::thread::sleep(Duration::from_millis(30));
        }
        assert_eq!(server.is_ready(), Some(true));
        eventually(|| server.is_ready().is_none());

        server.ensure_running().unwrap();
        assert_eq!(redis_cli(&["GET", "run"]).trim(), "kept");
        // Removing the file stops the server.
        std::fs::remove_file(folder.path().join("redis/used")).unwrap();
        eventually(|| server.is_ready().is_none());
    }

    #[test]
    fn a_long_path_has_its_socket_in_a_temporary_folder() {
        let near = Path::new("/project/target/tintype/redis");
        assert_eq!(socket_for(near), near.join("redis.sock"));
        let deep = Path::new("/project").join("x".repeat(120));
        let socket = socket_for(&deep);
        assert!(socket.as_os_str().len() <= MAX_SOCKET_PATH);
        assert_ne!(socket, socket_for(&deep.join("y")));
    }
}
