//! A real S3 server for the tests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::port::free_port;

/// Where `./test` installs moto.
const MOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/moto");

/// The password of the server, which no output may show.
pub(crate) const SECRET_KEY: &str = "s3-secret-key-90210";

/// An S3 server with the bucket `artifacts`. It ends with this value.
pub(crate) struct S3Server {
    port: u16,
    child: Child,
}

impl S3Server {
    pub(crate) fn start() -> Self {
        let installed = std::path::Path::new(MOTO).join("moto/server.py");
        assert!(
            installed.is_file(),
            "moto, an S3 server, is not installed (help: run `. scripts/setup.sh && \
             install_moto` in the root of the repository, as ./test does)"
        );
        let port = free_port();
        let server = Self {
            port,
            child: spawn(port),
        };
        server.make_bucket();
        server
    }

    /// The variables with which the bucket is used.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        [
            ("TINTYPE_ARTIFACTS", "s3://artifacts/shop".to_owned()),
            (
                "AWS_ENDPOINT_URL",
                format!("http://127.0.0.1:{}", self.port),
            ),
            ("AWS_ACCESS_KEY_ID", "tester".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The keys of all objects.
    pub(crate) fn keys(&self) -> Vec<String> {
        let listing = self.request("GET", "/artifacts?list-type=2", b"");
        let text = listing.unwrap_or_default();
        let parts = text.split("<Key>").skip(1);
        parts
            .map(|rest| rest.split("</Key>").next().unwrap().to_owned())
            .collect()
    }

    /// Replaces an object.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        self.request("PUT", &format!("/artifacts/{key}"), bytes)
            .expect("the S3 server answers");
    }

    pub(crate) fn delete(&self, key: &str) {
        self.request("DELETE", &format!("/artifacts/{key}"), b"")
            .expect("the S3 server answers");
    }

    /// Kills the server. It has everything in memory.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on its port, with an empty bucket.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port);
        self.make_bucket();
    }

    fn make_bucket(&self) {
        let begun = Instant::now();
        while self.request("PUT", "/artifacts", b"").is_none() {
            assert!(begun.elapsed() < Duration::from_secs(120), "no S3 server");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The answer to a request, if the server answers. It wants to know who asks,
    /// but checks no signature.
    fn request(&self, method: &str, path: &str, body: &[u8]) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n\
             Authorization: AWS tester:none\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1)?;
        status.starts_with('2').then_some(answer)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16) -> Child {
    Command::new("python3")
        .args(["-m", "moto.server", "--port", &port.to_string()])
        .env("PYTHONPATH", MOTO)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 is installed")
}
