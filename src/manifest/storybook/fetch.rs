//! The list of a Storybook that runs somewhere, and what is kept of it for
//! when it does not.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use url::Url;

use super::index::{FILE, Index, IndexError};

/// How long the server may take for one step.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest list that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// A list, and whether the Storybook itself has just given it.
pub(in crate::manifest) struct Listed {
    pub(in crate::manifest) index: Index,
    pub(in crate::manifest) is_fresh: bool,
}

impl Index {
    /// The list of the Storybook at an address, or the one that was kept in a
    /// file when it was asked last. `None` when nothing answers and nothing
    /// was kept.
    pub(in crate::manifest) fn of_server(
        base: &str,
        kept: &Path,
    ) -> Result<Option<Listed>, IndexError> {
        let text = match get(base) {
            Ok(text) => text,
            Err(Refusal::StubResponse(error)) => return Err(error),
            Err(Refusal::Silence) => {
                let Ok(text) = std::fs::read_to_string(kept) else {
                    return Ok(None);
                };
                let index = Self::parse(&text)?;
                return Ok(Some(Listed {
                    index,
                    is_fresh: false,
                }));
            }
        };
        let index = Self::parse(&text)?;
        // What cannot be kept is asked for again.
        let _ = crate::files::replace(kept, text.as_bytes());
        Ok(Some(Listed {
            index,
            is_fresh: true,
        }))
    }
}

enum Refusal {
    Silence,
    StubResponse(IndexError),
}

fn get(base: &str) -> Result<String, Refusal> {
    let help = "is it a Storybook? (version 7 or later, or a folder that it was built to)";
    let wrong = |message: String| Refusal::StubResponse(IndexError::new(message, help));
    let url = Url::parse(&format!("{base}/{FILE}"))
        .map_err(|error| wrong(format!("is no address: {error}")))?;
    if url.scheme() == "https" {
        return Err(Refusal::StubResponse(IndexError::new(
            "is behind https, where its list cannot be read",
            "name the folder that it was built to, or an address with http",
        )));
    }
    let answer = ask(&url).map_err(|_| Refusal::Silence)?;
    let answer = String::from_utf8(answer).map_err(|_| wrong("gives no text".to_owned()))?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return Err(wrong("does not answer in HTTP".to_owned()));
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(wrong(format!("answers {FILE} with status {status}")));
    }
    Ok(body.to_owned())
}

/// One request by HTTP/1.0, whose answer ends with the connection.
fn ask(url: &Url) -> io::Result<Vec<u8>> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    // An IPv6 address stands in brackets in an address only.
    let places = (host.trim_matches(['[', ']']), port).to_socket_addrs()?;
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in places {
        match TcpStream::connect_timeout(&place, PATIENCE) {
            Ok(stream) => return exchange(stream, url, host),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn exchange(mut stream: TcpStream, url: &Url, host: &str) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let path = url.path();
    // In one piece: who answers the first of several may hang up on the rest.
    let request =
        format!("GET {path} HTTP/1.0\r\nhost: {host}\r\naccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer)?;
    Ok(answer)
}
