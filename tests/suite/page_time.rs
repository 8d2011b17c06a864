//! A page's time: motion of every kind is captured at its end, in every engine,
//! and a page is the same in every run.

use std::fs;

use image::{Rgb, RgbImage};
use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::Project;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        motion_ends_in_virtual_time => motion_ends("names = [\"chromium\"]"),
        motion_ends_in_a_whole_chromium => motion_ends("binary = \"chromium\""),
        motion_ends_in_firefox => motion_ends("names = [\"firefox\"]"),
        motion_ends_in_webkit => motion_ends("names = [\"webkit\"]"),
        work_in_real_time_is_waited_for => work_is_waited_for("names = [\"chromium\"]"),
        work_is_waited_for_in_a_whole_chromium => work_is_waited_for("binary = \"chromium\""),
        work_is_waited_for_in_firefox => work_is_waited_for("names = [\"firefox\"]"),
        pages_repeat_in_virtual_time => pages_repeat("names = [\"chromium\"]"),
        pages_repeat_in_a_whole_chromium => pages_repeat("binary = \"chromium\""),
        pages_repeat_in_firefox => pages_repeat("names = [\"firefox\"]"),
        pages_repeat_in_webkit => pages_repeat("names = [\"webkit\"]"),
    ]
}

fn manifest(browser: &str) -> String {
    format!(
        "[stories]\ndir = \"stories\"\n[browser]\nsessions = 1\n{browser}\n\
         [themes]\nlight = {{}}\n[viewports]\nsmall = \"300x200\"\n"
    )
}

/// A page with a box `b` that is red and 300 by 200 pixels, and a script.
fn page(script: &str) -> String {
    format!(
        "<!doctype html><style>body {{ margin: 0 }} #b {{ position: absolute; width: 300px; \
         height: 200px; background: red }} iframe {{ border: 0; width: 300px; height: 200px }} \
         </style><div id=b></div><script>const green = () => {{ b.style.background = 'lime' }};\
         {script}</script>"
    )
}

/// A page that turns green after half a second, for frames.
const LATE_GREEN: &str = "<body style=\"margin:0;background:red\"><script>\
    setTimeout(() => { document.body.style.background = \"lime\" }, 500)</script>";

/// Pages that are green at their end, and only there.
fn pages_with_an_end() -> Vec<(&'static str, String)> {
    vec![
        ("typewriter", page("let n = 0; const id = setInterval(() => { n += 1; b.textContent += 'x'; if (n === 40) { clearInterval(id); green(); } }, 60);")),
        ("frames", page("let first; requestAnimationFrame(function step(now) { first ??= now; if (now - first < 2500) requestAnimationFrame(step); else green(); });")),
        ("frames-by-date", page("const begun = Date.now(); requestAnimationFrame(function step() { if (Date.now() - begun < 2500) requestAnimationFrame(step); else green(); });")),
        ("fade", page("let left = 1; const id = setInterval(() => { left -= 0.02; if (left <= 0) { clearInterval(id); green(); } }, 13);")),
        ("timeouts", page("const next = (n) => { if (n === 0) green(); else setTimeout(next, 700, n - 1); }; next(4);")),
        ("idle", page("if (!window.requestIdleCallback) green(); else setTimeout(() => requestIdleCallback((deadline) => { if (deadline.timeRemaining() > 0) green(); }), 400);")),
        ("animation", page("b.animate([{ opacity: 1 }, { opacity: 0.5 }], 3000).finished.then(() => setTimeout(green, 200));")),
        ("smil", "<!doctype html><style>body { margin: 0 }</style><svg width=300 height=200><rect width=300 height=200 fill=red><set attributeName=fill to=lime begin=2s fill=freeze /></rect></svg>".to_owned()),
        ("after-style-sheet", page("").replace("<style>", "<link rel=stylesheet href=empty.css><style>").replace("</script>", "</script><script>setTimeout(green, 300)</script>")),
        ("debounced", page("setTimeout(async () => { if ((await (await fetch('lime.txt')).text()).trim() === 'lime') green(); }, 400);")),
        ("chained", page("(async () => { for (let n = 0; n < 3; n += 1) { await (await fetch('lime.txt')).text(); await new Promise((done) => setTimeout(done, 150)); } green(); })();")),
        ("xhr", page("setTimeout(() => { const x = new XMLHttpRequest(); x.onload = green; x.open('GET', 'lime.txt'); x.send(); }, 300);")),
        ("script", page("setTimeout(() => { const s = document.createElement('script'); s.src = 'green.js'; document.head.append(s); }, 300);")),
        ("image", page("setTimeout(() => { const i = new Image(); i.onload = green; i.src = 'dot.svg'; }, 300);")),
        ("frame", page(&format!("b.remove(); setTimeout(() => {{ const f = document.createElement('iframe'); f.srcdoc = '{}'; document.body.append(f); }}, 300);", LATE_GREEN.replace("</", "<\\/")))),
        ("frame-by-address", page("b.remove(); const f = document.createElement('iframe'); f.src = 'late.html'; document.body.append(f);")),
        ("sandboxed-frame", page("b.remove(); const f = document.createElement('iframe'); f.sandbox = 'allow-scripts'; f.src = 'late.html'; document.body.append(f);")),
        ("object", page("b.remove(); setTimeout(() => { const o = document.createElement('object'); o.data = 'lime.svg'; o.type = 'image/svg+xml'; o.style.display = 'block'; document.body.append(o); }, 300);")),
        ("start", page("if (new Date().toISOString().startsWith('2026-01-01T12:00:0') && new Date(performance.timeOrigin + performance.now()) > 0) green();")),
        ("clock", page("const told = [Date.now(), Date.now()]; const ran = performance.now(); setTimeout(() => { const passed = performance.now() - ran; if (told[0] < told[1] && passed >= 1500 && passed < 1700) green(); }, 1500);")),
    ]
}

/// Ways to turn green that depend on work which the browser does in real time.
const WORK: [(&str, &str); 12] = [
    (
        "database",
        "const q = indexedDB.open('a'); q.onupgradeneeded = () => q.result.createObjectStore('s'); q.onsuccess = () => { const t = q.result.transaction('s', 'readwrite'); t.objectStore('s').put(1, 2); t.oncomplete = green; };",
    ),
    (
        "cache",
        "(async () => { const c = await caches.open('x'); await c.put('/y', new Response('z')); if (await (await c.match('/y')).text() === 'z') green(); })();",
    ),
    (
        "compiling",
        "WebAssembly.instantiate(new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,102,0,0,10,6,1,4,0,65,42,11])).then(({ instance }) => { if (instance.exports.f() === 42) green(); });",
    ),
    (
        "decoding",
        "(async () => { const i = new Image(); i.src = 'lime.svg'; await i.decode(); const c = document.createElement('canvas'); c.width = 9; await createImageBitmap(c); c.toBlob((blob) => { const r = new FileReader(); r.onload = green; r.readAsDataURL(blob); }); })();",
    ),
    (
        "digest",
        "crypto.subtle.digest('SHA-256', new Uint8Array(9)).then(green);",
    ),
    (
        "worker",
        "const w = new Worker('worker.js', { type: 'module' }); w.onmessage = ({ data }) => { if (data < 12) w.postMessage(data); else green(); };",
    ),
    (
        "worker-by-port",
        "const c = new MessageChannel(); c.port1.onmessage = green; const w = new Worker(URL.createObjectURL(new Blob(['onmessage = (e) => e.ports[0].postMessage(1)']))); w.postMessage(0, [c.port2]);",
    ),
    (
        "worker-with-timer",
        "const w = new Worker(URL.createObjectURL(new Blob(['setTimeout(() => postMessage(1), 300)']))); w.onmessage = green;",
    ),
    (
        "worker-asked-twice",
        "const w = new Worker('slow.js'); w.onmessage = ({ data }) => { if (data === 1) setTimeout(() => w.postMessage(1), 200); else green(); }; w.postMessage(0);",
    ),
    (
        "shared-worker",
        "const w = new SharedWorker(URL.createObjectURL(new Blob(['onconnect = ({ ports: [port] }) => setTimeout(() => port.postMessage(1), 200)']))); w.port.onmessage = green;",
    ),
    (
        "module",
        "const m = document.createElement('script'); m.type = 'module'; m.textContent = 'await (await fetch(`lime.svg`)).text(); green();'; document.head.append(m);",
    ),
    (
        "audio",
        "new OfflineAudioContext(1, 4000, 44100).startRendering().then(green);",
    ),
];

fn work_is_waited_for(browser: &str) {
    let worker = "import { one } from './one.js'; onmessage = ({ data }) => { \
                  for (let n = 0; n < 1e7; n += 1); postMessage(data + one); }; postMessage(0);";
    let pages = WORK.map(|(name, script)| (format!("{name}.html"), page(script)));
    let mut files: Vec<(&str, &str)> = pages.iter().map(|(a, b)| (&**a, &**b)).collect();
    files.push(("worker.js", worker));
    files.push(("one.js", "export const one = 1;"));
    let slow = "onmessage = ({ data }) => setTimeout(() => postMessage(data + 1), 100);";
    files.push(("slow.js", slow));
    files.push(("lime.svg", LIME));
    let names = WORK.map(|(name, _)| name);
    let project = unfinished(&manifest(browser), &names, &files);
    project.accept_all();
    let is_wrong = |name: &&str| *picture(&project, name).get_pixel(250, 150) != Rgb([0, 255, 0]);
    let wrong: Vec<&str> = WORK
        .map(|(name, _)| name)
        .into_iter()
        .filter(is_wrong)
        .collect();
    assert!(
        wrong.is_empty(),
        "captured before the work was done: {wrong:?}"
    );
    passes_again(&project);
}

fn motion_ends(browser: &str) {
    let mut pages = pages_with_an_end();
    // The limits of the engines name both.
    let unsupported = [("binary", "smil"), ("webkit", "frame")];
    pages.retain(|(name, _)| {
        let mut unsupported = unsupported.iter();
        !unsupported.any(|(engine, page)| browser.contains(engine) && page == name)
    });
    let mut files: Vec<(String, String)> = Vec::new();
    for (name, text) in &pages {
        files.push((format!("{name}.html"), text.clone()));
    }
    files.push(("lime.txt".to_owned(), "lime".to_owned()));
    files.push(("green.js".to_owned(), "setTimeout(green, 200);".to_owned()));
    // A script after it starts at a fraction of a millisecond.
    files.push(("empty.css".to_owned(), "p { margin: 0 }".to_owned()));
    files.push(("late.html".to_owned(), LATE_GREEN.to_owned()));
    files.push(("dot.svg".to_owned(), DOT.to_owned()));
    files.push(("lime.svg".to_owned(), LIME.to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (&**a, &**b)).collect();
    let names: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
    // Firefox and WebKit have the clock of a whole Chromium, and are slower.
    let project = if browser.contains("fox") || browser.contains("webkit") {
        Project::new(&manifest(browser), &files)
    } else {
        unfinished(&manifest(browser), &names, &files)
    };
    project.accept_all();
    let wrong: Vec<&str> = pages
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| {
            let shot = picture(&project, name);
            *shot.get_pixel(250, 150) != Rgb([0, 255, 0])
        })
        .collect();
    assert!(wrong.is_empty(), "not at their end: {wrong:?}");
    passes_again(&project);
}

const LIME: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'>\
    <rect width='300' height='200' fill='lime'/></svg>";
const DOT: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";

/// Pages without an end, and pages of chance.
const ENDLESS: [(&str, &str); 5] = [
    (
        "spinner",
        "let a = 0; (function turn() { a += 7; b.style.cssText += `;width: 80px; height: 80px; margin: 50px; transform: rotate(${a}deg)`; requestAnimationFrame(turn); })();",
    ),
    (
        "spinner-by-time",
        "(function turn(now = 0) { b.style.cssText += `;width: 80px; height: 80px; margin: 50px; transform: rotate(${now / 9}deg)`; requestAnimationFrame(turn); })();",
    ),
    (
        "ticker",
        "let n = 0; setInterval(() => { n += 1; b.textContent = n; }, 70);",
    ),
    (
        "wall-clock",
        "setInterval(() => { b.textContent = `${new Date().toISOString()} ${performance.now()}`; }, 500);",
    ),
    (
        "chance",
        "b.textContent = [Math.random(), crypto.randomUUID?.() ?? 0, crypto.getRandomValues(new Uint32Array(2))].join();",
    ),
];

fn pages_repeat(browser: &str) {
    let files: Vec<(String, String)> = ENDLESS
        .iter()
        .map(|(name, script)| (format!("{name}.html"), page(script)))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (&**a, &**b)).collect();
    let project = Project::new(&manifest(browser), &files);
    project.accept_all();
    passes_again(&project);
}

/// A project whose baselines show each page as it is at first. None of the pages
/// passes.
fn unfinished(manifest: &str, names: &[&str], files: &[(&str, &str)]) -> Project {
    let first = page("");
    let pages = names.iter().map(|name| format!("{name}.html"));
    let pages: Vec<(String, &str)> = pages.map(|name| (name, &*first)).collect();
    let pages: Vec<(&str, &str)> = pages.iter().map(|(a, b)| (&**a, *b)).collect();
    let project = Project::new(manifest, &pages);
    project.accept_all();
    for (file, text) in files {
        project.write(&format!("stories/{file}"), text);
    }
    project.run(&[], &[]);
    for result in project.last().results {
        let name = result.story_identifier;
        assert_ne!(result.status, Status::Passed, "{name}");
    }
    fs::remove_dir_all(project.path().join("baselines")).unwrap();
    project
}

/// Every picture has the same bytes as before.
fn passes_again(project: &Project) {
    let run = project.run(&[], &[("TINTYPE_UPDATE", "all"), ("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    for result in project.last().results {
        let name = result.story_identifier;
        assert_eq!(result.status, Status::Passed, "{name}");
        assert_eq!(result.message, None, "{name} has other bytes");
    }
}

fn picture(project: &Project, name: &str) -> RgbImage {
    let bytes = project.read(&format!("baselines/{name}-light-300x200.png"));
    image::load_from_memory(&bytes).unwrap().to_rgb8()
}
