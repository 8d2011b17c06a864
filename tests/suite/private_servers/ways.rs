//! All ways in which a page can try to reach a server.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;

use super::{Private, answer, html, response};
use crate::project::Project;

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

pub(super) fn reaches_nothing(engine: &str) {
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
