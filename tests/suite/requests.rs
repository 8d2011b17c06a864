//! Request rules and the network policy.

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::foreign::Foreign;
use super::project::{MANIFEST, Project, Run, allow};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_rule_responds_or_blocks,
        a_rule_responds_for_another_origin => other_origin("chromium"),
        a_story_can_have_its_own_rules,
        rules_end_with_their_story,
        requests_to_other_origins_are_reported,
        requests_to_other_origins_are_refused => refused("chromium"),
        a_rule_that_cannot_apply_over_tls_fails_the_snapshot,
        websockets_are_forwarded,
        stories_with_rules_are_cached,
        a_story_that_skips_itself_may_use_the_network,
        a_rule_for_one_method_leaves_the_file_cached,
    ]
}

/// A page that is green if the asynchronous `body` returns no error, and shows
/// the error otherwise.
fn page(body: &str) -> String {
    format!(
        r#"<!doctype html><style>body {{ margin: 0; background: white }}</style><body><script>
  document.documentElement.dataset.tintypeReady = 'false';
  const wrong = [];
  const expect = (what, found, wanted) => {{
    if (found !== wanted) wrong.push(`${{what}}: ${{found}}, not ${{wanted}}`);
  }};
  const failure = (promise) => promise.then(() => 'success', () => 'failure');
  (async () => {{
    {body}
  }})().catch((error) => wrong.push(String(error))).finally(() => {{
    document.body.textContent = wrong.join('; ');
    if (wrong.length === 0) document.body.style.background = 'rgb(0, 200, 0)';
    document.documentElement.dataset.tintypeReady = 'true';
  }});
</script>"#
    )
}

/// A Storybook with one story that skips itself and requests another origin: the
/// request does not fail it.
fn a_story_that_skips_itself_may_use_the_network() {
    let foreign = Foreign::start();
    let index = r#"{"v":5,"entries":{"a--b":{"type":"story","id":"a--b","title":"A","name":"B","importPath":"./a.js","tags":[]}}}"#;
    let frame = format!(
        r#"<!doctype html><script>
  const story = {{ parameters: {{ tintype: {{ skip: 'not today' }} }} }};
  const preview = {{ channel: {{ last: () => undefined }} }};
  fetch('http://{}/data').catch(() => 0).finally(() => {{
    preview.currentRender = {{ id: 'a--b', phase: 'finished', story }};
  }});
  window.__STORYBOOK_PREVIEW__ = preview;
</script>"#,
        foreign.address
    );
    let manifest = MANIFEST.replace("dir = \"stories\"", "storybook = \"stories\"");
    let manifest = format!("{manifest}[capture]\nnetwork = \"off\"\n");
    let project = Project::new(&manifest, &[("index.json", index), ("iframe.html", &frame)]);
    let told = run(&project, &[]);
    let result = project.result("a--b::light::400x300");
    assert_eq!(
        result.message.as_deref(),
        Some("not today"),
        "{}",
        told.stdout
    );
    assert_eq!(result.status, Status::Skipped);
    assert_eq!(foreign.asked(), Vec::<String>::new());
}

fn browser(engine: &str) -> String {
    format!("[browser]\nnames = [\"{engine}\"]\n")
}

fn run(project: &Project, environment: &[(&str, &str)]) -> Run {
    // One session, so that one browser shows all stories one after the other.
    let mut all = vec![("TINTYPE_SESSIONS", "1")];
    all.extend(environment);
    project.run(&[], &all)
}

/// Runs and accepts; every story must have received the expected responses.
fn content(project: &Project, stories: &[&str]) {
    let run = run(project, &[("TINTYPE_UPDATE", "all")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    for story in stories {
        let path = format!("baselines/{story}-light-400x300.png");
        let picture = image::load_from_memory(&project.read(&path)).unwrap();
        let found = picture.to_rgb8().get_pixel(399, 299).0;
        let kept = std::env::temp_dir().join(format!("tintype-{story}-wrong.png"));
        if found != [0, 200, 0] {
            picture.save(&kept).unwrap();
        }
        assert_eq!(found, [0, 200, 0], "{} says what is wrong", kept.display());
    }
}

fn a_rule_responds_or_blocks() {
    let rules = r#"
[[request]]
url = "**/api/users*"
method = "GET"
json = { users = [{ name = "Ada", age = 36, tall = true, height = 1.7 }] }

[[request]]
url = "/api/greeting"
text = "hello"
status = 201
headers = { x-greeting = "yes", content-type = "text/markdown" }

[[request]]
url = "**/api/table.csv"
file = "mocks/table.csv"

[[request]]
url = "**/api/broken"
status = 500

[[request]]
url = "**/*.{png,gif}"
block = true

[[request]]
url = "**/slow.txt"
delay = "300ms"
"#;
    let script = r#"
    const users = await fetch('/api/users?page=2');
    expect('type', users.headers.get('content-type'), 'application/json');
    expect('json', JSON.stringify((await users.json()).users[0]),
      '{"age":36,"height":1.7,"name":"Ada","tall":true}');
    expect('post', (await fetch('/api/users', { method: 'POST' })).status, 405);
    const greeting = await fetch('/api/greeting');
    expect('status', greeting.status, 201);
    expect('text', await greeting.text(), 'hello');
    expect('header', greeting.headers.get('x-greeting'), 'yes');
    expect('own type', greeting.headers.get('content-type'), 'text/markdown');
    const table = await fetch('/api/table.csv');
    expect('file type', table.headers.get('content-type'), 'text/csv');
    expect('file', await table.text(), 'a,b\n');
    const broken = await fetch('/api/broken');
    expect('broken', `${broken.status} ${await broken.text()}`, '500 ');
    const image = new Image();
    image.src = '/logo.png';
    expect('image', await failure(image.decode()), 'failure');
    expect('fetch', await failure(fetch('/logo.png')), 'failure');
    const begun = performance.now();
    expect('slow', await (await fetch('/slow.txt')).text(), 'slow');
    expect('held up', performance.now() - begun >= 299, true);
    expect('untouched', await (await fetch('/plain.txt')).text(), 'plain');
    "#;
    let stories = [
        ("a.html", &*page(script)),
        ("plain.txt", "plain"),
        ("slow.txt", "slow"),
        ("logo.png", "no picture, but there"),
    ];
    let project = Project::new(MANIFEST, &stories);
    project.write("mocks/table.csv", "a,b\n");
    // The page measures the delay of a response.
    let manifest = format!("{MANIFEST}[capture]\nvirtual-time = false\n{rules}");
    project.write("stories.toml", &manifest);
    content(&project, &["a"]);
    assert_eq!(project.result("a::light::400x300").open_network.len(), 0);
}

/// No server has these names: only a rule can answer.
pub(crate) fn other_origin(engine: &str) {
    let rules = r#"
[[request]]
url = "http://api.example.test/**"
json = ["ok"]

[[request]]
url = "http://ads.example.test/**"
block = true
"#;
    let script = r#"
    const api = 'http://api.example.test';
    expect('plain', await (await fetch(`${api}/a`)).text(), '["ok"]');
    const asked = { method: 'PUT', headers: { 'x-key': '1' }, credentials: 'include' };
    expect('preflight', await (await fetch(`${api}/b`, asked)).text(), '["ok"]');
    expect('blocked', await failure(fetch('http://ads.example.test/x')), 'failure');
    const script = document.createElement('script');
    const loaded = new Promise((done) => { script.onload = () => done('success'); script.onerror = () => done('failure'); });
    script.src = 'http://ads.example.test/x.js';
    document.body.append(script);
    expect('script', await loaded, 'failure');
    "#;
    let stories = [("a.html", &*page(script))];
    let manifest = format!(
        "{MANIFEST}{}[capture]\nnetwork = \"off\"\n{rules}",
        browser(engine)
    );
    let project = Project::new(&manifest, &stories);
    content(&project, &["a"]);
    assert_eq!(project.statuses(), [Status::New]);
}

/// Each story with its own rules, before the suite's.
fn a_story_can_have_its_own_rules() {
    let expecting = |text: &str| {
        page(&format!(
            "expect('text', await (await fetch('/data.txt')).text(), '{text}');
             expect('other', await (await fetch('/other.txt')).text(), 'suite');"
        ))
    };
    let stories = [
        ("a.html", &*expecting("own")),
        ("b.html", &*expecting("suite")),
        ("data.txt", "file"),
        ("other.txt", "file"),
    ];
    let rules = r#"
[[request]]
url = "**/*.txt"
text = "suite"

[[story]]
path = "a.html"
[[story.request]]
url = "**/data.txt"
text = "own"

[[story]]
path = "b.html"
"#;
    let project = Project::new(MANIFEST, &stories);
    project.write("stories.toml", &format!("{MANIFEST}{rules}"));
    content(&project, &["a", "b"]);
}

/// The first story has rules, repeats its request forever, and again on unload;
/// the second sends the same request and has no rules.
fn rules_end_with_their_story() {
    let foreign = Foreign::start();
    let hostile = page(
        "expect('text', await (await fetch('/data.txt')).text(), 'mocked');
         await new Promise((done) => { const i = new Image(); i.onerror = done; i.src = '/box.svg'; });
         const ask = () => fetch('/data.txt?' + Math.random()).catch(() => {});
         setInterval(ask, 1);
         addEventListener('pagehide', () => navigator.sendBeacon('http://{foreign}/beacon', 'x'));
         await navigator.serviceWorker.register('/worker.js');
         await navigator.serviceWorker.ready;",
    );
    let hostile = hostile.replace("{foreign}", &foreign.address.to_string());
    let innocent = page(
        "expect('text', await (await fetch('/data.txt')).text(), 'real');
         const image = new Image(); image.src = '/box.svg';
         expect('image', await failure(image.decode()), 'success');",
    );
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";
    let worker = "self.addEventListener('activate', (e) => e.waitUntil(clients.claim()));
        self.addEventListener('fetch', (e) => e.respondWith(fetch(e.request)));";
    let stories = [
        ("a.html", &*hostile),
        ("b.html", &*innocent),
        ("data.txt", "real"),
        ("box.svg", svg),
        ("worker.js", worker),
    ];
    let rules = r#"
[[story]]
path = "a.html"
capture = { wait-for-network = false, page-time = "500ms" }
request = [
  { url = "**/data.txt*", text = "mocked" },
  { url = "**/*.svg", block = true },
  { url = "**/beacon", status = 204 },
]

[[story]]
path = "b.html"
capture = { network = "off" }
"#;
    let project = Project::new(MANIFEST, &stories);
    project.write("stories.toml", &format!("{MANIFEST}{rules}"));
    content(&project, &["a", "b"]);
    // Again with baselines, on the fast path, which reuses pages.
    for _ in 0..2 {
        let run = run(&project, &[("TINTYPE_CACHE", "off")]);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
        assert_eq!(project.statuses(), [Status::Passed, Status::Passed]);
    }
    assert_eq!(foreign.asked(), Vec::<String>::new());
    // A rule that is added later applies although the file was loaded before.
    let later = rules.replace(
        "capture = { network = \"off\" }",
        "request = [{ url = \"**/*.svg\", block = true }]",
    );
    project.write("stories.toml", &format!("{MANIFEST}{later}"));
    assert_eq!(run(&project, &[]).code, Some(101));
    assert_eq!(project.statuses(), [Status::Passed, Status::Failed]);
}

fn requests_to_other_origins_are_reported() {
    let foreign = Foreign::start();
    let asks = |path: &str| format!("http://{}/{path}", foreign.address);
    let script = format!(
        "expect('text', await (await fetch('{}')).text(), 'real');",
        asks("data?x=1")
    );
    // A frame without an address has the origin of its page.
    let frame =
        |style: &str| format!("<iframe srcdoc='<link rel=stylesheet href={style}>'></iframe>");
    let stories = [
        ("a.html", &*page(&script)),
        ("b.html", &*frame("own.css")),
        ("c.html", &*frame(&asks("style"))),
        ("own.css", "p { margin: 0 }"),
    ];
    let manifest = format!("{MANIFEST}{}", allow(foreign.address));
    let project = Project::new(&manifest, &stories);
    content(&project, &["a"]);
    // With any rule the proxy reports it; without rules the page does.
    let rule = "[[request]]\nurl = \"**/nothing\"\nblock = true\n";
    for rules in ["", rule] {
        project.write("stories.toml", &format!("{manifest}{rules}"));
        let run = run(&project, &[]);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
        let told = project.result("a::light::400x300").open_network;
        assert_eq!(told, [asks("data?x=1")], "{rules}");
        let told = project.result("b::light::400x300").open_network;
        assert_eq!(told, [""; 0], "{rules}");
        let told = project.result("c::light::400x300").open_network;
        assert_eq!(told, [asks("style")], "{rules}");
        let line = format!("open network: a requested {}", asks("data?x=1"));
        assert!(run.stderr.contains(&line), "{}", run.stderr);
    }
}

pub(crate) fn refused(engine: &str) {
    let foreign = Foreign::start();
    let address = foreign.address;
    let script = format!(
        "await failure(fetch('http://{address}/data'));
         await failure(fetch('https://{address}/secret'));
         const socket = new WebSocket('ws://{address}/socket');
         await new Promise((done) => {{ socket.onerror = done; socket.onopen = done; }});"
    );
    let own = page("expect('own', (await fetch('/b.html')).status, 200);");
    let needs = format!(
        "<p>c<script>fetch('http://{address}/needed').then(() => document.body.append('x'));</script>"
    );
    let stories = [
        ("a.html", &*page(&script)),
        ("b.html", &*own),
        ("c.html", &*needs),
    ];
    let more = r##"[capture]
network = "off"

[[story]]
path = "a.html"
[[story]]
path = "b.html"
[[story]]
path = "c.html"
capture = { wait-for = "#never", timeout = "8s" }
"##;
    let project = Project::new(MANIFEST, &stories);
    project.write(
        "stories.toml",
        &format!("{MANIFEST}{}{more}", browser(engine)),
    );
    assert_eq!(run(&project, &[("TINTYPE_UPDATE", "all")]).code, Some(101));
    let told = |story: &str| {
        let result = project.result(&format!("{story}::light::400x300"));
        assert_eq!(result.status, Status::Failed);
        result.message.unwrap()
    };
    let message = told("a");
    for part in [
        "the page sent requests to the open network".to_owned(),
        format!("http://{address}/data"),
        format!("http://{address}, "),
        "network = \"off\"".to_owned(),
    ] {
        assert!(message.contains(&part), "{part}: {message}");
    }
    // The cause is reported before its consequences.
    let message = told("c");
    assert!(
        message.contains(&format!("http://{address}/needed"))
            && message.contains("timed out after"),
        "{message}"
    );
    assert_eq!(project.statuses()[1], Status::New);
    assert_eq!(foreign.asked(), Vec::<String>::new());
}

/// A rule that matches a TLS address is reported as not applicable.
fn a_rule_that_cannot_apply_over_tls_fails_the_snapshot() {
    let foreign = Foreign::start();
    let address = foreign.address;
    let script = format!("await failure(fetch('https://{address}/api/users'));");
    let stories = [("a.html", &*page(&script))];
    let project = Project::new(MANIFEST, &stories);
    let rule = |url: &str, fate: &str| {
        let rule = format!("{MANIFEST}[[request]]\nurl = \"{url}\"\n{fate}\n");
        project.write("stories.toml", &rule);
        run(&project, &[("TINTYPE_UPDATE", "all")])
    };
    assert_eq!(rule("**/api/users", "json = []").code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    let told = format!("\"**/api/users\" (https://{address}/api/users)");
    assert!(message.contains(&told), "{message}");
    // A whole host can be blocked; it receives no request.
    let before = foreign.asked().len();
    let run = rule(&format!("https://{address}/**"), "block = true");
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(project.result("a::light::400x300").open_network.is_empty());
    assert_eq!(foreign.asked().len(), before);
}

fn websockets_are_forwarded() {
    let foreign = Foreign::start();
    let address = foreign.address;
    let script = format!(
        "const socket = new WebSocket('ws://{address}/socket');
         await new Promise((done) => {{ socket.onerror = done; socket.onopen = done; }});"
    );
    let stories = [("a.html", &*page(&script))];
    let project = Project::new(MANIFEST, &stories);
    let rule = "[[request]]\nurl = \"**/nothing\"\nblock = true\n";
    let allow = allow(address);
    project.write("stories.toml", &format!("{MANIFEST}{allow}{rule}"));
    assert_eq!(run(&project, &[("TINTYPE_UPDATE", "all")]).code, Some(0));
    let asked = foreign.asked();
    assert!(!asked.is_empty());
    for head in asked {
        assert!(head.starts_with("GET /socket HTTP/1.1"), "{head}");
        assert!(head.to_lowercase().contains("upgrade: websocket"), "{head}");
    }
    let told = project.result("a::light::400x300").open_network;
    assert_eq!(told, [format!("http://{address}")]);
}

/// Responses of rules count for the cache like files: a change is detected.
fn stories_with_rules_are_cached() {
    let script = "
        expect('own', (await fetch('/api/users')).status, 200);
        const other = await fetch('http://api.example.test/users');
        document.title = await other.text();
        expect('other', other.status, 200);";
    let stories = [("a.html", &*page(script)), ("b.html", "<p>b")];
    let rules = "[[story]]\npath = \"a.html\"\n[[story.request]]\nurl = \"**/users\"\nfile = \"mocks/users.json\"\n\
        [[story]]\npath = \"b.html\"\n";
    let project = Project::new(MANIFEST, &stories);
    project.write("stories.toml", &format!("{MANIFEST}{rules}"));
    project.write("mocks/users.json", "[]");
    content(&project, &["a"]);
    let cached = || -> Vec<bool> {
        let run = run(&project, &[]);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
        let results = project.last().results;
        results.iter().map(|result| result.cached).collect()
    };
    assert_eq!(cached(), [false, false]);
    assert_eq!(cached(), [true, true]);
    project.write("mocks/users.json", "[1]");
    assert_eq!(cached(), [false, true]);
    assert_eq!(cached(), [true, true]);
    let status = rules.replace("file =", "status = 203\nfile =");
    project.write("stories.toml", &format!("{MANIFEST}{status}"));
    assert_eq!(run(&project, &[]).code, Some(101));
}

/// The same address is answered by a rule for one method and by its file for
/// another.
fn a_rule_for_one_method_leaves_the_file_cached() {
    let script = "
        expect('post', await (await fetch('/data.txt', { method: 'POST' })).text(), 'ruled');
        document.title = await (await fetch('/data.txt')).text();";
    let stories = [("a.html", &*page(script)), ("data.txt", "one")];
    let rule = "[[request]]\nurl = \"**/data.txt\"\nmethod = \"POST\"\ntext = \"ruled\"\n";
    let project = Project::new(&format!("{MANIFEST}{rule}"), &stories);
    content(&project, &["a"]);
    let cached = || {
        assert_eq!(run(&project, &[]).code, Some(0));
        project.result("a::light::400x300").cached
    };
    assert!(!cached());
    assert!(cached());
    project.write("stories/data.txt", "two");
    assert!(!cached(), "its file has changed");
}
