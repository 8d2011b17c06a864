//! Stories reach nothing on this machine but their own server and what the
//! manifest allows.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Trial;
use tintype::internals::model::{Status, VisualTestResult};

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        chromium_reaches_no_private_server => reaches_nothing("chromium"),
        firefox_reaches_no_private_server => reaches_nothing("firefox"),
        webkit_reaches_no_private_server => reaches_nothing("webkit"),
        chromium_names_what_is_blocked => is_named("chromium"),
        firefox_names_what_is_blocked => is_named("firefox"),
        webkit_names_what_is_blocked => is_named("webkit"),
        a_story_that_leads_to_a_private_server_fails,
        other_stories_are_not_blamed,
        permissions_end_with_their_story,
        a_rule_can_answer_for_a_private_server,
        allowed_servers_are_reached_with_the_network_off,
        a_scan_finds_no_driver_no_database_and_no_debugger,
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

/// The story server: a page at `/page`, its workers, and redirects at
/// `/to/{port}`.
fn serve(page: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let page: Arc<str> = page.into();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let page = Arc::clone(&page);
            std::thread::spawn(move || {
                answer(stream, |path| match path {
                    "/page" => html(&page),
                    "/worker.js" => response("text/javascript", WORKER),
                    "/shared.js" => response("text/javascript", SHARED_WORKER),
                    "/service.js" => response("text/javascript", SERVICE_WORKER),
                    _ => match path.strip_prefix("/to/") {
                        Some(port) => format!(
                            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}/\r\n\
                             content-length: 0\r\nconnection: close\r\n\r\n"
                        ),
                        None => html("own"),
                    },
                });
            });
        }
    });
    address
}

const WORKER: &str = "onmessage = ({ data }) =>
    fetch(data).catch(() => 0).then(() => postMessage('done'));";
const SHARED_WORKER: &str = "onconnect = ({ ports: [port] }) => {
    port.onmessage = ({ data }) => fetch(data).catch(() => 0).then(() => port.postMessage('done'));
  };";
const SERVICE_WORKER: &str = "
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('message', ({ data, ports: [port] }) =>
    fetch(data).catch(() => 0).then(() => port.postMessage('done')));";

/// The ways to another server whose end the page can wait for. Each gets a port
/// and returns a promise.
const AWAITED: &str = r#"{
  fetch: (port) => fetch(`http://127.0.0.1:${port}/`),
  opaque: (port) => fetch(`http://127.0.0.1:${port}/`, { mode: 'no-cors' }),
  post: (port) => fetch(`http://127.0.0.1:${port}/session`, { method: 'POST', mode: 'no-cors', body: '{}' }),
  preflight: (port) => fetch(`http://127.0.0.1:${port}/`, { method: 'PUT', headers: { 'x-a': '1' } }),
  tls: (port) => fetch(`https://127.0.0.1:${port}/`),
  socket: (port) => socket(`ws://127.0.0.1:${port}/session`),
  tlsSocket: (port) => socket(`wss://127.0.0.1:${port}/session`),
  redirect: (port) => fetch(`/to/${port}`),
  image: (port) => element('img', { src: `http://127.0.0.1:${port}/` }),
  script: (port) => element('script', { src: `http://127.0.0.1:${port}/` }),
  frame: (port) => element('iframe', { src: `http://127.0.0.1:${port}/` }),
  frameRedirect: (port) => element('iframe', { src: `/to/${port}` }),
  events: (port) => new Promise((done) => {
    const events = new EventSource(`http://127.0.0.1:${port}/`);
    events.onopen = events.onerror = () => { events.close(); done(); };
  }),
  name: (port) => fetch(`http://localhost:${port}/`),
  subdomain: (port) => fetch(`http://story.localhost:${port}/`),
  nameSocket: (port) => socket(`ws://localhost:${port}/`),
  decimal: (port) => fetch(`http://2130706433:${port}/`),
  hexadecimal: (port) => fetch(`http://0x7f.1:${port}/`),
  mapped: (port) => fetch(`http://[::ffff:127.0.0.1]:${port}/`),
  worker: (port) => {
    const worker = new Worker('/worker.js');
    worker.postMessage(`http://127.0.0.1:${port}/`);
    return new Promise((done) => { worker.onmessage = done; });
  },
  serviceWorker: async (port) => {
    await navigator.serviceWorker.register('/service.js');
    const { active } = await navigator.serviceWorker.ready;
    const channel = new MessageChannel();
    active.postMessage(`http://127.0.0.1:${port}/`, [channel.port2]);
    return new Promise((done) => { channel.port1.onmessage = done; });
  },
}"#;

/// The ways whose end the page does not know.
const NOT_AWAITED: &str = r#"{
  unspecified: (port) => fetch(`http://0.0.0.0:${port}/`),
  beacon: (port) => navigator.sendBeacon(`http://127.0.0.1:${port}/`, 'x'),
  keepalive: (port) => fetch(`http://127.0.0.1:${port}/`, { keepalive: true, mode: 'no-cors' }),
  preconnect: (port) => link('preconnect', `http://127.0.0.1:${port}/`),
  tlsPreconnect: (port) => link('preconnect', `https://127.0.0.1:${port}/`),
  prefetch: (port) => link('prefetch', `http://127.0.0.1:${port}/`),
  style: (port) => link('stylesheet', `http://127.0.0.1:${port}/`),
  // A tab of Firefox in the background does not draw.
  popup: (port) => navigator.userAgent.includes('Firefox') || window.open(`http://127.0.0.1:${port}/`),
  sharedWorker: (port) => {
    const worker = new SharedWorker('/shared.js');
    worker.port.start();
    worker.port.postMessage(`http://127.0.0.1:${port}/`);
  },
  turn: (port) => peer({ urls: `turn:127.0.0.1:${port}?transport=tcp`, username: 'a', credential: 'b' }),
}"#;

/// The ways that use UDP.
const OVER_UDP: &str = r#"{
  stun: (port) => peer({ urls: `stun:127.0.0.1:${port}` }),
  turnUdp: (port) => peer({ urls: `turn:127.0.0.1:${port}?transport=udp`, username: 'a', credential: 'b' }),
  webTransport: (port) => new WebTransport(`https://127.0.0.1:${port}/`).ready,
  candidate: async (port) => {
    const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
    one.createDataChannel('x');
    await one.setLocalDescription(await one.createOffer());
    await other.setRemoteDescription(one.localDescription);
    await other.setLocalDescription(await other.createAnswer());
    await one.setRemoteDescription(other.localDescription);
    const candidate = `candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host`;
    await one.addIceCandidate({ candidate, sdpMid: '0', sdpMLineIndex: 0 });
  },
}"#;

/// The names of the ways of an object.
fn names(ways: &str) -> Vec<&str> {
    let lines = ways
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.filter_map(|line| Some(line.trim().split_once(": ")?.0));
    names.collect()
}

/// A page that goes all ways, and is ready when those that it can wait for have
/// ended. `ports` are those of all ways.
fn page(ports: &BTreeMap<&str, u16>) -> String {
    let ports = serde_json::to_string(ports).unwrap();
    format!(
        "<!doctype html><body><script>
  document.documentElement.dataset.tintypeReady = 'false';
  const socket = (url) => new Promise((done) => {{
    const socket = new WebSocket(url);
    socket.onopen = socket.onerror = done;
  }});
  const element = (name, attributes) => new Promise((done) => {{
    const element = Object.assign(document.createElement(name), attributes);
    element.onload = element.onerror = done;
    document.body.append(element);
  }});
  const link = (rel, href) => document.head.append(Object.assign(document.createElement('link'), {{ rel, href }}));
  const peer = async (server) => {{
    const peer = new RTCPeerConnection({{ iceServers: [server] }});
    peer.createDataChannel('x');
    await peer.setLocalDescription(await peer.createOffer());
  }};
  const ports = {ports};
  const attempt = async (ways) => {{
    const goes = ([name, way]) => (async () => way(ports[name]))().catch(() => 0);
    await Promise.all(Object.entries(ways).map(goes));
  }};
  (async () => {{
    attempt({NOT_AWAITED});
    attempt({OVER_UDP});
    await attempt({AWAITED});
    await new Promise((done) => setTimeout(done, 1000));
    document.body.textContent = 'done';
    document.documentElement.dataset.tintypeReady = 'true';
  }})();
</script>"
    )
}

/// A project whose story is `/page` of a server.
fn project(engine: &str, server: SocketAddr, capture: &str) -> Project {
    let manifest = format!(
        "[stories]\nurl = \"http://{server}\"\n[browser]\nnames = [\"{engine}\"]\nsessions = 1\n\
         [themes]\nlight = {{}}\n[viewports]\nphone = \"320x200\"\n\
         [capture]\nvirtual-time = false\nwait-for-network = false\ntimeout = \"60s\"\n{capture}\n\
         [[story]]\nid = \"a\"\npath = \"/page\"\n"
    );
    Project::new(&manifest, &[])
}

fn reaches_nothing(engine: &str) {
    let servers = || {
        let ways = [names(AWAITED), names(NOT_AWAITED)].concat();
        let servers = ways.into_iter().map(|name| (name, Private::start()));
        servers.collect::<BTreeMap<_, _>>()
    };
    let sockets = names(OVER_UDP).into_iter().map(|name| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        (name, socket)
    });
    let sockets: BTreeMap<_, _> = sockets.collect();
    let ports = |servers: &BTreeMap<&'static str, Private>| -> BTreeMap<&'static str, u16> {
        let over_tcp = servers.iter().map(|(name, server)| (*name, server.port()));
        let over_udp = sockets.iter();
        let over_udp = over_udp.map(|(name, socket)| (*name, socket.local_addr().unwrap().port()));
        over_tcp.chain(over_udp).collect()
    };
    let reached = |servers: &BTreeMap<&'static str, Private>| -> Vec<&'static str> {
        let over_tcp = servers.iter().filter(|(_, server)| server.is_reached());
        let over_udp = sockets
            .iter()
            .filter(|(_, socket)| socket.recv(&mut [0; 64]).is_ok());
        let over_tcp = over_tcp.map(|(name, _)| *name);
        over_tcp.chain(over_udp.map(|(name, _)| *name)).collect()
    };

    let forbidden = servers();
    let project_ = project(engine, serve(page(&ports(&forbidden))), "");
    let run = project_.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(reached(&forbidden), Vec::<&str>::new());

    // The same ways lead to servers that are allowed.
    let allowed = servers();
    let hosts = allowed
        .values()
        .map(|server| format!("\"{}\"", server.address));
    let hosts = hosts.collect::<Vec<_>>().join(", ");
    let allow = format!("allow-hosts = [{hosts}]");
    let project_ = project(engine, serve(page(&ports(&allowed))), &allow);
    let run = project_.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let reached = reached(&allowed);
    for name in names(AWAITED) {
        assert!(reached.contains(&name), "{name} is not among {reached:?}");
    }
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
        let _ = project.run(&[], &[("TINTYPE_UPDATE", "new"), ("TINTYPE_CACHE", "off")]);
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

/// Scans the ports of a machine: the fixed ones of the driver and of Redis, and
/// all that the system gives to the story's own browser and driver.
const SCAN: &str = r#"<!doctype html><body><script>
  document.documentElement.dataset.tintypeReady = 'false';
  const found = [];
  const ports = [6379, 9515];
  for (let port = 30000; port < 30060; port += 1) ports.push(port);
  const body = '{"capabilities":{}}';
  const post = (host, port) =>
    fetch(`http://${host}:${port}/session`, { method: 'POST', mode: 'no-cors', body }).catch(() => 0);
  const open = (host, port) => new Promise((done) => {
    const socket = new WebSocket(`ws://${host}:${port}/session`);
    socket.onerror = done;
    socket.onopen = () => { found.push(`${host}:${port}`); done(); };
  });
  (async () => {
    // The story's own server may be reached.
    const others = ports.filter((port) => String(port) !== location.port);
    for (const host of ['127.0.0.1', 'innocent.example', 'localhost']) {
      await Promise.all(others.map((port) => post(host, port)));
    }
    // All at once: browsers slow down after sockets that failed.
    await Promise.all(others.map((port) => open('127.0.0.1', port)));
    await Promise.all([6379, 9515].map((port) => open('innocent.example', port)));
    document.body.textContent = found.join(' ');
    document.body.style.background = found.length > 0 ? 'red' : 'rgb(0, 200, 0)';
    document.documentElement.dataset.tintypeReady = 'true';
  })();
</script>"#;

/// Starts what a story could misuse, then the suite. Everything runs in a network
/// and with host names of its own.
const MACHINE: &str = r#"
ip link set lo up || exit 77
echo 30000 30060 > /proc/sys/net/ipv4/ip_local_port_range || exit 77
echo '127.0.0.1 localhost innocent.example' > hosts
mount --bind hosts /etc/hosts || exit 77
redis-server --port 6379 --save '' > /dev/null & redis=$!
chromedriver --port=9515 --verbose --log-path=driver.log > /dev/null & driver=$!
until redis-cli ping > /dev/null 2>&1; do sleep 0.1; done
redis-cli config resetstat > /dev/null
"$@"
code=$?
redis-cli info stats | tr -d '\r' | sed -n 's/total_connections_received://p' > connections
kill $redis $driver
exit $code
"#;

fn a_scan_finds_no_driver_no_database_and_no_debugger() {
    let manifest = format!("{MANIFEST}[capture]\nvirtual-time = false\ntimeout = \"300s\"\n");
    let project = Project::new(&manifest, &[("a.html", SCAN)]);
    let suite = project.suite(&[]);
    let mut machine = Command::new("unshare");
    machine
        .args([
            "--map-root-user",
            "--net",
            "--mount",
            "sh",
            "-c",
            MACHINE,
            "machine",
        ])
        .arg(suite.get_program())
        .current_dir(project.path())
        .env_clear()
        .envs(
            suite
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("TINTYPE_UPDATE", "new");
    let output = machine.output().unwrap();
    if output.status.code() == Some(77) || !project.path().join("connections").exists() {
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            reason.contains("not permitted") || reason.contains("denied"),
            "{reason}"
        );
        eprintln!("skipped: no network of its own: {reason}");
        return;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let file = project.read("baselines/a-light-400x300.png");
    let picture = image::load_from_memory(&file).unwrap().to_rgb8();
    assert_eq!(picture.get_pixel(399, 299).0, [0, 200, 0]);
    // Only the question itself has reached Redis, and no command the driver.
    let connections = String::from_utf8(project.read("connections")).unwrap();
    assert_eq!(connections.trim(), "1");
    let log = String::from_utf8_lossy(&project.read("driver.log")).into_owned();
    assert!(!log.contains("COMMAND"), "{log}");
    let result = project.result("a::light::400x300");
    assert!(blocked(&result).len() > 10, "{result:?}");
}
