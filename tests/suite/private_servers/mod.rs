//! Stories reach nothing on this machine but their own server and what the
//! manifest allows.

mod scan;
mod ways;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Trial;
use tintype::internals::model::{Status, VisualTestResult};

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        chromium_reaches_no_private_server => ways::reaches_nothing("chromium"),
        firefox_reaches_no_private_server => ways::reaches_nothing("firefox"),
        webkit_reaches_no_private_server => ways::reaches_nothing("webkit"),
        chromium_names_what_is_blocked => is_named("chromium"),
        firefox_names_what_is_blocked => is_named("firefox"),
        webkit_names_what_is_blocked => is_named("webkit"),
        a_story_that_leads_to_a_private_server_fails,
        other_stories_are_not_blamed,
        permissions_end_with_their_story,
        a_rule_can_answer_for_a_private_server,
        allowed_servers_are_reached_with_the_network_off,
        a_scan_finds_no_driver_no_database_and_no_debugger => scan::finds_nothing(),
    ]
}

/// A server on loopback that counts its connections, and answers all requests.
struct Private {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Private {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || answer(stream, |_| html("<p>private")));
            }
        });
        Self {
            address,
            connections,
        }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    fn is_reached(&self) -> bool {
        self.connections.load(Ordering::SeqCst) > 0
    }
}

fn html(body: &str) -> String {
    response("text/html", body)
}

fn response(kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\naccess-control-allow-origin: *\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Answers one request by its path.
fn answer(mut stream: TcpStream, responses: impl Fn(&str) -> String) {
    let Ok(clone) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(clone);
    let (mut request, mut header) = (String::new(), String::new());
    let _ = reader.read_line(&mut request);
    while reader.read_line(&mut header).is_ok_and(|read| read > 2) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let _ = stream.write_all(responses(path).as_bytes());
}

fn blocked(result: &VisualTestResult) -> Vec<String> {
    let errors = result.page_errors.iter().map(ToString::to_string);
    errors.filter(|error| error.contains("blocked: ")).collect()
}

fn is_named(engine: &str) {
    let (server, other, third) = (Private::start(), Private::start(), Private::start());
    let (address, socket, port) = (server.address, other.address, third.port());
    let story = format!(
        "<!doctype html><p>a<script>
          fetch('http://{address}/data').catch(() => 0);
          new WebSocket('ws://{socket}/socket');
          fetch('http://localhost:{port}/').catch(() => 0);
        </script>"
    );
    let manifest = format!("{MANIFEST}[browser]\nnames = [\"{engine}\"]\nsessions = 1\n");
    let project = Project::new(&manifest, &[("a.html", &story), ("b.html", "<p>b")]);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let check = |result: &VisualTestResult| {
        let told = blocked(result).join("\n");
        for part in [
            format!("http://{address}/data failed: blocked: {address} is on loopback"),
            format!("allow-hosts = [\"{address}\"]"),
            format!("blocked: {socket} is on loopback"),
            format!("blocked: localhost:{port} resolves to 127.0.0.1, which is on loopback"),
        ] {
            assert!(told.contains(&part), "{part} is not in {told}");
        }
    };
    check(&project.result("a::light::400x300"));
    assert!(
        run.stderr.contains("page errors: a: the request to ") && run.stderr.contains("blocked: "),
        "{}",
        run.stderr
    );
    assert_eq!(
        blocked(&project.result("b::light::400x300")),
        Vec::<String>::new()
    );

    // The second run reuses pages, and has a baseline.
    let fail = format!("{manifest}[capture]\npage-errors = \"fail\"\n");
    project.write("stories.toml", &fail);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    assert_eq!(project.statuses(), [Status::Failed, Status::Passed]);
    let failed = project.result("a::light::400x300");
    check(&failed);
    let message = failed.message.unwrap();
    assert!(
        message.contains("blocked: ") && message.contains("allow-hosts"),
        "{message}"
    );
    assert!(
        [server, other, third]
            .iter()
            .all(|server| !server.is_reached())
    );
}

fn a_story_that_leads_to_a_private_server_fails() {
    let server = Private::start();
    let story = format!(
        "<meta http-equiv=refresh content='0; url=http://{}/'>",
        server.address
    );
    let project = Project::new(MANIFEST, &[("a.html", &story)]);
    assert_eq!(
        project.run(&[], &[("TINTYPE_UPDATE", "new")]).code,
        Some(101)
    );
    let result = project.result("a::light::400x300");
    let message = result.message.clone().unwrap();
    let told = format!("blocked: {} is on loopback", server.address);
    assert!(
        message.contains("403") && message.contains(&told),
        "{message}"
    );
    assert_eq!(blocked(&result).len(), 1, "{result:?}");
    assert!(!server.is_reached());
}

/// The first story tries when it is left.
fn other_stories_are_not_blamed() {
    let server = Private::start();
    let story = format!(
        "<!doctype html><p>a<script>
          addEventListener('pagehide', () => navigator.sendBeacon('http://{}/beacon', 'x'));
        </script>",
        server.address
    );
    let stories = [("a.html", &*story), ("b.html", "<p>b"), ("c.html", "<p>c")];
    let manifest =
        format!("{MANIFEST}[browser]\nsessions = 1\n[capture]\npage-errors = \"fail\"\n");
    let project = Project::new(&manifest, &stories);
    for _ in 0..3 {
        let run = project.run(&[], &[("TINTYPE_UPDATE", "new"), ("TINTYPE_CACHE", "off")]);
        let told = format!(
            "while a story was left: the request to http://{}",
            server.address
        );
        assert_eq!(run.stderr.matches(&told).count(), 1, "{}", run.stderr);
        for story in ["b", "c"] {
            let result = project.result(&format!("{story}::light::400x300"));
            assert_ne!(result.status, Status::Failed, "{result:?}");
            assert_eq!(blocked(&result), Vec::<String>::new());
        }
    }
    assert!(!server.is_reached());
}

/// The first story keeps connections to a server that only it may reach.
fn permissions_end_with_their_story() {
    let server = Private::start();
    let address = server.address;
    let story = format!(
        "<!doctype html><p>x<script>
          document.documentElement.dataset.tintypeReady = 'false';
          fetch('http://{address}/').then((answer) => answer.text()).catch(() => 'nothing').then((text) => {{
            document.body.textContent = text;
            document.documentElement.dataset.tintypeReady = 'true';
          }});
        </script>"
    );
    let manifest = format!(
        "{MANIFEST}[browser]\nsessions = 1\n\
         [[story]]\npath = \"a.html\"\ncapture = {{ allow-hosts = [\"{address}\"] }}\n\
         [[story]]\npath = \"b.html\"\n"
    );
    let project = Project::new(&manifest, &[("a.html", &story), ("b.html", &story)]);
    project.accept_all();
    assert_eq!(
        blocked(&project.result("a::light::400x300")),
        Vec::<String>::new()
    );
    assert_eq!(blocked(&project.result("b::light::400x300")).len(), 1);
    assert_ne!(
        project.read("baselines/a-light-400x300.png"),
        project.read("baselines/b-light-400x300.png")
    );
}

fn a_rule_can_answer_for_a_private_server() {
    let server = Private::start();
    let address = server.address;
    let story = format!(
        "<!doctype html><p>x<script>fetch('http://{address}/api').then((a) => a.text()).then((t) => {{ document.body.textContent = t }})</script>"
    );
    let manifest =
        format!("{MANIFEST}[[request]]\nurl = \"http://{address}/**\"\ntext = \"stub\"\n");
    let project = Project::new(&manifest, &[("a.html", &story)]);
    project.accept_all();
    assert_eq!(
        blocked(&project.result("a::light::400x300")),
        Vec::<String>::new()
    );
    assert!(!server.is_reached());
}

fn allowed_servers_are_reached_with_the_network_off() {
    let server = Private::start();
    let address = server.address;
    let story = format!("<!doctype html><p>x<script>fetch('http://{address}/')</script>");
    let manifest =
        format!("{MANIFEST}[capture]\nnetwork = \"off\"\nallow-hosts = [\"{address}\"]\n");
    let project = Project::new(&manifest, &[("a.html", &story)]);
    project.accept_all();
    assert!(server.is_reached());
    project.write(
        "stories.toml",
        &format!("{MANIFEST}[capture]\nnetwork = \"off\"\n"),
    );
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    assert!(message.contains("open network"), "{message}");
}
