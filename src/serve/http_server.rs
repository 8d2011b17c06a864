//! Serves a folder or a service on a free port.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;
use tower_http::services::fs::ServeFileSystemResponseBody;
use tower_service::Service as _;

use super::service::Service;

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
    ///
    /// # Errors
    /// When no port is available.
    pub async fn start(folder: &Path, host: Option<&str>) -> io::Result<Self> {
        let files = ServeDir::new(folder);
        Self::listen(host, move |stream| serve_files(stream, files.clone())).await
    }

    /// Serves a service, like [`start`](Self::start).
    ///
    /// # Errors
    /// When no port is available.
    pub async fn start_service(service: Service, host: Option<&str>) -> io::Result<Self> {
        Self::listen(host, move |stream| service.serve(stream)).await
    }

    /// Calls `serve` for each connection.
    async fn listen<F>(
        host: Option<&str>,
        serve: impl Fn(TcpStream) -> F + Send + 'static,
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
        let task = tokio::spawn(async move {
            loop {
                // The browser retries a connection that cannot be accepted.
                if let Ok((stream, _)) = listener.accept().await {
                    // Responses are small and must not be delayed.
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(serve(stream));
                }
            }
        });
        Ok(Self { host, port, task })
    }

    /// The address, without a trailing slash: `http://127.0.0.1:40123`.
    pub fn base(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve_files(stream: TcpStream, files: ServeDir) {
    let service = service_fn(move |request| respond(files.clone(), request));
    // Browsers close connections early, which is not an error.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    mut files: ServeDir,
    request: Request<Incoming>,
) -> Result<Response<ServeFileSystemResponseBody>, Infallible> {
    // The service cannot fail: a missing file is a 404 response.
    let Ok(mut response) = files.call(request).await;
    // Files do not change during a run, and every run has a new browser.
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::HttpServer;

    async fn get(server: &HttpServer, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test]
    async fn files_outside_the_folder_are_not_served() {
        let folder = tempfile::tempdir().unwrap();
        let stories = folder.path().join("stories");
        std::fs::create_dir(&stories).unwrap();
        std::fs::write(stories.join("a.html"), "<p>hello").unwrap();
        std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        let server = HttpServer::start(&stories, None).await.unwrap();

        let page = get(&server, "/a.html?x=1").await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(
            page.contains("text/html") && page.ends_with("<p>hello"),
            "{page}"
        );
        for path in ["/../secret.txt", "/%2e%2e/secret.txt", "/b.html"] {
            assert!(
                get(&server, path).await.starts_with("HTTP/1.1 404"),
                "{path}"
            );
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
        assert!(get(&server, "/a.html").await.ends_with("<p>hello"));
    }
}
