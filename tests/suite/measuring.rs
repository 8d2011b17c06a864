//! Measurements of pages, and budgets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use libtest_mimic::Trial;
use tintype::internals::config::Config;
use tintype::internals::model::{
    Environment, Measurements, RecordedEvent, RunId, Status, VisualTestResult, VisualTestRun,
};
use tintype::internals::record::{RecordConfig, Recorder};

use super::project::{MANIFEST, Project};
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        counts_are_exact_and_equal_in_every_run,
        redirects_and_chunks_are_counted_exactly,
        answers_of_a_service_worker_are_not_counted,
        layout_shifts_are_repeatable_and_have_a_budget,
        a_snapshot_over_its_budget_fails,
        a_cached_snapshot_keeps_its_measurements,
        times_are_limited_by_the_95th_percentile_of_earlier_runs,
        pages_are_not_measured_by_default,
        engines_count_alike,
    ]
}

const NO_CACHE: &[(&str, &str)] = &[("TINTYPE_CACHE", "off")];
const MEASURED: &str = "[capture]\nmeasure = true\n";

/// A page with every kind of file, and a frame with its own errors.
const PAGE: &str = "<!doctype html><html><head><title>x</title>
<link rel=stylesheet href=style.css></head><body><p>text</p>
<img src=dot.svg alt=''><img src=dot.svg alt=''><img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=' alt=''>
<iframe src=frame.html></iframe><div id=host></div>
<script src=app.js></script></body></html>";
const STYLE: &str = "@font-face { font-family: f; src: url(font.woff2) }
body { font-family: f, sans-serif; background: url(back.svg) }";
const DOT: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>";
const FRAME: &str = "<!doctype html><html><head></head><body><b>frame</b><script>Promise.reject(new Error('in frame'))</script></body></html>";
const APP: &str = "
console.error('one'); console.error('one'); console.warn('none');
document.querySelector('#host').attachShadow({ mode: 'closed' }).innerHTML = '<i>a</i><i>b</i>';
fetch('data.json').then((answer) => answer.json());
setTimeout(() => { throw new Error('thrown') }, 500);";
const DATA: &str = "{\"a\":1}";

/// Html, head, title, link, body, p, three images, a frame, div, script and two
/// elements in the shadow root; in the frame html, head, body, b and script.
const NODES: u64 = 14 + 5;
/// Page, style, image, background, frame, script and data. The font is not there.
const REQUESTS: u64 = 8;
/// Two calls, an exception, and a rejection in the frame.
const CONSOLE_ERRORS: u64 = 4;

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("a.html", PAGE),
        ("style.css", STYLE),
        ("dot.svg", DOT),
        ("back.svg", DOT),
        ("frame.html", FRAME),
        ("app.js", APP),
        ("data.json", DATA),
    ]
}

/// The bytes of all files, and of the answer for the missing font.
fn bytes_of_files() -> u64 {
    let files = files();
    files.iter().map(|(_, text)| text.len() as u64).sum()
}

/// Script time is processor time, so that a page that computes is slower for certain.
fn times_are_limited_by_the_95th_percentile_of_earlier_runs() {
    let redis = Server::start(&[]);
    let settings = "[budget]\nslower-than-usual = 1.5\n[project]\nname = \"shop\"\n";
    let page = "<!doctype html><p>a";
    let project = Project::new(&manifest(settings), &[("a.html", page)]);
    project.accept_all();
    let url = redis.url();
    let run = || {
        let run = project.run(&[], &[NO_CACHE[0], ("REDIS_URL", &url)]);
        (run.code, project.result("a::light::400x300"))
    };
    let (code, usual) = run();
    assert_eq!(code, Some(0), "{usual:?}");
    let limit = "`slower-than-usual` in [budget] is not checked: 0 of 20 earlier runs on this kind \
                 of machine";
    assert_eq!(usual.limits, [limit]);
    repeat_runs(&project, &url, &usual, 20);
    let (code, ended) = run();
    assert_eq!((code, ended.limits.len()), (Some(0), 0), "{ended:?}");

    let slow = "<script>let x = 0; for (let i = 0; i < 1e9; i++) x = (x + i) % 7</script>";
    project.write("stories/a.html", &format!("{page}{slow}"));
    let (code, ended) = run();
    assert_eq!(
        (code, ended.status),
        (Some(101), Status::Failed),
        "{ended:?}"
    );
    let named = ended
        .over_budget
        .iter()
        .find(|text| text.starts_with("script time "));
    let named = named.unwrap_or_else(|| panic!("{:?}", ended.over_budget));
    assert!(named.ends_with(" (1.5 × p95 of 22 runs)"), "{named}");
    assert!(ended.message.unwrap().starts_with("over budget: "));

    let run = project.run(&[], &[NO_CACHE[0], ("REDIS_URL", "redis://127.0.0.1:1/")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let limits = project.result("a::light::400x300").limits.concat();
    assert!(
        limits.contains("`slower-than-usual` in [budget] is not checked"),
        "{limits}"
    );
}

/// Records a result again, in this many runs on this machine.
fn repeat_runs(project: &Project, url: &str, result: &VisualTestResult, count: usize) {
    let config = Config::from_variables([("REDIS_URL", url)]).unwrap();
    let state = project.path().join("target/earlier");
    let settings = RecordConfig::new(&state, &config).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for number in 0..count {
            let id = RunId(format!("run-earlier-{number}"));
            let mut run = VisualTestRun::start(id.clone(), Environment::default());
            run.project = Some("shop".to_owned());
            let recorder = Recorder::open(settings.clone(), run, 1, false).unwrap();
            let mut repeated = result.clone();
            repeated.run_id = id;
            recorder.record(&RecordedEvent::TestFinished(Box::new(repeated)));
            assert_eq!(recorder.finish(None).await.pending, 0);
        }
    });
}

/// The stories of the project; `frame` is one as well unless it is left out.
fn manifest(settings: &str) -> String {
    format!("{MANIFEST}{settings}\n[[story]]\nid = \"a\"\npath = \"a.html\"\n")
}

fn measured(result: &VisualTestResult) -> Measurements {
    let measured = result.measurements.clone();
    measured.unwrap_or_else(|| panic!("no measurements: {:?}", result.message))
}

/// What can be counted exactly.
fn counts(measured: &Measurements) -> [Option<u64>; 4] {
    [
        measured.requests,
        measured.bytes,
        measured.nodes,
        measured.console_errors,
    ]
}

fn counts_are_exact_and_equal_in_every_run() {
    let two = "\n[viewports]\ndesktop = \"400x300\"\nsmall = \"300x200\"\n";
    let manifest = manifest(MEASURED).replace("\n[viewports]\ndesktop = \"400x300\"\n", two);
    let project = Project::new(&manifest, &files());
    let mut all = Vec::new();
    for update in ["new", "no", "no"] {
        let run = project.run(&[], &[NO_CACHE[0], ("TINTYPE_UPDATE", update)]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        for size in ["400x300", "300x200"] {
            let name = format!("a::light::{size}");
            all.push(measured(&project.result(&name)));
        }
    }
    let first = &all[0];
    assert_eq!(first.nodes, Some(NODES), "{first:?}");
    assert_eq!(first.requests, Some(REQUESTS), "{first:?}");
    assert_eq!(first.console_errors, Some(CONSOLE_ERRORS), "{first:?}");
    // The server's answer for the missing font has a body of its own.
    let font = first.bytes.unwrap() - bytes_of_files();
    assert!(font < 200, "{first:?}");
    assert!(first.virtual_time && first.script_ms.is_some(), "{first:?}");
    assert!(
        first.first_paint_ms.is_some() && first.lcp_ms.is_some(),
        "{first:?}"
    );
    for other in &all {
        assert_eq!(counts(other), counts(first), "{all:#?}");
        assert_eq!(other.cls, first.cls, "{all:#?}");
    }
    let report = project.runs().pop().unwrap().join("report.html");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("\"consoleErrors\":4"));
}

/// Serves what `answer` returns for a path, to every connection.
fn serve(answer: fn(&str) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || answer_one(connection, answer));
        }
    });
    address
}

fn answer_one(connection: TcpStream, answer: fn(&str) -> Vec<u8>) {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    let _ = reader.read_line(&mut first);
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(read) if read > 0 && !line.trim().is_empty() => {}
            _ => break,
        }
    }
    // A proxy asks with the whole address.
    let path = first.split(' ').nth(1).unwrap_or("/").to_owned();
    let path = path.split_once("://").map_or(path.clone(), |(_, rest)| {
        rest.split_once('/')
            .map_or("/".to_owned(), |(_, path)| format!("/{path}"))
    });
    let _ = reader.get_mut().write_all(&answer(&path));
}

fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

const HTML: &str = "Content-Type: text/html\r\n";
const JSON: &str = "Content-Type: application/json\r\nCache-Control: max-age=3600\r\n";
const REDIRECTED: &str = "<!doctype html><html><head></head><body><p>text<script>
(async () => {
  for (const address of ['first', 'data', 'data', 'chunks']) {
    await (await fetch(address)).text();
  }
})();
</script></body></html>";

fn redirects_and_chunks_are_counted_exactly() {
    let address = serve(|path| match path {
        "/a.html" => response("200 OK", HTML, REDIRECTED),
        "/first" => response("302 Found", "Location: /second\r\n", "moved away"),
        "/second" => response("301 Moved", "Location: /data\r\n", "moved again"),
        "/data" => response("200 OK", JSON, DATA),
        "/chunks" => b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\
            Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
            .to_vec(),
        _ => response("404 Not Found", "", ""),
    });
    let source = format!("url = \"http://{address}\"");
    let manifest = manifest(MEASURED).replace("dir = \"stories\"", &source);
    let project = Project::new(&manifest, &[]);
    for update in ["new", "no", "no"] {
        let run = project.run(&[], &[("TINTYPE_UPDATE", update)]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let measured = measured(&project.result("a::light::400x300"));
        // The page, first, second, data, which is cached then, chunks.
        assert_eq!(measured.requests, Some(5), "{measured:?}");
        let bytes = REDIRECTED.len() + DATA.len() + "abcdefg".len();
        assert_eq!(measured.bytes, Some(bytes as u64), "{measured:?}");
    }
}

const WORKED: &str = "<!doctype html><p id=p>text<script>
(async () => {
  await navigator.serviceWorker.register('worker.js');
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((done) => { navigator.serviceWorker.oncontrollerchange = done; });
  }
  p.textContent = await (await fetch('made.json')).text();
  p.textContent += await (await fetch('data.json')).text();
  document.documentElement.dataset.tintypeReady = 'true';
})();
document.documentElement.dataset.tintypeReady = 'false';
</script>";
const WORKER: &str = "
oninstall = () => skipWaiting();
onactivate = (event) => event.waitUntil(clients.claim());
onfetch = (event) => {
  if (event.request.url.endsWith('made.json')) event.respondWith(new Response('made'));
  else if (event.request.url.endsWith('data.json')) event.respondWith(fetch(event.request));
};";

fn answers_of_a_service_worker_are_not_counted() {
    let files = [
        ("a.html", WORKED),
        ("worker.js", WORKER),
        ("data.json", DATA),
    ];
    let project = Project::new(&manifest(MEASURED), &files);
    let mut all = Vec::new();
    for update in ["new", "no", "no"] {
        let run = project.run(&[], &[NO_CACHE[0], ("TINTYPE_UPDATE", update)]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let measured = measured(&project.result("a::light::400x300"));
        all.push((measured.requests, measured.bytes));
    }
    // The page, the worker and the data, which the worker fetches.
    let bytes = WORKED.len() + WORKER.len() + DATA.len();
    let expected = (Some(3), Some(bytes as u64));
    assert_eq!(all, [expected; 3]);
}

fn layout_shifts_are_repeatable_and_have_a_budget() {
    let page = "<!doctype html><body style='margin:0'><div id=ad></div>
        <div style='height:200px;background:teal'>text</div><script>
        setTimeout(() => { ad.style.height = '100px' }, 400);
        setTimeout(() => { ad.style.height = '150px' }, 5000);</script>";
    let project = Project::new(&manifest(MEASURED), &[("a.html", page)]);
    let mut all = Vec::new();
    for update in ["new", "no", "no"] {
        project.run(&[], &[NO_CACHE[0], ("TINTYPE_UPDATE", update)]);
        all.push(measured(&project.result("a::light::400x300")).cls);
    }
    let shift = all[0].unwrap();
    assert!(
        shift > 0.05 && all.iter().all(|cls| *cls == Some(shift)),
        "{all:?}"
    );
    project.write("stories.toml", &manifest("[budget]\ncls = 0.01\n"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    assert_eq!(
        message,
        format!("over budget: layout shift {shift} of 0.01")
    );
}

/// A page that transfers this many bytes with its file.
fn heavy(bytes: usize) -> (String, String) {
    let page = "<!doctype html><p>text<script>fetch('big.bin').then((a) => a.text())</script>";
    (page.to_owned(), "x".repeat(bytes - page.len()))
}

fn a_snapshot_over_its_budget_fails() {
    let (page, big) = heavy(412 << 10);
    let budget = "[budget]\nbytes = \"300 KiB\"\nrequests = 1\nnodes = 1000\n";
    let project = Project::new(&manifest(""), &[("a.html", &page), ("big.bin", &big)]);
    project.accept_all();
    project.write("stories.toml", &manifest(budget));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    let result = project.result("a::light::400x300");
    assert_eq!(result.status, Status::Failed);
    let message = "over budget: 412 KiB of 300 KiB, 2 requests of 1";
    assert_eq!(result.message.as_deref(), Some(message));
    assert_eq!(
        result.over_budget,
        ["412 KiB of 300 KiB", "2 requests of 1"]
    );
    assert!(run.stdout.contains(message), "{}", run.stdout);
    assert!(!result.needs_decision());
    let junit = project.runs().pop().unwrap().join("junit.xml");
    assert!(std::fs::read_to_string(junit).unwrap().contains(message));

    // A story can have a budget of its own.
    let own = "budget = { bytes = \"412 KiB\", requests = false }\n";
    project.write("stories.toml", &format!("{}{own}", manifest(budget)));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let passed = project.result("a::light::400x300");
    assert_eq!(measured(&passed).bytes, Some(412 << 10));

    // An accepted picture is over budget as well.
    project.write("stories.toml", &manifest(budget));
    let run = project.run(&[], &[("TINTYPE_UPDATE", "all")]);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
}

fn a_cached_snapshot_keeps_its_measurements() {
    let project = Project::new(&manifest("[budget]\nrequests = 9\n"), &files());
    project.accept_all();
    let mut all = Vec::new();
    for cached in [false, true] {
        assert_eq!(project.run(&[], &[]).code, Some(0));
        let result = project.result("a::light::400x300");
        assert_eq!(result.cached, cached);
        all.push(measured(&result));
    }
    assert_eq!(all[0], all[1]);
    // Another budget is another story, which is captured.
    project.write("stories.toml", &manifest("[budget]\nrequests = 3\n"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let result = project.result("a::light::400x300");
    assert!(!result.cached);
    assert_eq!(result.over_budget, ["8 requests of 3"]);
    // A failure is not cached.
    assert_eq!(project.run(&[], &[]).code, Some(101));
}

fn pages_are_not_measured_by_default() {
    let project = Project::new(&manifest(""), &files());
    project.accept_all();
    assert_eq!(project.result("a::light::400x300").measurements, None);
}

fn engines_count_alike() {
    let engines = "[browser]\nnames = [\"chromium\", \"firefox\", \"webkit\"]\n\
                   [budget]\nrequests = 9\ncls = 1\n";
    let project = Project::new(&manifest(engines), &files());
    project.accept_all();
    let of = |id: &str| project.result(&format!("{id}::light::400x300"));
    let [chromium, firefox, webkit] = ["a", "a@firefox", "a@webkit"].map(of);
    let counted = [&chromium, &firefox].map(|result| counts(&measured(result)));
    assert_eq!(counted[0], counted[1]);
    assert_eq!(measured(&webkit).nodes, Some(NODES));
    assert_eq!(measured(&webkit).requests, None);
    let unchecked = "`requests` in [budget] is not checked: webkit does not report it";
    assert!(
        webkit.limits.iter().any(|limit| limit == unchecked),
        "{webkit:?}"
    );
    let unchecked = "`cls` in [budget] is not checked: firefox does not report it";
    assert!(
        firefox.limits.iter().any(|limit| limit == unchecked),
        "{firefox:?}"
    );
    assert!(
        !chromium
            .limits
            .iter()
            .any(|limit| limit.contains("[budget]"))
    );
}
