//! Stories are isolated from each other's state.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_hostile_story_does_not_affect_the_next => hostile("chromium"),
        a_story_that_mutates_itself_is_captured_on_fresh_pages,
        http_only_cookies_are_isolated => hidden_cookies("chromium"),
    ]
}

/// Shows in black any state that a fresh page does not have.
const INNOCENT: &str = r#"<!doctype html>
<style>body { margin: 0; background: white } p { margin: 0; font: 12px monospace }</style>
<body><script>
  document.documentElement.dataset.tintypeReady = 'false';
  (async () => {
    const found = [];
    if (localStorage.length || sessionStorage.length) found.push('storage');
    if (document.cookie) found.push('cookie');
    if (window.name) found.push('name');
    if ((await indexedDB.databases()).length) found.push('database');
    if ((await caches.keys()).length) found.push('cache');
    if ((await navigator.serviceWorker.getRegistrations()).length) found.push('worker');
    if (scrollY !== 0) found.push('scroll');
    if (document.activeElement !== document.body) found.push('focus');
    if (document.querySelector(':hover:not(html):not(body)')) found.push('hover');
    if (visualViewport.scale !== 1 || document.body.style.zoom) found.push('zoom');
    if (document.adoptedStyleSheets.length > 1 || document.styleSheets.length > 1) found.push('style');
    for (const each of found) document.body.append(Object.assign(document.createElement('p'), { textContent: each }));
    document.documentElement.dataset.tintypeReady = 'true';
  })();
</script>"#;

const HOSTILE: &str = r#"<!doctype html><body style="height: 3000px"><input>
<script>
  document.documentElement.dataset.tintypeReady = 'false';
  (async () => {
    localStorage.setItem('theme', 'dark');
    sessionStorage.setItem('step', '2');
    document.cookie = 'a=b; path=/; max-age=10000';
    window.name = 'left behind';
    await new Promise((done) => { indexedDB.open('left', 1).onsuccess = done; });
    await caches.open('left');
    await navigator.serviceWorker.register('/worker.js');
    document.querySelector('input').focus();
    scrollTo(0, 500);
    document.body.style.zoom = '2';
    document.adoptedStyleSheets = [Object.assign(new CSSStyleSheet(), {})];
    history.pushState({}, '', '?changed');
    document.documentElement.dataset.tintypeReady = 'true';
    setTimeout(() => { alert('unanswered'); confirm('also unanswered'); });
  })();
</script>"#;

pub(crate) fn hostile(engine: &str) {
    let worker = "self.addEventListener('install', () => self.skipWaiting()); self.addEventListener('activate', (e) => e.waitUntil(clients.claim())); self.addEventListener('fetch', () => {});";
    let stories = [("b.html", INNOCENT), ("worker.js", worker)];
    let manifest = format!("{MANIFEST}[browser]\nnames = [\"{engine}\"]\nsessions = 1\n");
    let project = Project::new(&manifest, &stories);
    project.accept_all();
    let alone = project.read("baselines/b-light-400x300.png");
    let pixels = image::load_from_memory(&alone).unwrap().to_rgb8();
    assert!(
        pixels.pixels().all(|pixel| pixel.0 == [255; 3]),
        "fresh is white"
    );

    // The hostile story comes first, in the same browser.
    let mut story = HOSTILE.to_owned();
    if engine == "webkit" {
        // WebKit runs no script before the page, so its dialogs would stay
        // open.
        story = story.replace("alert('unanswered'); confirm('also unanswered');", "");
    }
    project.write("stories/a.html", &story);
    let run = project.run(&["--test-threads=1"], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let innocent = project.result("b::light::400x300");
    assert_eq!(innocent.status, Status::Passed);
    // Again, with a baseline for the hostile one.
    let run = project.run(&["--test-threads=1"], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert_eq!(project.statuses(), [Status::Passed, Status::Passed]);
}

/// Each load leaves a mark that the next one on the same page would show.
fn a_story_that_mutates_itself_is_captured_on_fresh_pages() {
    let manifest = "[stories]\ndir = \"stories\"\n[themes]\nlight = { color-scheme = \"light\" }\ndark = { color-scheme = \"dark\" }\n[viewports]\ndesktop = \"400x300\"\n";
    let page = "<!doctype html><body><script>
        let shown = 0;
        const draw = () => { shown += 1; document.body.style.background = `rgb(${shown * 50}, 0, 0)`; };
        matchMedia('(prefers-color-scheme: dark)').onchange = draw; draw();</script>";
    for isolation in ["story", "theme", "snapshot"] {
        let manifest = format!("{manifest}[capture]\nisolation = \"{isolation}\"\n");
        let project = Project::new(&manifest, &[("a.html", page)]);
        project.accept_all();
        // Baselines come from fresh pages, even if snapshots can share one.
        let read = |theme: &str| project.read(&format!("baselines/a-{theme}-400x300.png"));
        assert_eq!(
            image::load_from_memory(&read("light")).unwrap(),
            image::load_from_memory(&read("dark")).unwrap()
        );
        assert_eq!(project.run(&[], &[]).code, Some(0), "{isolation}");
    }
}

/// A server that sets a cookie on `/a`. Returns its address and the requests that
/// sent an unexpected cookie.
fn generous_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&shown);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let told = String::from_utf8_lossy(&request[..length]).to_lowercase();
            let path = told.split(' ').nth(1).unwrap_or_default().to_owned();
            if told.contains("session=s3cr3t") {
                list.lock().unwrap().push(path.clone());
            }
            let gift = match &*path {
                "/a" => "set-cookie: session=s3cr3t; HttpOnly; Path=/\r\n",
                _ => "",
            };
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n{gift}content-length: 4\r\nconnection: close\r\n\r\n<p>x"
            );
        }
    });
    (format!("http://{address}"), shown)
}

pub(crate) fn hidden_cookies(engine: &str) {
    let (address, shown) = generous_server();
    let manifest = format!(
        "[stories]\nurl = \"{address}\"\n[browser]\nnames = [\"{engine}\"]\nsessions = 1\n\
         [themes]\nlight = {{}}\n[viewports]\nphone = \"320x200\"\n"
    );
    let stories = "[[story]]\npath = \"/a\"\n[[story]]\npath = \"/b\"\n";
    // Again behind a proxy, with which a page is left earlier.
    let rule = "[[request]]\nurl = \"**/nothing\"\nblock = true\n";
    let project = Project::new(&format!("{manifest}{stories}"), &[]);
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    project.write("stories.toml", &format!("{manifest}{rule}{stories}"));
    assert_eq!(project.run(&[], &[]).code, Some(0));
    assert_eq!(project.statuses(), [Status::Passed, Status::Passed]);
    let shown = shown.lock().unwrap();
    let leaked = shown.iter().filter(|path| path.starts_with("/b"));
    assert_eq!(leaked.count(), 0, "{shown:?}");
}
