//! Where the stories of a manifest are served, whoever serves them.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::{Server, Service};
use crate::manifest::{Credentials, Manifest, Source};
use crate::process::Supervised;

/// How long a command may take until its server answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long one attempt to reach a server may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Served stories. Dropping it ends whatever was started for them.
#[derive(Debug)]
pub struct Stories {
    base: String,
    _server: Option<Server>,
    command: Option<Supervised>,
}

/// Why stories are not served. Completes "failed to serve the stories: …".
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No port can be had.
    #[error("{0}")]
    Port(#[from] io::Error),
    /// Nobody answers at the address, and nobody was asked to.
    #[error(
        "nothing answers at {0} (start the server, or let `command` in [stories] of the \
         manifest start it)"
    )]
    Silent(String),
    /// Every process would start a server, and end it under the others' feet.
    #[error(
        "nothing answers at {0}, and `command` is not run under nextest, where each test is a \
         process (start the server in a setup script of nextest)"
    )]
    Shared(String),
    /// The manifest leaves it to the test target, and that says nothing.
    #[error(
        "[stories] has only `from-code`, and the code names no server (give it one: \
         `Harness::new().serve(router)` or `.base_url(\"http://…\")` in the test target)"
    )]
    NoService,
    /// The command could not be started.
    #[error("failed to run the command `{command}`: {reason}")]
    Start {
        /// The command.
        command: String,
        /// What the system said.
        reason: io::Error,
    },
    /// The command ended before its server answered.
    #[error("the command `{command}` ended before anything answered at {base}:\n{last_words}")]
    Ended {
        /// The command.
        command: String,
        /// The address.
        base: String,
        /// Its last lines.
        last_words: String,
    },
    /// The server does not answer.
    #[error(
        "nothing answers at {base} {} s after the command `{command}` was started:\n{last_words}",
        START_LIMIT.as_secs()
    )]
    Late {
        /// The command.
        command: String,
        /// The address.
        base: String,
        /// Its last lines.
        last_words: String,
    },
}

impl Stories {
    /// Serves a folder, or makes sure that the server of a `url` is up:
    /// `command` is run if nothing answers there. `nextest` says that each
    /// test is a process of its own.
    ///
    /// A `service` of the user's own is served instead of whatever the
    /// manifest names.
    ///
    /// # Errors
    /// When nothing answers, or the command does not help.
    pub async fn open(
        manifest: &Manifest,
        service: Option<Service>,
        credentials: &Credentials,
        nextest: bool,
    ) -> Result<Self, ServeError> {
        let host = manifest.host.as_deref();
        if let Some(service) = service {
            return Ok(Self::of(Server::start_service(service, host).await?));
        }
        match &manifest.source {
            Source::Dir(folder) => Ok(Self::of(Server::start(folder, host).await?)),
            Source::Code => Err(ServeError::NoService),
            Source::Url { base, command } => Ok(Self {
                base: base.clone(),
                _server: None,
                command: reach(manifest, base, command.as_deref(), credentials, nextest).await?,
            }),
        }
    }

    fn of(server: Server) -> Self {
        Self {
            base: server.base(),
            _server: Some(server),
            command: None,
        }
    }

    /// Ends whatever was started for them, and waits until it is gone: the next
    /// run would take a server that is about to end for one that is up.
    pub async fn close(self) {
        if let Some(command) = self.command {
            command.stop().await;
        }
    }

    /// The address, without a trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }
}

/// Makes sure of a server at `base`, by the command if it must be.
async fn reach(
    manifest: &Manifest,
    base: &str,
    command: Option<&str>,
    credentials: &Credentials,
    nextest: bool,
) -> Result<Option<Supervised>, ServeError> {
    if answers(base).await {
        return Ok(None);
    }
    match command {
        None => Err(ServeError::Silent(base.to_owned())),
        Some(_) if nextest => Err(ServeError::Shared(base.to_owned())),
        Some(command) => {
            let scratch = manifest.state_dir().join("command");
            let started = start(command, &manifest.root, &scratch);
            let mut process = started.map_err(|reason| ServeError::Start {
                command: command.to_owned(),
                reason,
            })?;
            wait(&mut process, command, base, credentials).await?;
            Ok(Some(process))
        }
    }
}

/// Runs a command of the shell in the manifest's folder.
fn start(command: &str, root: &Path, scratch: &Path) -> io::Result<Supervised> {
    let script = "cd \"$0\" && eval \"$1\"";
    let root = root.to_string_lossy().into_owned();
    let arguments = ["-c".to_owned(), script.to_owned(), root, command.to_owned()];
    Supervised::spawn(Path::new("sh"), &arguments, scratch)
}

async fn wait(
    process: &mut Supervised,
    command: &str,
    base: &str,
    credentials: &Credentials,
) -> Result<(), ServeError> {
    let deadline = Instant::now() + START_LIMIT;
    let (command, base) = (command.to_owned(), base.to_owned());
    loop {
        // Whoever goes on in the background has not ended.
        let pause = tokio::select! {
            biased;
            () = process.wait_for_exit() => None,
            () = sleep(Duration::from_millis(50)) => Some(()),
        };
        if answers(&base).await {
            return Ok(());
        }
        let last_words = credentials.redact(&process.last_output()).into_owned();
        if pause.is_none() {
            return Err(ServeError::Ended {
                command,
                base,
                last_words,
            });
        }
        if Instant::now() > deadline {
            return Err(ServeError::Late {
                command,
                base,
                last_words,
            });
        }
    }
}

/// Whether a server is there: one that answers a request in HTTP, whatever it
/// says, or takes a connection where that would need TLS.
async fn answers(base: &str) -> bool {
    let Ok(url) = Url::parse(base) else {
        return false;
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    // An IPv6 address stands in brackets in an address only.
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
    matches!(timeout(ANSWER_LIMIT, attempt).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use tempfile::TempDir;

    use super::{ServeError, Server, Stories};
    use crate::config::Config;
    use crate::manifest::{Credentials, Manifest};

    fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    }

    async fn open(base: &str, command: &str, nextest: bool) -> Result<Stories, ServeError> {
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
        Stories::open(&manifest, None, &Credentials::default(), nextest).await
    }

    #[tokio::test]
    async fn a_server_that_is_up_is_left_alone() {
        let folder = TempDir::new().unwrap();
        let server = Server::start(folder.path(), None).await.unwrap();
        let stories = open(&server.base(), "exit 1", true).await.unwrap();
        assert_eq!(stories.base(), server.base());
    }

    #[tokio::test]
    async fn a_server_that_is_down_says_what_to_do() {
        let base = format!("http://127.0.0.1:{}", free_port());
        let error = open(&base, "", false).await.unwrap_err();
        assert!(matches!(error, ServeError::Silent(_)), "{error}");
        let error = open(&base, "sleep 100", true).await.unwrap_err();
        assert!(matches!(error, ServeError::Shared(_)), "{error}");
    }

    #[tokio::test]
    async fn a_command_that_ends_is_told_with_its_last_words() {
        let base = format!("http://127.0.0.1:{}", free_port());
        let error = open(&base, "echo no such script; exit 3", false).await;
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("ended before") && error.contains("no such script"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_command_starts_the_server_and_goes_with_it() {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let command = format!("cd / && exec python3 -m http.server {port} --bind 127.0.0.1");
        let stories = open(&base, &command, false).await.unwrap();
        assert!(super::answers(&base).await);
        drop(stories);
        // Time only bounds a hang.
        for _ in 0..600 {
            if !super::answers(&base).await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the server outlived its stories");
    }
}
