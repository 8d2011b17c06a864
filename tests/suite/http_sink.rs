//! A server that keeps the requests that it receives.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Clone)]
pub(crate) struct Received {
    /// Method, path and headers, a line each.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A server that answers every request with the same status.
pub(crate) struct HttpSink {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl HttpSink {
    pub(crate) fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(connection, status, &kept));
            }
        });
        Self { port, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn serve(connection: TcpStream, status: &str, kept: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if !reader.read_line(&mut head).is_ok_and(|read| read > 0) {
            return;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    // Before the answer, after which the client may end.
    kept.lock().unwrap().push(Received { head, body });
    let close = "content-length: 0\r\nconnection: close\r\n\r\n";
    let _ = write!(reader.get_mut(), "HTTP/1.1 {status}\r\n{close}");
}
