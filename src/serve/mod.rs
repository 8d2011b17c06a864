//! The server of the stories: the built-in one for a folder (on a free port of
//! the loopback interface, unless the browsers are elsewhere), a service of the
//! user's own, or a server behind an address.

mod service;
mod stories;

pub use service::Service;
pub use stories::{ServeError, Stories};

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

/// A server that is up. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    host: String,
    port: u16,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves a folder on a free port: of the loopback interface, or, for
    /// browsers on other machines, which know this one as `host`, of all.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(folder: &Path, host: Option<&str>) -> io::Result<Self> {
        let files = ServeDir::new(folder);
        Self::accept(host, move |stream| serve(stream, files.clone())).await
    }

    /// The same for a service.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start_service(service: Service, host: Option<&str>) -> io::Result<Self> {
        Self::accept(host, move |stream| service.serve(stream)).await
    }

    /// Hands each connection to `serve`.
    async fn accept<F>(
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
                // A connection that cannot be taken is its client's affair.
                if let Ok((stream, _)) = listener.accept().await {
                    // Answers are small; none shall wait for the next.
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(serve(stream));
                }
            }
        });
        Ok(Self { host, port, task })
    }

    /// Its address, without a trailing slash: `http://127.0.0.1:40123`.
    pub fn base(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, files: ServeDir) {
    let service = service_fn(move |request| answer(files.clone(), request));
    // A browser that closes a connection early is no error of ours.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    mut files: ServeDir,
    request: Request<Incoming>,
) -> Result<Response<ServeFileSystemResponseBody>, Infallible> {
    // A file that is missing is an answer, 404, and no error of the service.
    let Ok(mut response) = files.call(request).await;
    // Nothing changes under a run's feet, and each run has a fresh browser.
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::Server;

    async fn get(server: &Server, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn files_are_served_and_nothing_above_them() {
        let folder = tempfile::tempdir().unwrap();
        let stories = folder.path().join("stories");
        std::fs::create_dir(&stories).unwrap();
        std::fs::write(stories.join("a.html"), "<p>hello").unwrap();
        std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        let server = Server::start(&stories, None).await.unwrap();

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
    async fn browsers_elsewhere_are_told_the_name_of_this_machine() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.html"), "<p>hello").unwrap();
        let server = Server::start(folder.path(), Some("localhost"))
            .await
            .unwrap();
        assert_eq!(server.base(), format!("http://localhost:{}", server.port));
        assert!(get(&server, "/a.html").await.ends_with("<p>hello"));
    }
}
