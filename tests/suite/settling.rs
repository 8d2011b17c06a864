//! Pages are captured once settled; a timeout names the awaited condition.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::output::assert_output;
use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        animations_are_finished,
        an_animated_image_shows_its_first_frame,
        smooth_scrolling_is_finished,
        media_queries_see_a_mouse_or_touch,
        a_video_shows_its_first_frame,
        theme_transitions_are_finished_on_a_reused_page,
        a_missing_image_is_named_in_the_timeout,
        a_page_that_is_not_ready_times_out,
        an_error_page_fails,
        an_unstable_page_is_reported_with_its_region,
        an_unstable_page_names_the_worker_that_draws,
        math_random_can_be_seeded,
        endless_motion_in_closed_shadow_roots_is_the_same_in_every_run,
        a_slow_frame_is_waited_for,
        the_clock_can_be_frozen,
        motion_by_a_set_clock_is_finished,
        every_clock_reads_the_set_time => every_clock("chromium"),
        motion_by_request_animation_frame_is_finished,
        wait_for_awaits_late_content,
        two_runs_are_identical,
    ]
}

const LIMIT: &str = "[capture]\ntimeout = \"4s\"\n";

fn animations_are_finished() {
    let moving = "<!doctype html><style>
        @keyframes slide { from { left: 0 } to { left: 200px } }
        @keyframes spin { from { left: 100px } to { left: 300px } }
        div { position: absolute; width: 20px; height: 20px; background: red; top: 0; left: 0 }
        #finite { animation: slide 30s linear forwards }
        #endless { animation: spin 3s linear infinite; top: 50px; left: 40px }
        #late { transition: left 30s; top: 100px }
        </style><input autofocus><div id=finite></div><div id=endless></div><div id=late></div>
        <script>requestAnimationFrame(() => { late.style.left = '150px'; });
        const host = document.createElement('div'); document.body.append(host);
        host.attachShadow({ mode: 'closed' }).innerHTML = '<style>@keyframes s { to { left: 250px } } i { position: absolute; width: 20px; height: 20px; background: blue; left: 0; top: 150px; animation: s 30s forwards }</style><i></i>';
        </script>";
    let project = Project::new(MANIFEST, &[("a.html", moving)]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"))
        .unwrap()
        .to_rgb8();
    let red = [255, 0, 0];
    assert_eq!(
        picture.get_pixel(210, 10).0,
        red,
        "the finite animation's end"
    );
    assert_eq!(
        picture.get_pixel(50, 60).0,
        red,
        "the endless animation's beginning"
    );
    assert_eq!(
        picture.get_pixel(160, 110).0,
        red,
        "the late transition's end"
    );
    assert_eq!(project.run(&[], &[]).code, Some(0));
}

/// Two by two pixels, red for 50 ms, then blue for 50 ms, forever.
const RED_AND_BLUE: &str = "data:image/gif;base64,R0lGODlhAgACAIEAAP8AAAAAAAAAAAAAACH/C05FVFNDQVBFMi4wAwEAAAAh+QQABQAAACwAAAAAAgACAAAIBgABCAQQEAAh+QQBBQABACwAAAAAAgACAIEAAP8AAAAAAAAAAAAIBgABCAQQEAA7";

fn an_animated_image_shows_its_first_frame() {
    let page = format!(
        "<!doctype html><style>body {{ margin: 0 }} img, div {{ width: 50px; height: 50px; display: block }}
        div {{ background: url({RED_AND_BLUE}); background-size: cover }}</style>
        <img src='{RED_AND_BLUE}'><div></div>
        <script>setTimeout(() => {{ window.late = true }}, 320)</script>"
    );
    let manifest = format!("{MANIFEST}[capture]\nwait-for = {{ expression = \"window.late\" }}\n");
    let project = Project::new(&manifest, &[("a.html", &page)]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
    let picture = picture.unwrap().to_rgb8();
    for (what, y) in [("element", 25), ("background", 75)] {
        assert_eq!(picture.get_pixel(25, y).0, [255, 0, 0], "{what}");
    }
}

fn smooth_scrolling_is_finished() {
    let page = "<!doctype html><style>body { margin: 0 } div { height: 100px; overflow: auto }
        p { margin: 0; height: 300px; background: red } p + p { background: lime }</style>
        <div id=a><p></p><p></p></div><div id=b style='scroll-behavior: smooth'><p></p><p></p></div>
        <script>setTimeout(() => { a.scrollTo({ top: 600, behavior: 'smooth' }); b.scrollTop = 600; }, 300)</script>";
    let project = Project::new(MANIFEST, &[("a.html", page)]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
    let picture = picture.unwrap().to_rgb8();
    assert_eq!(picture.get_pixel(200, 50).0, [0, 255, 0], "by script");
    assert_eq!(picture.get_pixel(200, 150).0, [0, 255, 0], "by style");
}

fn media_queries_see_a_mouse_or_touch() {
    let page = "<!doctype html><style>body { margin: 0; height: 100vh }
        @media (hover: hover) and (pointer: fine) and (any-hover: hover) { body { background: lime } }
        @media (hover: none) and (pointer: coarse) { body { background: blue } }</style>";
    let touch = "phone = { width = 300, height = 200, touch = true }";
    let manifest = MANIFEST.replace("[viewports]\n", &format!("[viewports]\n{touch}\n"));
    let project = Project::new(&manifest, &[("a.html", page)]);
    project.accept_all();
    let background = |size: &str| {
        let file = project.read(&format!("baselines/a-light-{size}.png"));
        image::load_from_memory(&file)
            .unwrap()
            .to_rgb8()
            .get_pixel(9, 9)
            .0
    };
    assert_eq!(background("400x300"), [0, 255, 0]);
    assert_eq!(background("300x200"), [0, 0, 255]);
}

/// 32 by 32 pixels, red for 200 ms, then blue for a second: VP8 in WebM.
const RED_THEN_BLUE: &str = "data:video/webm;base64,\
    GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQJChYECGFOAZwEAAAAAAANGEU2bdLpNu4tTq4QVSalmU6yBoU\
    27i1OrhBZUrmtTrIHWTbuMU6uEElTDZ1OsggEyTbuMU6uEHFO7a1OsggMf7AEAAAAAAABZAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAVSalmsCrXsYMPQkBNgIxMYXZmNjMuMS4xMDJXQYxMYXZmNjMuMS4xMDJEiYhAksAAAAAAABZUrmvXrgEA\
    AAAAAABO14EBc8WIm7Gd/ML40wycgQAitZyDdW5kiIEAhoVWX1ZQOIOBASPjg4QF9eEA4JCwgSC6gSCagQJVsIRVuY\
    EBVe6BAOwBAAAAAAAAAgAAElTDZ/pzc59jwIBnyJlFo4dFTkNPREVSRIeMTGF2ZjYzLjEuMTAyc3PVY8CLY8WIm7Gd\
    /ML40wxnyKBFo4dFTkNPREVSRIeTTGF2YzYzLjEuMTAyIGxpYnZweGfIoUWjiERVUkFUSU9ORIeTMDA6MDA6MDEuMj\
    AwMDAwMDAwAB9DtnVBaOeBAKO+gQAAgBADAJ0BKiAAIAAARwiFhYiFhIgCAgJ1qgP4A/oCCFkMvQD+/W7z/+OZNzDE\
    /45t//FhPA4oyP/xUQCjlYEAZACxAQABEBAAGAAYWC/0AAhwAKO9gQDIgNACAJ0BKiAAIAAARwiFhYiFhIgCAgJ1qg\
    P4AgghCD0A/v9NEv/8WFfxYV/FhX/xYV/8/M7txfzmAKOVgQEsALEBAAEQEAAYABhYL/QACHAAo5WBAZAAsQEAARAQ\
    ABgAGFgv9AAIcACjlYEB9ACxAQABEBAAGAAYWC/0AAhwAKOVgQJYALEBAAEQEAAYABhYL/QACHAAo5WBArwAsQEAAR\
    AQABgAGFgv9AAIcACjlYEDIACxAQABEBAAGAAYWC/0AAhwAKOVgQOEALEBAAEQEBRgAGFgv9AAIcAAo5WBA+gAsQEA\
    ARAQABgAGFgv9AAIcACjlYEETACxAQABEBAAGAAYWC/0AAhwABxTu2uiu4+zgQC3iveBAfGCAbHwgQO7j7OByLeK94\
    EB8YIBsfCBWg==";

fn a_video_shows_its_first_frame() {
    let page = format!(
        "<!doctype html><style>body {{ margin: 0 }} video {{ width: 50px; height: 50px; display: block }}</style>
        <video src='{RED_THEN_BLUE}' autoplay muted loop></video>
        <script>
          const video = document.querySelector('video');
          video.addEventListener('loadeddata', () => {{ video.currentTime = 0.5 }}, {{ once: true }});
          video.addEventListener('seeked', () => {{ window.late = true }});
        </script>"
    );
    // It is captured only after the page itself has seeked it.
    let manifest = format!("{MANIFEST}[capture]\nwait-for = {{ expression = \"window.late\" }}\n");
    let project = Project::new(&manifest, &[("a.html", &page)]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
    let [red, green, blue] = picture.unwrap().to_rgb8().get_pixel(25, 25).0;
    assert!(red > 200 && green < 50 && blue < 50, "{red} {green} {blue}");
    assert_eq!(project.run(&[], &[("TINTYPE_CACHE", "off")]).code, Some(0));
}

/// Transitions that start others in descendants that inherit from them, and one
/// that scripts cannot reach.
fn theme_transitions_are_finished_on_a_reused_page() {
    let page = "<!doctype html><style>
        body { color: black; transition: color 1s }
        a, b { transition: color 1s, background 1s }
        .dark { color: white; background: black }
        input::-webkit-slider-thumb { appearance: none; width: 20px; height: 20px; background: red; transition: background 1s }
        .dark input::-webkit-slider-thumb { background: blue }
        </style><body>text <a>in <b>text</b></a><input type=range style='appearance: none'>
        <script>new MutationObserver(() => document.body.classList.toggle('dark', document.documentElement.classList.contains('night')))
          .observe(document.documentElement, { attributes: true })</script>";
    let manifest = MANIFEST.replace(
        "[viewports]",
        "dark = { color-scheme = \"dark\", classes = [\"night\"] }\n[viewports]",
    );
    let project = Project::new(&manifest, &[("a.html", page)]);
    project.accept_all();
    let (light, dark) = (
        project.read("baselines/a-light-400x300.png"),
        project.read("baselines/a-dark-400x300.png"),
    );
    assert_ne!(light, dark);
    let run = project.run(&[], &[("TINTYPE_CACHE", "off"), ("TINTYPE_LOG", "debug")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let loads = run.stderr.matches("loading address=").count();
    assert_eq!(loads, 1, "{}", run.stderr);
}

/// A server that never responds and keeps every connection open.
fn silent_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            held.push(stream);
        }
    });
    port
}

fn a_missing_image_is_named_in_the_timeout() {
    let port = silent_server();
    // Requested after the document has loaded, so that the load itself does not
    // time out.
    let page = format!(
        "<p>a<script>addEventListener('load', () => setTimeout(() => {{
           document.body.append(Object.assign(new Image(), {{ src: 'http://127.0.0.1:{port}/never.png' }}));
           document.documentElement.dataset.tintypeReady = 'true';
         }}));
         document.documentElement.dataset.tintypeReady = 'false'</script>"
    );
    let manifest = format!("{MANIFEST}{LIMIT}allow-hosts = [\"127.0.0.1:{port}\"]\n");
    let project = Project::new(&manifest, &[("a.html", &page)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    let wanted =
        format!("timed out after 4 s waiting for images (http://127.0.0.1:{port}/never.png)");
    assert!(message.contains(&wanted), "{message}");
}

fn a_page_that_is_not_ready_times_out() {
    let page = "<p>a<script>document.documentElement.dataset.tintypeReady = 'false'</script>";
    let project = Project::new(&format!("{MANIFEST}{LIMIT}"), &[("a.html", page)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    assert_output("not_ready", &message);
}

fn an_error_page_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy");
        }
    });
    let manifest = format!(
        "[stories]\nurl = \"http://127.0.0.1:{port}\"\n[[story]]\nid = \"a\"\npath = \"a\"\n"
    );
    let project = Project::new(&manifest, &[]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let result = project.last().results.remove(0);
    assert_eq!(result.status, Status::Failed);
    let message = result.message.unwrap();
    assert!(message.contains("status 503"), "{message}");
}

/// A box with a random colour.
const CHANCE: &str = "<!doctype html><style>body { margin: 0 } #x { width: 40px; height: 40px; margin: 50px 0 0 60px }</style>
    <div id=x></div><script>x.style.background = `rgb(${Math.random() * 256}, ${Math.random() * 256}, 0)`</script>";

fn an_unstable_page_is_reported_with_its_region() {
    let manifest = format!("{MANIFEST}[capture]\nseed = false\n");
    let project = Project::new(&manifest, &[("a.html", CHANCE)]);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "all")]);
    assert_eq!(run.code, Some(101));
    let result = project.result("a::light::400x300");
    assert!(result.unstable && result.duration_ms > Some(0));
    assert_eq!(result.status, Status::Failed);
    let message = result.message.as_deref().unwrap();
    assert_output("unstable_page", message);
    // Both images are kept, but cannot be accepted.
    assert!(!result.has_picture_to_accept());
    let told = [result.current.unwrap(), result.diff.unwrap()];
    let [last, moved] = told.each_ref().map(|path| project.read(path));
    let [last, moved] =
        [last, moved].map(|file| image::load_from_memory(&file).unwrap().into_rgb8());
    assert_eq!(last.get_pixel(10, 10).0, [255; 3]);
    assert_eq!(moved.get_pixel(70, 60).0, [255, 0, 0]);
    for (words, path) in ["page:     ", "moved:    "].iter().zip(&told) {
        let line = format!("{words}{path}");
        assert!(run.stdout.contains(&line), "{}", run.stdout);
    }
}

/// A worker whose drawing follows no clock of the page.
const DRAWING: &str = "data:text/javascript,let n = 0; onmessage = ({ data }) => { \
    const context = data.getContext('2d'); const draw = () => { n += 1; \
    context.fillStyle = `rgb(${crypto.getRandomValues(new Uint8Array(3)).join()})`; \
    context.fillRect(0, 0, 300, 150); requestAnimationFrame(draw); }; draw(); };";

fn an_unstable_page_names_the_worker_that_draws() {
    let page = format!(
        "<!doctype html><canvas id=c></canvas><script>
        const worker = new Worker(`{}`);
        const canvas = c.transferControlToOffscreen();
        worker.postMessage(canvas, [canvas]);</script>",
        DRAWING.replace('`', "\\`").replace("${", "\\${"),
    );
    let project = Project::new(MANIFEST, &[("a.html", &page)]);
    project.run(&[], &[("TINTYPE_UPDATE", "all")]);
    let message = project.result("a::light::400x300").message.unwrap();
    let cause = "; a worker draws on a canvas, and workers run in real time\n";
    assert!(message.contains(cause), "{message}");
    assert!(
        message.contains("do the work of the worker itself"),
        "{message}"
    );
}

fn math_random_can_be_seeded() {
    let manifest = format!("{MANIFEST}[capture]\nseed = 7\n");
    let project = Project::new(&manifest, &[("a.html", CHANCE)]);
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
}

fn the_clock_can_be_frozen() {
    let page = "<pre id=x></pre><script>
        const told = () => [new Date().toISOString(), Date.now(), Date().length, new Date(0).toISOString(), performance.now()].join('\\n');
        x.textContent = told(); setInterval(() => { x.textContent = told() });
        requestAnimationFrame(function step(time) { document.title = time; requestAnimationFrame(step); });</script>";
    let manifest =
        format!("{MANIFEST}[capture]\nclock = \"2026-01-02T03:04:05Z\"\nvirtual-time = false\n");
    let project = Project::new(&manifest, &[("a.html", page)]);
    project.accept_all();
    assert_eq!(project.run(&[], &[("TINTYPE_UPDATE", "all")]).code, Some(0));
    assert_eq!(project.result("a::light::400x300").message, None);
}

/// In page time a clock that starts at a given instant goes on.
fn motion_by_a_set_clock_is_finished() {
    let page = "<!doctype html><style>body { margin: 0; background: red }</style><script>
        const begun = Date.now();
        const isSet = begun >= Date.UTC(2026, 0, 2, 3, 4, 5) && begun < Date.UTC(2026, 0, 2, 3, 4, 6);
        const id = setInterval(() => {
          if (Date.now() - begun < 1500) return;
          clearInterval(id);
          if (isSet) document.body.style.background = 'lime';
        }, 13);</script>";
    for browser in ["names = [\"chromium\"]", "names = [\"firefox\"]"] {
        let manifest = format!(
            "{MANIFEST}[browser]\n{browser}\n[capture]\nclock = \"2026-01-02T03:04:05Z\"\n"
        );
        let project = Project::new(&manifest, &[("a.html", page)]);
        project.accept_all();
        let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
        let found = picture.unwrap().to_rgb8().get_pixel(9, 9).0;
        assert_eq!(found, [0, 255, 0], "{browser}");
    }
}

/// Green if every way to read the time returns the same second.
pub(crate) fn every_clock(engine: &str) {
    let page = "<!doctype html><style>body { margin: 0; background: lime }</style><pre id=x></pre><script>
        const at = Date.UTC(2026, 0, 2, 3, 4, 5);
        const second = { smallestUnit: 'second', roundingMode: 'trunc' };
        const wrong = [];
        const expect = (what, found, wanted) => { if (String(found) !== String(wanted)) wrong.push(`${what}: ${found}, not ${wanted}`); };
        const format = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'full', timeZone: 'UTC' });
        const text = (parts) => parts.map((part) => part.value).join('');
        expect('format', format.format(), format.format(at));
        expect('undefined', format.format(undefined), format.format(at));
        expect('no method', [null].map(new Intl.DateTimeFormat('en').format)[0], new Intl.DateTimeFormat('en').format(0));
        expect('parts', text(format.formatToParts()), format.format(at));
        expect('given', text(format.formatToParts(0)), format.format(0));
        expect('the same', format.format === format.format, true);
        if (window.Temporal) {
          const zone = 'Asia/Tokyo';
          const there = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
          const here = there.withTimeZone(Temporal.Now.timeZoneId());
          expect('instant', Temporal.Now.instant().round(second).epochMilliseconds, at);
          expect('zoned', Temporal.Now.zonedDateTimeISO(zone).round(second), there);
          expect('zoned here', Temporal.Now.zonedDateTimeISO().round(second), here);
          expect('date and time', Temporal.Now.plainDateTimeISO(zone).round(second), there.toPlainDateTime());
          expect('date', Temporal.Now.plainDateISO(zone), there.toPlainDate());
          expect('time', Temporal.Now.plainTimeISO(zone).round(second), there.toPlainTime());
          expect('time here', Temporal.Now.plainTimeISO().round(second), here.toPlainTime());
        }
        x.textContent = wrong.join('\\n');
        if (wrong.length > 0) document.body.style.background = 'red';</script>";
    let manifest = format!(
        "{MANIFEST}[browser]\nnames = [\"{engine}\"]\n[capture]\nclock = \"2026-01-02T03:04:05Z\"\n"
    );
    let project = Project::new(&manifest, &[("a.html", page)]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png")).unwrap();
    let found = picture.to_rgb8().get_pixel(399, 299).0;
    let kept = std::env::temp_dir().join(format!("tintype-clock-{engine}.png"));
    if found != [0, 255, 0] {
        picture.save(&kept).unwrap();
    }
    assert_eq!(found, [0, 255, 0], "{} says what is wrong", kept.display());
}

/// A counter that runs for three seconds of animation frames.
fn motion_by_request_animation_frame_is_finished() {
    let page = "<!doctype html><style>body { margin: 0 } #x { position: absolute; width: 20px; height: 20px; background: red }</style><div id=x></div><script>
        let start; requestAnimationFrame(function step(now) { start ??= now; const t = Math.min((now - start) / 3000, 1);
        x.style.left = `${t * 300}px`; if (t < 1) requestAnimationFrame(step); });</script>";
    let project = Project::new(MANIFEST, &[("a.html", page)]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
    assert_eq!(picture.unwrap().to_rgb8().get_pixel(310, 10).0, [255, 0, 0]);
}

/// No script reaches the animations of a declarative shadow root that is closed.
fn endless_motion_in_closed_shadow_roots_is_the_same_in_every_run() {
    let page = "<!doctype html><x-a><template shadowrootmode=closed><style>
        @keyframes turn { to { transform: rotate(360deg) } }
        b { display: block; width: 180px; height: 40px; margin: 90px; background: red;
            animation: turn 1s linear infinite }</style><b></b></template></x-a>";
    let names = ["a.html", "b.html", "c.html", "d.html"];
    let project = Project::new(MANIFEST, &names.map(|name| (name, page)));
    project.accept_all();
    let pictures = ["a", "b", "c", "d"].map(|name| {
        let png = project.read(&format!("baselines/{name}-light-400x300.png"));
        image::load_from_memory(&png).unwrap().to_rgb8()
    });
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
}

/// The browser's page time does not wait for the content of a frame.
fn a_slow_frame_is_waited_for() {
    let page = "<!doctype html><style>body { margin: 0 }</style><div id=x></div><script>
        addEventListener('load', () => setTimeout(() => {
          x.innerHTML = '<object data=green.svg width=300 height=200></object>';
        }, 0))</script>";
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'><rect width='300' height='200' fill='lime'/></svg>";
    let rule = "[[request]]\nurl = \"**/green.svg\"\ndelay = \"6s\"\n";
    let project = Project::new(
        &format!("{MANIFEST}{rule}"),
        &[("a.html", page), ("green.svg", svg)],
    );
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
    assert_eq!(picture.unwrap().to_rgb8().get_pixel(150, 99).0, [0, 255, 0]);
}

fn wait_for_awaits_late_content() {
    let page = "<!doctype html><style>body { margin: 0 } div { width: 50px; height: 50px }</style><body><script>
        setTimeout(async () => {
          const colour = await (await fetch('colour.txt')).text();
          const box = document.createElement('div');
          box.id = 'late'; box.style.background = colour; document.body.append(box);
          setTimeout(() => { window.finished = true; box.style.width = '100px' }, 500);
        }, 1000)</script>";
    let manifest = format!(
        "{MANIFEST}[capture]\nwait-for = [\"#late\", {{ expression = \"window.finished\" }}]\n"
    );
    let project = Project::new(&manifest, &[("a.html", page), ("colour.txt", "lime")]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
    let picture = picture.unwrap().to_rgb8();
    assert_eq!(picture.get_pixel(90, 25).0, [0, 255, 0]);
    let steps = project.result("a::light::400x300").settled;
    assert!(
        steps
            .iter()
            .any(|step| step.step == "wait-for" && step.ms > 0),
        "{steps:?}"
    );
}

/// Half of this repository's gallery, twice.
fn two_runs_are_identical() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("stories.toml")).unwrap();
    let project = Project::new(&manifest, &[]);
    std::os::unix::fs::symlink(root.join("stories"), project.path().join("stories")).unwrap();
    let half = ["controls", "foundations", "data", "feedback", "pages"];
    let run = project.run(&half, &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(project.last().results.len() > 100);
    // Every image that differs from its baseline in any byte would replace it.
    let environment = [("TINTYPE_UPDATE", "all"), ("TINTYPE_CACHE", "off")];
    let run = project.run(&half, &environment);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    for result in project.last().results {
        let name = result.story_identifier;
        assert_eq!(result.status, Status::Passed, "{name}");
        assert_eq!(result.message, None, "{name} has other bytes");
    }
}
