//! Firefox and WebKit, with the expectations of Chromium's tests.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use image::{Rgb, RgbImage};
use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::output::assert_output;
use super::project::{Bell, Project, eventually};
use super::{catching, isolation, requests, settling, steps, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        firefox_captures_pages_and_elements => pictures("firefox"),
        webkit_captures_pages_and_elements => pictures("webkit"),
        pages_settle_in_firefox => rest("firefox"),
        pages_settle_in_webkit => rest("webkit"),
        stories_are_isolated_in_firefox => isolation::hostile("firefox"),
        stories_are_isolated_in_webkit => isolation::hostile("webkit"),
        http_only_cookies_are_isolated_in_firefox => isolation::hidden_cookies("firefox"),
        http_only_cookies_are_isolated_in_webkit => isolation::hidden_cookies("webkit"),
        masks_cover_the_laid_out_page_in_firefox => catching::masks_of_whole_pages("firefox"),
        masks_cover_the_laid_out_page_in_webkit => catching::masks_of_whole_pages("webkit"),
        every_clock_reads_the_set_time_in_firefox => settling::every_clock("firefox"),
        an_unresponsive_bidi_socket_times_out,
        request_rules_apply_in_firefox => requests_of("firefox"),
        request_rules_apply_in_webkit => requests_of("webkit"),
        steps_work_in_firefox => steps_in("firefox"),
        steps_work_in_webkit => steps_in("webkit"),
        unsupported_features_are_refused,
        credentials_are_sent_by_firefox,
        each_engine_has_its_own_baselines,
        a_missing_program_is_reported,
        a_killed_browser_is_replaced,
    ]
}

fn manifest(engine: &str) -> String {
    format!(
        r##"
[stories]
dir = "stories"

[browser]
names = ["{engine}"]
sessions = 1

[themes]
light = {{ color-scheme = "light" }}
dark = {{ color-scheme = "dark" }}

[viewports]
narrow = "300x160"
wide = "1000x700"

[[story]]
path = "screen.html"

[[story]]
path = "screen.html"
id = "sharp"
themes = ["dark"]
viewports = ["narrow"]
scale = 2

[[story]]
path = "tall.html"
themes = ["light"]
viewports = ["narrow"]
capture = {{ target = "page" }}

[[story]]
path = "tall.html"
id = "part"
themes = ["light"]
viewports = ["narrow"]
capture = {{ target = {{ element = "#last" }}, padding = 5 }}
"##
    )
}

/// Encodes the page's view of its screen in the colours of a row of ten-pixel
/// squares: width, height, scale, scrollbar width. It is taller than the screen;
/// the background shows the theme.
const SCREEN: &str = r#"<!doctype html>
<style>
  html { background: white } body { margin: 0; height: 3000px }
  @media (prefers-color-scheme: dark) { html { background: black } }
  i { position: absolute; top: 0; width: 10px; height: 10px }
</style>
<body><script>
  const show = () => {
    const bar = innerWidth - document.documentElement.clientWidth;
    const parts = [innerWidth, innerHeight, devicePixelRatio, bar];
    document.body.replaceChildren(...parts.map((part, index) => {
      const box = document.createElement('i');
      box.style.left = `${index * 10}px`;
      box.style.background = `rgb(${part >> 8}, ${part & 255}, 128)`;
      return box;
    }));
  };
  new ResizeObserver(show).observe(document.documentElement);
  show(); addEventListener('resize', show);
</script>"#;

/// Bands of a hundred pixels, of which each has its own colour.
const TALL: &str = r#"<!doctype html>
<style>body { margin: 0; background: white } div { height: 100px }</style>
<body><script>
  for (let band = 0; band < 24; band += 1) {
    const div = document.createElement('div');
    div.style.background = `rgb(${band * 10}, 0, 200)`;
    if (band === 23) { div.id = 'last'; div.style.margin = '0 20px'; }
    document.body.append(div);
  }
</script>"#;

fn picture(project: &Project, name: &str) -> RgbImage {
    let bytes = project.read(&format!("baselines/{name}.png"));
    image::load_from_memory(&bytes).unwrap().to_rgb8()
}

fn pictures(engine: &str) {
    let project = Project::new(
        &manifest(engine),
        &[("screen.html", SCREEN), ("tall.html", TALL)],
    );
    project.accept_all();
    for (width, height) in [(300, 160), (1000, 700)] {
        for (theme, ground) in [("light", 255), ("dark", 0)] {
            let shot = picture(&project, &format!("screen-{theme}-{width}x{height}"));
            assert_eq!(shot.dimensions(), (width, height), "{theme}");
            let told = |index: u32| {
                let Rgb([high, low, _]) = *shot.get_pixel(index * 10 + 5, 5);
                u32::from(high) * 256 + u32::from(low)
            };
            let told: Vec<u32> = (0..4).map(told).collect();
            assert_eq!(told, [width, height, 1, 0], "{theme}");
            // No scrollbar is drawn over it either.
            let edge = (20..height).all(|y| *shot.get_pixel(width - 1, y) == Rgb([ground; 3]));
            assert!(edge, "{theme} {width}x{height}");
        }
    }
    let sharp = picture(&project, "sharp@2x-dark-300x160");
    assert_eq!(sharp.dimensions(), (600, 320));
    assert_eq!(sharp.get_pixel(50, 10), &Rgb([0, 2, 128]));
    assert_eq!(sharp.get_pixel(400, 200), &Rgb([0; 3]));

    let tall = picture(&project, "tall-light-300x160");
    assert_eq!(tall.dimensions(), (300, 2400));
    for band in 0..23 {
        let colour = Rgb([u8::try_from(band * 10).unwrap(), 0, 200]);
        assert_eq!(tall.get_pixel(120, band * 100 + 50), &colour);
        assert_eq!(tall.get_pixel(299, band * 100 + 99), &colour);
    }
    let part = picture(&project, "part-light-300x160");
    assert_eq!(part.dimensions(), (270, 105));
    assert_eq!(part.get_pixel(2, 50), &Rgb([255; 3]));
    assert_eq!(part.get_pixel(100, 50), &Rgb([230, 0, 200]));

    // A second run passes, and a change is detected.
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let passed = project.result("screen::dark::300x160");
    assert_eq!(passed.status, Status::Passed);
    assert!(passed.browser.unwrap().starts_with(engine));
    assert!(!passed.limits.is_empty());
    project.write("stories/tall.html", &TALL.replace("0, 200)", "200, 0)"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
    assert_eq!(
        project.result("tall::light::300x160").status,
        Status::Failed
    );
    eventually("all its processes are gone", || project.processes() == 0);
}

/// Motion of every kind, and late content.
const RESTLESS: &str = r#"<!doctype html>
<style>
  body { margin: 0; background: white }
  div { position: absolute; width: 40px; height: 40px; background: black }
  @keyframes turn { to { transform: rotate(360deg) } }
  #endless { animation: turn 700ms linear infinite; top: 20px; left: 20px }
  #ends { transition: left 20s; top: 100px; left: 0 }
  #ends.on { left: 200px }
  #driven { top: 160px; left: 0 }
</style>
<div id="endless"></div><div id="ends"></div><div id="driven"></div>
<textarea autofocus>with a caret</textarea>
<script>
  requestAnimationFrame(() => requestAnimationFrame(() => { ends.className = 'on'; }));
  const begun = performance.now();
  const drive = (time) => { driven.style.left = `${Math.min((time - begun) / 4, 180)}px`; requestAnimationFrame(drive); };
  requestAnimationFrame(drive);
  setTimeout(async () => {
    document.documentElement.dataset.tintypeReady = 'true';
    document.body.append(Object.assign(new Image(), { src: '/late.svg', style: 'position: absolute; left: 300px; top: 0' }));
  }, 300);
  document.documentElement.dataset.tintypeReady = 'false';
</script>"#;

const LATE: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><rect width="60" height="60" fill="lime"/></svg>"#;

fn rest(engine: &str) {
    let manifest = format!(
        "[stories]\ndir = \"stories\"\n[browser]\nnames = [\"{engine}\"]\nsessions = 1\n\
         [themes]\nlight = {{ color-scheme = \"light\" }}\n[viewports]\ndesktop = \"600x400\"\n"
    );
    let project = Project::new(&manifest, &[("a.html", RESTLESS), ("late.svg", LATE)]);
    project.accept_all();
    let shot = picture(&project, "a-light-600x400");
    assert_eq!(shot.get_pixel(330, 30), &Rgb([0, 255, 0]), "late image");
    assert_eq!(
        shot.get_pixel(22, 22),
        &Rgb([0; 3]),
        "endless: its beginning"
    );
    assert_eq!(shot.get_pixel(220, 120), &Rgb([0; 3]), "finite: its end");
    assert_eq!(shot.get_pixel(200, 180), &Rgb([0; 3]), "driven: its end");
    for _ in 0..2 {
        let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
    }

    // A page that never settles names the condition that it waited for.
    project.write(
        "stories/a.html",
        "<script>document.documentElement.dataset.tintypeReady = 'false'</script>",
    );
    project.write(
        "stories.toml",
        &format!("{manifest}[capture]\ntimeout = \"5s\"\n"),
    );
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::600x400").message.unwrap();
    assert_output("not_ready", &message);

    // A server's error page fails the story.
    let base = broken_server();
    let manifest = manifest.replace("dir = \"stories\"", &format!("url = \"{base}\""));
    project.write(
        "stories.toml",
        &format!("{manifest}[[story]]\npath = \"/a.html\"\n"),
    );
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::600x400").message.unwrap();
    assert!(message.contains("status 500"), "{message}");
}

/// A server that responds only with errors; its address.
fn broken_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(
                b"HTTP/1.1 500 Oops\r\ncontent-type: text/html\r\ncontent-length: 4\r\nconnection: close\r\n\r\noops",
            );
        }
    });
    format!("http://{address}")
}

fn requests_of(engine: &str) {
    requests::other_origin(engine);
    requests::refused(engine);
}

fn steps_in(engine: &str) {
    steps::every_kind_at_once(engine);
    steps::promises(engine);
    steps::no_traces(engine);
}

/// Green for requests with header and cookie, red for others.
fn credentials_are_sent_by_firefox() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let told = String::from_utf8_lossy(&request[..length]).to_lowercase();
            let known = told.contains("x-key: sesame") && told.contains("cookie: sid=s3cr3t");
            let page = format!("<body bgcolor={}>", if known { "lime" } else { "red" });
            let length = page.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
            );
        }
    });
    let manifest = format!(
        "[stories]\nurl = \"http://{address}\"\nheaders = {{ x-key = \"${{KEY}}\" }}\ncookies = {{ sid = \"${{SID}}\" }}\n\
         [browser]\nnames = [\"firefox\"]\nsessions = 1\n[themes]\nlight = {{}}\n\
         [viewports]\nphone = \"320x200\"\n[[story]]\npath = \"/a\"\n[[story]]\npath = \"/b\"\n"
    );
    let project = Project::new(&manifest, &[]);
    let secrets = [("KEY", "sesame"), ("SID", "s3cr3t")];
    for update in ["new", "no"] {
        let mut variables = secrets.to_vec();
        variables.extend([("TINTYPE_UPDATE", update), ("TINTYPE_CACHE", "off")]);
        let run = project.run(&[], &variables);
        assert_eq!(run.code, Some(0), "{}", run.stdout);
    }
    for story in ["a", "b"] {
        let shot = picture(&project, &format!("{story}-light-320x200"));
        assert_eq!(shot.get_pixel(100, 100), &Rgb([0, 255, 0]), "{story}");
    }
}

/// No engine ignores a setting that it does not support.
fn unsupported_features_are_refused() {
    let manifest = "[stories]\ndir = \"stories\"\n[browser]\nnames = [\"chromium\", \"firefox\", \"webkit\"]\n\
         [themes]\nlight = {}\n[viewports]\nphone = { width = 320, height = 200, touch = true }\n\
         [[story]]\npath = \"a.html\"\n";
    let project = Project::new(manifest, &[("a.html", "<p>a")]);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    assert_eq!(project.result("a::light::320x200").status, Status::New);
    for engine in ["firefox", "webkit"] {
        let result = project.result(&format!("a@{engine}::light::320x200"));
        let message = result.message.unwrap();
        let told = format!("the story `a` uses `touch`, which is not supported by {engine}");
        assert!(message.contains(&told), "{message}");
        assert_eq!(result.attempt, Some(1));
    }
}

fn each_engine_has_its_own_baselines() {
    let manifest = "[stories]\ndir = \"stories\"\n[browser]\nnames = [\"chromium\", \"firefox\", \"webkit\"]\nsessions = 1\n\
         [themes]\nlight = { color-scheme = \"light\" }\n[viewports]\nphone = \"320x200\"\n";
    let project = Project::new(manifest, &[("a.html", "<p>a"), ("b.html", "<p>b")]);
    project.accept_all();
    let environment = project.last().run.environment;
    let browsers = environment.browser.unwrap();
    for engine in ["chromium ", "firefox ", "webkit "] {
        assert!(browsers.contains(engine), "{browsers}");
    }
    for name in ["a", "a@firefox", "a@webkit", "b@webkit"] {
        let shot = picture(&project, &format!("{name}-light-320x200"));
        assert_eq!(shot.dimensions(), (320, 200), "{name}");
    }
    let run = project.run(
        &[],
        &[("TINTYPE_BROWSER", "webkit"), ("TINTYPE_CACHE", "off")],
    );
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let last = project.last();
    assert_eq!(last.run.summary.total, 2);
    let result = project.result("a@webkit::light::320x200");
    // The baseline was made by the same browser, although the run used others too.
    assert!(result.environment_changed.is_empty());
}

fn a_missing_program_is_reported() {
    let cases = [
        ("firefox", "binary", "firefox-esr"),
        ("firefox", "driver", "cargo install geckodriver"),
        ("webkit", "driver", "webkit2gtk-driver"),
    ];
    for (engine, key, package) in cases {
        let manifest = format!(
            "[stories]\ndir = \"stories\"\n[browser]\nnames = [\"{engine}\"]\n[browser.{engine}]\n{key} = \"no-such-program\"\n"
        );
        let project = Project::new(&manifest, &[("a.html", "<p>a")]);
        assert_eq!(project.run(&[], &[]).code, Some(101));
        let message = project.result("a::light::1280x720").message.unwrap();
        for part in ["no-such-program", package, &format!("[browser.{engine}]")] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}

/// A WebDriver that opens a session whose socket never responds.
fn an_unresponsive_bidi_socket_times_out() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let capabilities = format!(
        r#"{{ "browserName": "firefox", "webSocketUrl": "ws://{}/" }}"#,
        socket.local_addr().unwrap()
    );
    let driver = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = driver.local_addr().unwrap();
    std::thread::spawn(move || {
        let body =
            format!(r#"{{ "value": {{ "sessionId": "1", "capabilities": {capabilities} }} }}"#);
        let length = body.len();
        for mut stream in driver.incoming().flatten() {
            let _ = stream.read(&mut [0; 8192]);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n\
                 content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    let manifest = format!(
        "[stories]\ndir = \"stories\"\n[browser]\nnames = [\"firefox\"]\nsessions = 1\n\
         webdriver = \"http://{address}\"\n[themes]\nlight = {{}}\n[viewports]\nphone = \"320x200\"\n"
    );
    let project = Project::new(&manifest, &[("a.html", "<p>a")]);
    let mut command = project.suite(&["--exact", "a::light::320x200"]);
    let mut child = command.spawn().unwrap();
    // A hang fails the test instead of blocking it.
    eventually("it is given up", || child.try_wait().unwrap().is_some());
    let message = project.result("a::light::320x200").message.unwrap();
    let told = "waiting for the connection to ws://";
    assert!(message.contains(told), "{message}");
}

fn a_killed_browser_is_replaced() {
    for engine in ["firefox", "webkit"] {
        let manifest = format!(
            "[stories]\ndir = \"stories\"\n[browser]\nnames = [\"{engine}\"]\nsessions = 1\n\
             [themes]\nlight = {{ color-scheme = \"light\" }}\n[viewports]\nphone = \"320x200\"\n"
        );
        let bell = Bell::new();
        let stories = [("a.html", "<p>a"), ("b.html", &bell.story())];
        let project = Project::new(&(manifest + &bell.allowed()), &stories);
        let mut command = project.suite(&[]);
        command.env("TINTYPE_UPDATE", "new");
        let child = command.spawn().unwrap();
        bell.wait();
        project.write("stories/b.html", "<p>b");
        let victims = project.programs(&["firefox-esr", "firefox", "WebKitWebDriver"]);
        assert!(!victims.is_empty(), "{engine}");
        std::process::Command::new("kill")
            .arg("-9")
            .args(&victims)
            .status()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{engine}: {text}");
        let second = project.result("b::light::320x200");
        assert_eq!((second.status, second.attempt), (Status::New, Some(2)));
        eventually("all its processes are gone", || project.processes() == 0);
    }
}
