//! A page that scans the ports of a machine.

use super::blocked;
use crate::project::{MANIFEST, Project};

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

pub(super) fn finds_nothing() {
    let manifest = format!("{MANIFEST}[capture]\nvirtual-time = false\ntimeout = \"300s\"\n");
    let project = Project::new(&manifest, &[("a.html", SCAN)]);
    let arguments = [
        "--map-root-user",
        "--net",
        "--mount",
        "sh",
        "-c",
        MACHINE,
        "machine",
    ];
    let mut machine = project.suite_under("unshare", &arguments);
    machine.env("TINTYPE_UPDATE", "new");
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
