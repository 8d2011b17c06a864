//! Stories that wait: for other stories, for a lock, for the other engines.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use libtest_mimic::Trial;
use redis::Commands;
use tintype::internals::config::Config;
use tintype::internals::model::{Reason, RunId, Status};
use tintype::internals::record::{Coordination, LockReply, LockRequest, RecordConfig};

use super::output::{assert_first_failure, assert_output};
use super::project::{Bell, MANIFEST, Project, Run, allow, eventually};
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        stories_run_only_after_others_have_passed,
        a_dependency_that_a_filter_left_out_blocks_nothing,
        a_story_waits_for_a_lock_of_another_run,
        runs_take_turns_with_a_lock,
        a_killed_run_frees_its_lock,
        an_interrupted_run_releases_its_lock,
        a_server_that_is_away_fails_a_waiting_story_only,
        engines_meet_at_sync_steps,
        an_engine_that_fails_is_not_waited_for,
        too_few_sessions_for_a_sync_step_are_reported,
    ]
}

const AFTER: &str = r#"
[[story]]
id = "pay"
path = "pay.html"
after = ["cart"]
[[story]]
id = "cart"
path = "cart.html"
after = ["login"]
[[story]]
path = "login.html"
capture = { wait-for = [{ delay = "300ms" }] }
[[story]]
path = "help.html"
"#;

fn shop() -> Project {
    let pages = ["pay", "cart", "login", "help"].map(|name| (format!("{name}.html"), name));
    let pages = pages.each_ref().map(|(path, text)| (path.as_str(), *text));
    Project::new(&format!("{MANIFEST}{AFTER}"), &pages)
}

fn result(project: &Project, story: &str) -> (Status, Option<String>) {
    let result = project.result(&format!("{story}::light::400x300"));
    (result.status, result.message)
}

fn skipped(reason: &str) -> (Status, Option<String>) {
    (Status::Skipped, Some(reason.to_owned()))
}

fn stories_run_only_after_others_have_passed() {
    let project = shop();
    let first = project.run(&[], &[]);
    assert_eq!(first.code, Some(101));
    let statuses = [Status::Skipped, Status::Skipped, Status::New, Status::New];
    assert_eq!(project.statuses(), statuses);
    let reason = skipped("after `login`, which is new and was not accepted");
    assert_eq!(result(&project, "cart"), reason);
    // Accepted, they pass in one run.
    project.accept_all();
    assert_eq!(project.statuses(), [Status::New; 4]);
    for _ in 0..2 {
        let again = project.run(&[], &[]);
        assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
        assert_eq!(project.statuses(), [Status::Passed; 4]);
        let is_cached = |story| project.result(&format!("{story}::light::400x300")).cached;
        assert!(!is_cached("cart") && !is_cached("pay"));
    }
    project.write("stories/login.html", "broken");
    let broken = project.run(&[], &[]);
    assert_eq!(broken.code, Some(101));
    let statuses = [
        Status::Skipped,
        Status::Skipped,
        Status::Failed,
        Status::Passed,
    ];
    assert_eq!(project.statuses(), statuses);
    let reason = skipped("after `login`, which failed");
    assert_eq!(result(&project, "cart"), reason);
    let reason = skipped("after `cart`, which was skipped");
    assert_eq!(result(&project, "pay"), reason);
    assert_eq!(project.last().run.reason, Some(Reason::Failed));
    let line = "cart::light::400x300";
    let line = broken.stdout.lines().find(|text| text.contains(line));
    let line = line.unwrap();
    assert!(
        line.ends_with("ignored (after `login`, which failed)"),
        "{line}"
    );
}

fn a_dependency_that_a_filter_left_out_blocks_nothing() {
    let project = shop();
    project.accept_all();
    project.write("stories/login.html", "broken");
    let one = project.run(&["cart"], &[]);
    assert_eq!(one.code, Some(0), "{}{}", one.stdout, one.stderr);
    assert_eq!(project.statuses(), [Status::Passed]);
    let both = project.run(&["cart", "pay"], &[]);
    assert_eq!(both.code, Some(0), "{}{}", both.stdout, both.stderr);
    assert_eq!(project.statuses(), [Status::Passed; 2]);
}

/// A holder of the lock `staging` other than the runs of a test.
struct OtherRun {
    runtime: tokio::runtime::Runtime,
    locks: std::sync::Arc<dyn Coordination>,
    request: LockRequest,
}

impl OtherRun {
    fn new(server: &Server) -> Self {
        let url = server.url();
        let config = Config::from_variables([("REDIS_URL", url.as_str())]).unwrap();
        let record = RecordConfig::new(&std::env::temp_dir(), &config).unwrap();
        Self {
            runtime: tokio::runtime::Runtime::new().unwrap(),
            locks: record.coordination(&RunId("run-other".to_owned())),
            request: LockRequest {
                name: "staging".to_owned(),
                slots: 1,
                owner: "other".to_owned(),
                lease_ms: 600_000,
            },
        }
    }

    fn holds_the_lock(&self) -> bool {
        let reply = self.locks.acquire(&self.request);
        let reply = self.runtime.block_on(reply);
        matches!(reply.unwrap(), LockReply::Held { .. })
    }

    fn release(&self) {
        let released = self.locks.release(&self.request);
        self.runtime.block_on(released).unwrap();
    }
}

const LOCKED: &str = r#"
[[story]]
path = "locked.html"
lock = "staging"
[[story]]
path = "free.html"
"#;

fn locked_project(page: &str, more: &str) -> Project {
    let manifest = format!("{MANIFEST}{LOCKED}{more}");
    Project::new(&manifest, &[("locked.html", page), ("free.html", "free")])
}

fn a_story_waits_for_a_lock_of_another_run() {
    let server = Server::start(&[]);
    let other = OtherRun::new(&server);
    assert!(other.holds_the_lock());
    let project = locked_project("locked", "");
    let environment = [
        ("REDIS_URL", server.url()),
        ("TINTYPE_UPDATE", "new".to_owned()),
        ("TINTYPE_RUN_ID", "run-waiting".to_owned()),
    ];
    let mut suite = project.suite(&[]);
    let waiting = suite.envs(environment).spawn().unwrap();
    let mut client = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let document = |client: &mut redis::Connection, story: &str| {
        let key = format!("visualtest:run-waiting:{story}:light:400x300");
        let text: Option<String> = client.get(key).unwrap();
        text.unwrap_or_default()
    };
    // It captures the other story meanwhile.
    eventually("the free story has ended", || {
        document(&mut client, "free").contains(r#""status":"new""#)
    });
    eventually("the waiting time is shown", || {
        let text = document(&mut client, "locked");
        text.contains(r#""message":"waits for staging: 1 before it""#)
    });
    other.release();
    let run: Run = waiting.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let line = "tintype: locked waits for staging: 1 before it\n";
    assert!(run.stderr.contains(line), "{}", run.stderr);
    assert_eq!(project.statuses(), [Status::New; 2]);
    let events: redis::streams::StreamRangeReply =
        client.xrange_all("tintype:run-waiting:events").unwrap();
    let events: Vec<String> = events.ids.iter().filter_map(|id| id.get("event")).collect();
    let waits = events.iter().filter(|event| event.contains("waitsFor"));
    let waits: Vec<_> = waits.collect();
    assert_eq!(waits.len(), 1, "{events:#?}");
    let fields = r#""status":"running","waitsFor":"staging","before":1"#;
    let fields_reversed = r#""status":"running","before":1,"waitsFor":"staging""#;
    assert!(
        waits[0].contains(fields) || waits[0].contains(fields_reversed),
        "{}",
        waits[0]
    );
    // It has released the lock.
    assert!(other.holds_the_lock());
}

/// Reports each request of a page, and answers it when the test says so.
struct Pages {
    requests: Receiver<(String, TcpStream)>,
    setting: String,
    address: String,
}

impl Pages {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    let mut request = [0; 4096];
                    let length = stream.read(&mut request).unwrap_or(0);
                    let text = String::from_utf8_lossy(&request[..length]);
                    // A browser may also connect without sending a request.
                    if let Some(path) = text.split(' ').nth(1) {
                        let _ = sender.send((path.to_owned(), stream));
                    }
                });
            }
        });
        Self {
            requests,
            setting: allow(address),
            address: address.to_string(),
        }
    }

    /// A page that is ready when its request is answered.
    fn page(&self) -> String {
        format!(
            "<!doctype html><p>locked<script>\
             document.documentElement.dataset.tintypeReady = 'false';\
             fetch('http://{}/shown', {{ mode: 'no-cors' }}).then(() => {{\
             document.documentElement.dataset.tintypeReady = 'true' }})</script>",
            self.address
        )
    }

    fn next(&self) -> (String, TcpStream) {
        let next = self.requests.recv_timeout(Duration::from_secs(120));
        next.expect("a page sends a request")
    }
}

fn answer(mut stream: TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
}

fn runs_take_turns_with_a_lock() {
    let (server, pages) = (Server::start(&[]), Pages::listen());
    let url = server.url();
    let environment = [("REDIS_URL", url.as_str()), ("TINTYPE_UPDATE", "new")];
    let projects = [0, 1, 2].map(|_| locked_project(&pages.page(), &pages.setting));
    let runs = projects.each_ref().map(|project| {
        let mut suite = project.suite(&["locked"]);
        suite.envs(environment).spawn().unwrap()
    });
    // While a page of one run is shown, those of the others are not.
    let mut shown = 0;
    while shown < 3 {
        let (_, stream) = pages.next();
        let early = pages.requests.recv_timeout(Duration::from_millis(500));
        assert!(early.is_err(), "two runs hold the lock: {early:?}");
        shown += 1;
        answer(stream);
        // A new snapshot is captured a second time, on a fresh page.
        let (_, stream) = pages.next();
        answer(stream);
    }
    for run in runs {
        let run: Run = run.wait_with_output().unwrap().into();
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    }
}

fn a_killed_run_frees_its_lock() {
    let (server, bell) = (Server::start(&[]), Bell::new());
    let project = locked_project(&bell.story(), &bell.allowed());
    let url = server.url();
    let mut suite = project.suite(&["locked"]);
    suite.env("REDIS_URL", &url).stdout(Stdio::null());
    let mut killed = suite.stderr(Stdio::null()).spawn().unwrap();
    bell.wait();
    let other = OtherRun::new(&server);
    assert!(!other.holds_the_lock());
    killed.kill().unwrap();
    killed.wait().unwrap();
    eventually("the lease is over", || other.holds_the_lock());
}

fn an_interrupted_run_releases_its_lock() {
    let (server, bell) = (Server::start(&[]), Bell::new());
    let project = locked_project(&bell.story(), &bell.allowed());
    let mut suite = project.suite(&["locked"]);
    suite.env("REDIS_URL", server.url());
    let run = suite.spawn().unwrap();
    bell.wait();
    let other = OtherRun::new(&server);
    assert!(!other.holds_the_lock());
    let id = run.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.unwrap().success());
    let run: Run = run.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    assert!(other.holds_the_lock(), "{}", run.stderr);
}

fn a_server_that_is_away_fails_a_waiting_story_only() {
    let (mut server, pages) = (Server::start(&[]), Pages::listen());
    let more = format!(
        "{}timeout = \"20s\"\n[[story]]\nid = \"waiting\"\npath = \"free.html\"\n\
         lock = \"staging\"\ncapture = {{ timeout = \"1s\" }}\n",
        pages.setting
    );
    let project = locked_project(&pages.page(), &more);
    let other = OtherRun::new(&server);
    let url = server.url();
    let mut suite = project.suite(&[]);
    suite.env("REDIS_URL", &url).env("TINTYPE_UPDATE", "new");
    let run = suite.spawn().unwrap();
    let (_, stream) = pages.next();
    assert!(!other.holds_the_lock());
    server.kill();
    // The capture of the holder goes on, twice since it is new.
    answer(stream);
    let (_, stream) = pages.next();
    answer(stream);
    let run: Run = run.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    assert_eq!(result(&project, "locked").0, Status::New);
    let (status, message) = result(&project, "waiting");
    let message = message.unwrap();
    assert_eq!(status, Status::Failed);
    let start = "failed to acquire the lock `staging`: ";
    assert!(message.starts_with(start), "{message}");
}

fn meeting(pages: &Pages, before: &str) -> Project {
    let ask = |path: &str| {
        let name = "navigator.userAgent.includes('Firefox') ? 'firefox' : 'chromium'";
        let address = format!("'http://{}/{path}/' + ({name})", pages.address);
        format!("{{ script = \"await fetch({address}, {{ mode: 'no-cors' }})\" }}")
    };
    let manifest = format!(
        "{MANIFEST}[browser]\nnames = [\"chromium\", \"firefox\"]\nsessions = 2\n\
         [[story]]\npath = \"shop.html\"\nsteps = [{before} {}, {{ sync = \"paid\" }}, {}]\n{}",
        ask("before"),
        ask("after"),
        pages.setting
    );
    Project::new(&manifest, &[("shop.html", "shop")])
}

fn engines_meet_at_sync_steps() {
    let (server, pages) = (Server::start(&[]), Pages::listen());
    let project = meeting(&pages, "");
    let url = server.url();
    let mut suite = project.suite(&[]);
    suite.env("REDIS_URL", &url).env("TINTYPE_UPDATE", "new");
    suite.env("TINTYPE_RUN_ID", "run-meeting");
    let run = suite.spawn().unwrap();
    let answering = std::thread::spawn(move || {
        let mut seen = Vec::new();
        while let Ok((path, stream)) = pages.requests.recv_timeout(Duration::from_secs(60)) {
            seen.push(path);
            answer(stream);
            if seen.len() == 8 {
                break;
            }
        }
        seen
    });
    let run: Run = run.wait_with_output().unwrap().into();
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(project.statuses(), [Status::New; 2]);
    let seen = answering.join().unwrap();
    let position = |path: &str| seen.iter().position(|seen| seen == path).unwrap();
    let before = ["/before/chromium", "/before/firefox"].map(position);
    let after = ["/after/chromium", "/after/firefox"].map(position);
    assert!(before.iter().max() < after.iter().min(), "{seen:?}");
    let points = server.cli(&[
        "KEYS",
        "tintype:run-meeting:sync:shop:light:400x300@1x:*:paid",
    ]);
    let arrived = server.cli(&["SMEMBERS", &points]);
    let mut arrived: Vec<_> = arrived.lines().collect();
    arrived.sort_unstable();
    assert_eq!(arrived, ["chromium", "firefox"], "{points}");
}

fn an_engine_that_fails_is_not_waited_for() {
    let pages = Pages::listen();
    let fails = "{ script = \"if (navigator.userAgent.includes('Firefox')) throw 'no card'\" },";
    let project = meeting(&pages, fails);
    std::thread::spawn(move || {
        while let Ok((_, stream)) = pages.requests.recv() {
            answer(stream);
        }
    });
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    assert_eq!(project.statuses(), [Status::Failed; 2]);
    let message = result(&project, "shop").1.unwrap();
    assert!(
        message.contains("firefox ended before arriving at `paid`"),
        "{message}"
    );
}

fn too_few_sessions_for_a_sync_step_are_reported() {
    let project = meeting(&Pages::listen(), "");
    let run = project.run(&[], &[("TINTYPE_SESSIONS", "1")]);
    assert_eq!(run.code, Some(101));
    assert_first_failure("too_few_sessions", &run.stdout);
    assert_output("too_few_sessions_summary", &run.stderr);
}
