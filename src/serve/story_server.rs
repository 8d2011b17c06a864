//! Starts or reaches the server of a manifest's stories.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::command_log;
use super::files::Files;
use super::http_server::HttpServer;
use super::service::Service;
use crate::manifest::{Manifest, Source};
use crate::process::Supervised;
use crate::redact::redact;

/// How long a command may take until its server answers.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long one attempt to reach a server may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The server of the stories. Dropping it stops what was started for them.
#[derive(Debug)]
pub(crate) struct StoryServer {
    base: String,
    _server: Option<HttpServer>,
    command: Option<Supervised>,
}

/// An error while starting or reaching the story server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// No port is available.
    #[error("failed to start the story server: {0}")]
    Port(#[from] io::Error),
    /// No server answers, and the manifest has no `command`.
    #[error(
        "the story server at {0} does not answer\n\
         help: start the server, or set `command` in [stories] to start it"
    )]
    Unreachable(String),
    /// Under nextest every process would start and stop the server.
    #[error(
        "the story server at {0} does not answer, and `command` is not supported under nextest\n\
         help: start the server in a setup script of nextest"
    )]
    CommandUnderNextest(String),
    /// The manifest expects the test target to set a server, which it does not.
    #[error(
        "[stories] has `from-code`, but the test target sets no server\n\
         help: call `Harness::new().serve(router)` or `.base_url(\"http://…\")` in the test target"
    )]
    NoService,
    /// The command could not be started.
    #[error("failed to start `{command}`: {reason}")]
    Start {
        /// The command.
        command: String,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// The command ended before its server answered.
    #[error("`{command}` exited before the story server at {base} answered:\n{last_output}")]
    Ended {
        /// The command.
        command: String,
        /// The address.
        base: String,
        /// The last lines of its output.
        last_output: String,
    },
    /// The server does not answer in time.
    #[error(
        "timed out after {} s waiting for the story server at {base}, which `{command}` \
         starts:\n{last_output}",
        START_TIMEOUT.as_secs()
    )]
    Timeout {
        /// The command.
        command: String,
        /// The address.
        base: String,
        /// The last lines of its output.
        last_output: String,
    },
}

impl StoryServer {
    /// Serves the folder of the manifest, or checks that the server at its `url`
    /// answers and otherwise runs `command`. Under `nextest` each test is a
    /// separate process. A `service` takes precedence over the manifest.
    ///
    /// # Errors
    /// When no server can be started or reached.
    pub(crate) async fn open(
        manifest: &Manifest,
        service: Option<Service>,
        nextest: bool,
    ) -> Result<Self, ServeError> {
        let host = manifest.host.as_deref();
        if let Some(service) = service {
            return Ok(Self::of(HttpServer::start_service(service, host).await?));
        }
        match &manifest.source {
            Source::Dir(folder) => {
                let files = Files::new(folder, manifest.follow_symlinks)?;
                Ok(Self::of(HttpServer::start_files(files, host).await?))
            }
            Source::Code => Err(ServeError::NoService),
            Source::Url { base, command } => Ok(Self {
                base: base.clone(),
                _server: None,
                command: ensure_reachable(manifest, base, command.as_deref(), nextest).await?,
            }),
        }
    }

    fn of(server: HttpServer) -> Self {
        Self {
            base: server.base(),
            _server: Some(server),
            command: None,
        }
    }

    /// Stops what was started, and waits until it has exited, so that the next
    /// run does not reach a server that is about to exit.
    pub(crate) async fn close(self) {
        if let Some(command) = self.command {
            command.stop().await;
        }
    }

    /// The address, without a trailing slash.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }
}

/// Checks that a server answers at `base`, and otherwise runs the command.
async fn ensure_reachable(
    manifest: &Manifest,
    base: &str,
    command: Option<&str>,
    nextest: bool,
) -> Result<Option<Supervised>, ServeError> {
    if answers(base).await {
        return Ok(None);
    }
    match command {
        None => Err(ServeError::Unreachable(base.to_owned())),
        Some(_) if nextest => Err(ServeError::CommandUnderNextest(base.to_owned())),
        Some(command) => {
            let started = start(command, manifest);
            let mut process = started.map_err(|reason| ServeError::Start {
                command: command.to_owned(),
                reason,
            })?;
            wait(&mut process, command, base).await?;
            Ok(Some(process))
        }
    }
}

/// Runs a shell command in the manifest's folder. Its output is in
/// `command.log`.
fn start(command: &str, manifest: &Manifest) -> io::Result<Supervised> {
    let folder = manifest.state_dir();
    let log = command_log::create(&folder.join("command.log"))?;
    Supervised::spawn_shell(command, &manifest.root, &folder.join("command"), log)
}

async fn wait(process: &mut Supervised, command: &str, base: &str) -> Result<(), ServeError> {
    let deadline = Instant::now() + START_TIMEOUT;
    let (command, base) = (command.to_owned(), base.to_owned());
    loop {
        // A command that continues in the background has not exited.
        let pause = tokio::select! {
            biased;
            () = process.wait_for_exit() => None,
            () = sleep(Duration::from_millis(50)) => Some(()),
        };
        if answers(&base).await {
            return Ok(());
        }
        let last_output = redact(&process.last_output()).into_owned();
        if pause.is_none() {
            return Err(ServeError::Ended {
                command,
                base,
                last_output,
            });
        }
        if Instant::now() > deadline {
            return Err(ServeError::Timeout {
                command,
                base,
                last_output,
            });
        }
    }
}

/// Whether a server answers over HTTP, with any status, or accepts a connection
/// for HTTPS.
async fn answers(base: &str) -> bool {
    let Ok(url) = Url::parse(base) else {
        return false;
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    // IPv6 addresses have brackets in URLs only.
    let host = host.trim_matches(['[', ']']);
    let attempt = async {
        let mut stream = TcpStream::connect((host, port)).await?;
        if url.scheme() == "https" {
            return Ok(true);
        }
        let path = url.path();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut opening = [0; 5];
        stream.read_exact(&mut opening).await?;
        io::Result::Ok(&opening == b"HTTP/")
    };
    matches!(timeout(RESPONSE_TIMEOUT, attempt).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use tempfile::TempDir;

    use super::{HttpServer, ServeError, StoryServer};
    use crate::config::{Config, Variables};
    use crate::manifest::Manifest;

    fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    }

    async fn open(base: &str, command: &str, nextest: bool) -> Result<StoryServer, ServeError> {
        let folder = TempDir::new().unwrap();
        let command = match command {
            "" => String::new(),
            command => format!("command = '''{command}'''\n"),
        };
        let text = format!("[stories]\nurl = \"{base}\"\n{command}[[story]]\npath = \"/a\"\n");
        let manifest = Manifest::parse(
            &folder.path().join("stories.toml"),
            &text,
            &Config::default(),
        )
        .unwrap();
        StoryServer::open(&manifest, None, nextest).await
    }

    #[tokio::test]
    async fn a_running_server_is_used() {
        let folder = TempDir::new().unwrap();
        let server = HttpServer::start(folder.path(), None).await.unwrap();
        let stories = open(&server.base(), "exit 1", true).await.unwrap();
        assert_eq!(stories.base(), server.base());
    }

    #[tokio::test]
    async fn an_unreachable_server_is_an_error() {
        let base = format!("http://127.0.0.1:{}", free_port());
        let error = open(&base, "", false).await.unwrap_err();
        assert!(matches!(error, ServeError::Unreachable(_)), "{error}");
        let error = open(&base, "sleep 100", true).await.unwrap_err();
        assert!(
            matches!(error, ServeError::CommandUnderNextest(_)),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_error_of_an_exited_command_has_its_output() {
        let base = format!("http://127.0.0.1:{}", free_port());
        let error = open(&base, "echo no such script; exit 3", false).await;
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("exited before") && error.contains("no such script"),
            "{error}"
        );
    }

    /// Its server answers only if the command survives its own output.
    #[tokio::test]
    async fn the_output_of_a_command_is_logged_and_bounded() {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let command = format!(
            "printf 'key s3cr3t-value \\377\\n'; head -c 3000000 /dev/zero; seq 1 200000; \
             printf '\\376\\n' >&2; exec python3 -m http.server {port} --bind 127.0.0.1"
        );
        let folder = TempDir::new().unwrap();
        let text = format!(
            "[stories]\nurl = \"{base}\"\ncommand = '''{command}'''\n\
             headers = {{ x-key = \"${{KEY}}\" }}\n[[story]]\npath = \"/a\"\n"
        );
        let path = folder.path().join("stories.toml");
        let manifest = Manifest::parse(&path, &text, &Config::default()).unwrap();
        let variables = Variables::from_iter([("KEY", "s3cr3t-value")]);
        // This also registers them as secrets.
        manifest.credentials.fill_in(&variables).unwrap();
        let stories = StoryServer::open(&manifest, None, false).await;
        stories.unwrap().close().await;
        let log = std::fs::read_to_string(manifest.state_dir().join("command.log")).unwrap();
        assert!(log.starts_with("key ") && !log.contains("s3cr3t-value"));
        assert!(log.contains(" bytes more\n"));
        assert!(log.contains("\n200000\n") && log.len() < 3_000_000);
    }

    #[tokio::test]
    async fn a_command_starts_the_server_and_stops_with_it() {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let command = format!("cd / && exec python3 -m http.server {port} --bind 127.0.0.1");
        let stories = open(&base, &command, false).await.unwrap();
        assert!(super::answers(&base).await);
        drop(stories);
        // Polls; the time only bounds a hang.
        for _ in 0..600 {
            if !super::answers(&base).await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the server is still running");
    }
}
