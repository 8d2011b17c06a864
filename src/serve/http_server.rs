//! Serves a folder or a service on a free port.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;
use tower_http::services::fs::ServeFileSystemResponseBody;
use tower_service::Service as _;

use super::files::{FileAccess, Files};
use super::host_names::HostNames;
use super::service::Service;

/// The body of a file, or a text of the server itself.
type FileBody = Either<ServeFileSystemResponseBody, Full<Bytes>>;

const WRONG_HOST: &str = "the story server does not answer under this host name\n\
    help: set `host` in [stories] to the name that browsers use\n";

const OUTSIDE: &str = "a symbolic link leads out of the folder of the stories\n\
    help: allow it with `follow-symlinks = true` in [stories]\n";

/// The reason phrase of that response: errors of a page show nothing else of it.
const OUTSIDE_REASON: &[u8] = b"Forbidden: a symbolic link leads out of the folder of the \
    stories; allow it with `follow-symlinks = true` in [stories]";

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct HttpServer {
    host: String,
    port: u16,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Serves a folder on a free port of the loopback interface, or of all
    /// interfaces for browsers on other machines, which connect to `host`.
    /// Symbolic links are followed only inside of the folder.
    ///
    /// # Errors
    /// When no port is available, or there is no folder.
    pub async fn start(folder: &Path, host: Option<&str>) -> io::Result<Self> {
        Self::start_files(Files::new(folder, false)?, host).await
    }

    /// Serves files, like [`start`](Self::start).
    ///
    /// # Errors
    /// When no port is available.
    pub async fn start_files(files: Files, host: Option<&str>) -> io::Result<Self> {
        Self::listen(host, move |stream, hosts| {
            serve_files(stream, files.clone(), hosts)
        })
        .await
    }

    /// Serves a service, like [`start`](Self::start).
    ///
    /// # Errors
    /// When no port is available.
    pub async fn start_service(service: Service, host: Option<&str>) -> io::Result<Self> {
        Self::listen(host, move |stream, hosts| service.serve(stream, hosts)).await
    }

    /// Calls `serve` for each connection.
    async fn listen<F>(
        host: Option<&str>,
        serve: impl Fn(TcpStream, HostNames) -> F + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let interface = match host {
            None => Ipv4Addr::LOCALHOST,
            Some(_) => Ipv4Addr::UNSPECIFIED,
        };
        let listener = TcpListener::bind((interface, 0)).await?;
        let port = listener.local_addr()?.port();
        let host = host.unwrap_or("127.0.0.1").to_owned();
        let hosts = HostNames::of(&base(&host, port));
        let task = tokio::spawn(async move {
            loop {
                // The browser retries a connection that cannot be accepted.
                if let Ok((stream, _)) = listener.accept().await {
                    // Responses are small and must not be delayed.
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(serve(stream, hosts.clone()));
                }
            }
        });
        Ok(Self { host, port, task })
    }

    /// The address, without a trailing slash: `http://127.0.0.1:40123`.
    pub fn base(&self) -> String {
        base(&self.host, self.port)
    }
}

fn base(host: &str, port: u16) -> String {
    format!("http://{host}:{port}")
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve_files(stream: TcpStream, files: Files, hosts: HostNames) {
    let folder = ServeDir::new(files.folder());
    let service = service_fn(move |request: Request<Incoming>| {
        let refusal = refusal(&files, &hosts, &request);
        let mut folder = folder.clone();
        async move {
            if let Some(refusal) = refusal {
                return Ok::<_, Infallible>(refusal);
            }
            // The service cannot fail: a missing file is a 404 response.
            let Ok(mut response) = folder.call(request).await;
            // Files do not change during a run, and every run has a new browser.
            let hour = HeaderValue::from_static("max-age=3600");
            response.headers_mut().insert(CACHE_CONTROL, hour);
            Ok(response.map(Either::Left))
        }
    });
    // Browsers close connections early, which is not an error.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The response to a request that must not read a file.
fn refusal(
    files: &Files,
    hosts: &HostNames,
    request: &Request<Incoming>,
) -> Option<Response<FileBody>> {
    if !hosts.allow(request.headers()) {
        return Some(text(StatusCode::MISDIRECTED_REQUEST, WRONG_HOST));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        // No file is read.
        return None;
    }
    match files.access(request.uri().path()) {
        FileAccess::Served => None,
        FileAccess::NotFound => Some(text(StatusCode::NOT_FOUND, "")),
        FileAccess::Outside => {
            let mut response = text(StatusCode::FORBIDDEN, OUTSIDE);
            let reason = ReasonPhrase::from_static(OUTSIDE_REASON);
            response.extensions_mut().insert(reason);
            Some(response)
        }
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<FileBody> {
    let mut response = Response::new(Either::Right(Full::from(text)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::HttpServer;
    use crate::serve::{Files, Service};

    async fn get_as(server: &HttpServer, host: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    async fn get(server: &HttpServer, path: &str) -> String {
        get_as(server, "127.0.0.1", path).await
    }

    fn status(response: &str) -> &str {
        response.get(9..12).unwrap_or_default()
    }

    /// A folder with pages beside a secret, and a server for the pages.
    async fn stories(follow_symlinks: bool) -> (TempDir, HttpServer) {
        let folder = tempfile::tempdir().unwrap();
        let stories = folder.path().join("stories");
        std::fs::create_dir(&stories).unwrap();
        std::fs::write(stories.join("a.html"), "<p>hello").unwrap();
        std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        let files = Files::new(&stories, follow_symlinks).unwrap();
        let server = HttpServer::start_files(files, None).await.unwrap();
        (folder, server)
    }

    #[tokio::test]
    async fn files_outside_the_folder_are_not_served() {
        let (_folder, server) = stories(true).await;
        let page = get(&server, "/a.html?x=1").await;
        assert_eq!(status(&page), "200", "{page}");
        assert!(
            page.contains("text/html") && page.ends_with("<p>hello"),
            "{page}"
        );
        for path in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "//etc/passwd",
            "/b.html",
            "/a.html/",
        ] {
            assert_eq!(status(&get(&server, path).await), "404", "{path}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn symbolic_links_are_followed_inside_of_the_folder() {
        use std::os::unix::fs::symlink;
        for (follow_symlinks, outside) in [(false, "403"), (true, "200")] {
            let (folder, server) = stories(follow_symlinks).await;
            let at = |path: &str| folder.path().join("stories").join(path);
            std::fs::create_dir(at("deep")).unwrap();
            symlink("../a.html", at("deep/inside.html")).unwrap();
            symlink("../secret.txt", at("outside.txt")).unwrap();
            symlink(folder.path(), at("up")).unwrap();
            symlink("../../secret.txt", at("deep/index.html")).unwrap();
            symlink("../missing", at("missing.txt")).unwrap();
            assert_eq!(status(&get(&server, "/deep/inside.html").await), "200");
            for path in ["/outside.txt", "/up/secret.txt", "/deep/"] {
                let response = get(&server, path).await;
                assert_eq!(status(&response), outside, "{path}");
                let is_secret = response.ends_with("\r\nsecret");
                assert_eq!(is_secret, follow_symlinks, "{response}");
            }
            assert_eq!(status(&get(&server, "/missing.txt").await), "404");
            // A server for a link to the folder serves what is in the folder.
            symlink(at(""), folder.path().join("link")).unwrap();
            let link = HttpServer::start(&folder.path().join("link"), None).await;
            assert_eq!(status(&get(&link.unwrap(), "/a.html").await), "200");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn dotfiles_and_pipes_are_not_served() {
        let (folder, server) = stories(true).await;
        let at = |path: &str| folder.path().join("stories").join(path);
        std::fs::create_dir(at(".git")).unwrap();
        std::fs::write(at(".git/config"), "secret").unwrap();
        std::fs::write(at(".env"), "secret").unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status();
        assert!(made.unwrap().success());
        for path in [
            "/.env",
            "/%2eenv",
            "/.git/config",
            "/.git%2Fconfig",
            "/pipe",
        ] {
            let response = get(&server, path).await;
            assert_eq!(status(&response), "404", "{path}");
            assert!(!response.contains("secret"), "{response}");
        }
    }

    #[tokio::test]
    async fn other_host_names_are_not_answered() {
        let (_folder, server) = stories(false).await;
        let service = Service::new(tower_http::services::ServeDir::new("."));
        let service = HttpServer::start_service(service, None).await.unwrap();
        let path = "/Cargo.toml";
        let of_service = get(&service, path).await;
        assert_eq!(status(&of_service), "200", "{of_service}");
        for host in ["evil.example", "evil.example:80", ""] {
            let response = get_as(&server, host, "/a.html").await;
            assert_eq!(status(&response), "421", "{host}: {response}");
            let response = get_as(&service, host, path).await;
            assert_eq!(status(&response), "421", "{host}: {response}");
        }
    }

    #[tokio::test]
    async fn the_address_contains_the_host_for_remote_browsers() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.html"), "<p>hello").unwrap();
        let server = HttpServer::start(folder.path(), Some("localhost"))
            .await
            .unwrap();
        assert_eq!(server.base(), format!("http://localhost:{}", server.port));
        let page = get_as(&server, "localhost", "/a.html").await;
        assert!(page.ends_with("<p>hello"));
    }
}
