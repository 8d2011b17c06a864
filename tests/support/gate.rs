//! A small site behind a login form that counts logins.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The one password.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// Prefix of every session cookie.
pub(crate) const SECRET: &str = "sid-secret-";

/// The value that a login leaves in local storage.
pub(crate) const TOKEN: &str = "token-secret-4711";

/// The site; it ends with the process.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    logins: usize,
    /// Remaining uses of each session.
    sessions: HashMap<String, usize>,
    uses: Option<usize>,
}

/// Green if logged in by cookie and storage; orange with the cookie only. `/open`
/// is red for logged-in users.
const HOME: &str = "<!doctype html><body><script>
  document.body.style.background = localStorage.token === 'TOKEN' ? 'lime' : 'orange';</script>";
const OPEN: &str = "<!doctype html><body><script>
  document.body.style.background = localStorage.token ? 'red' : 'COLOUR';</script>";
const FORM: &str = "<!doctype html><form method=post action=/login>
  <input name=user><input name=password type=password><button>in</button></form>";
const COME_IN: &str = "<!doctype html><p id=in>in</p><script>localStorage.token = 'TOKEN'</script>";

impl Gate {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gate = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
        };
        let own = gate.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let gate = own.clone();
                std::thread::spawn(move || gate.serve(stream));
            }
        });
        gate
    }

    /// The number of logins.
    pub(crate) fn logins(&self) -> usize {
        self.state.lock().unwrap().logins
    }

    /// From now on a session is over after this many pages.
    pub(crate) fn sessions_hold(&self, uses: usize) {
        self.state.lock().unwrap().uses = Some(uses);
    }

    /// Ends all sessions.
    pub(crate) fn forget(&self) {
        self.state.lock().unwrap().sessions.clear();
    }

    /// Creates a session without the form.
    pub(crate) fn admit(&self, session: &str) {
        let mut state = self.state.lock().unwrap();
        state.sessions.insert(session.to_owned(), usize::MAX);
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let header = |name: &str| {
            let found = lines.iter().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then(|| value.to_owned())
            });
            found.unwrap_or_default()
        };
        let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
        let _ = reader.read_exact(&mut body);
        let body = String::from_utf8_lossy(&body).into_owned();
        let request = lines.first().cloned().unwrap_or_default();
        let answer = self.answer(&request, &header("cookie"), &body);
        let _ = stream.write_all(answer.as_bytes());
    }

    fn answer(&self, request: &str, cookie: &str, body: &str) -> String {
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        match (method, path) {
            ("POST", "/login") => self.log_in(body),
            (_, "/login") => page("200 OK", "", FORM),
            (_, "/in") => page("200 OK", "", &COME_IN.replace("TOKEN", TOKEN)),
            (_, "/open") => {
                let colour = if cookie.is_empty() { "white" } else { "red" };
                page("200 OK", "", &OPEN.replace("COLOUR", colour))
            }
            (_, "/favicon.ico") => page("404 Not Found", "", ""),
            _ if self.knows(cookie) => page("200 OK", "", &HOME.replace("TOKEN", TOKEN)),
            _ if path.starts_with("/strict") => page("401 Unauthorized", "", "who are you?"),
            _ => page("303 See Other", "Location: /login\r\n", ""),
        }
    }

    fn log_in(&self, body: &str) -> String {
        // Concurrent logins arrive before this one ends.
        std::thread::sleep(Duration::from_millis(300));
        if !body.contains(&format!("password={PASSWORD}")) {
            return page("200 OK", "", "<!doctype html><p id=wrong>wrong");
        }
        let mut state = self.state.lock().unwrap();
        state.logins += 1;
        let session = format!("{SECRET}{}", state.logins);
        let uses = state.uses.unwrap_or(usize::MAX);
        state.sessions.insert(session.clone(), uses);
        let headers = format!(
            "Set-Cookie: sid={session}; Path=/; HttpOnly; SameSite=Lax\r\nLocation: /in\r\n"
        );
        page("303 See Other", &headers, "")
    }

    fn knows(&self, cookie: &str) -> bool {
        let mut state = self.state.lock().unwrap();
        let session = cookie
            .split("; ")
            .find_map(|pair| pair.strip_prefix("sid="));
        match session.and_then(|session| state.sessions.get_mut(session)) {
            Some(0) | None => false,
            Some(uses) => {
                *uses -= 1;
                true
            }
        }
    }
}

fn page(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
