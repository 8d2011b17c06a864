//! The index of a running Storybook, and a copy for when it does not run.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use url::Url;

use super::index::{FILE, Index, IndexError};

/// The time limit for connecting and for each read.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest index that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// An index, and whether the Storybook just provided it.
pub(in crate::manifest) struct FetchedIndex {
    pub(in crate::manifest) index: Index,
    pub(in crate::manifest) is_fresh: bool,
}

impl Index {
    /// The index of the Storybook at an address, otherwise the copy of its last
    /// answer. `None` when there is neither.
    pub(in crate::manifest) fn of_server(
        base: &str,
        copy: &Path,
    ) -> Result<Option<FetchedIndex>, IndexError> {
        let text = match get(base) {
            Ok(text) => text,
            Err(FetchError::Invalid(error)) => return Err(error),
            Err(FetchError::NoAnswer) => {
                let Ok(text) = std::fs::read_to_string(copy) else {
                    return Ok(None);
                };
                let index = Self::parse(&text)?;
                return Ok(Some(FetchedIndex {
                    index,
                    is_fresh: false,
                }));
            }
        };
        let index = Self::parse(&text)?;
        // Without a copy the index is fetched again.
        let _ = crate::files::replace(copy, text.as_bytes());
        Ok(Some(FetchedIndex {
            index,
            is_fresh: true,
        }))
    }
}

enum FetchError {
    NoAnswer,
    Invalid(IndexError),
}

fn get(base: &str) -> Result<String, FetchError> {
    let help =
        "check that it is a Storybook of version 7 or later, or name the folder of a built one";
    let wrong = |message: String| FetchError::Invalid(IndexError::new(message, help));
    let url = Url::parse(&format!("{base}/{FILE}"))
        .map_err(|error| wrong(format!("is not a valid address: {error}")))?;
    if url.scheme() == "https" {
        return Err(FetchError::Invalid(IndexError::new(
            "uses https, which is not supported for a running Storybook",
            "name the folder of a built Storybook, or an address with http",
        )));
    }
    let answer = request(&url).map_err(|_| FetchError::NoAnswer)?;
    let answer =
        String::from_utf8(answer).map_err(|_| wrong("did not answer with text".to_owned()))?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return Err(wrong("did not answer with HTTP".to_owned()));
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return Err(wrong(format!("answered {FILE} with status {status}")));
    }
    Ok(body.to_owned())
}

/// Sends one HTTP/1.0 request, whose response ends with the connection.
fn request(url: &Url) -> io::Result<Vec<u8>> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    // Only a URL has brackets around an IPv6 address.
    let places = (host.trim_matches(['[', ']']), port).to_socket_addrs()?;
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in places {
        match TcpStream::connect_timeout(&place, TIMEOUT) {
            Ok(stream) => return exchange(stream, url, host),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn exchange(mut stream: TcpStream, url: &Url, host: &str) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    let path = url.path();
    // Written at once, since a server may answer the first part and close.
    let request =
        format!("GET {path} HTTP/1.0\r\nhost: {host}\r\naccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut answer)?;
    Ok(answer)
}
