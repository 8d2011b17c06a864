//! A page is captured at rest, or it is said what it was still waited for.

use std::io::{Read, Write};
use std::net::TcpListener;

use libtest_mimic::Trial;
use tintype::model::Status;

use super::project::{MANIFEST, Project};
use super::test;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("settling::motion_is_brought_to_its_end", motion),
        test(
            "settling::an_image_that_never_comes_is_named",
            missing_image,
        ),
        test("settling::a_page_that_is_not_ready_is_named", not_ready),
        test("settling::an_error_page_is_no_story", error_page),
        test(
            "settling::a_page_that_never_stands_still_tells_where",
            restless,
        ),
        test("settling::two_runs_are_identical", identical_runs),
    ]
}

const LIMIT: &str = "[capture]\ntimeout = \"2s\"\n";

fn motion() {
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

/// A server that answers nothing and holds every connection.
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

fn missing_image() {
    let port = silent_server();
    // Asked for after the document has loaded, so that loading is not at fault.
    let page = format!(
        "<p>a<script>addEventListener('load', () => setTimeout(() => {{
           document.body.append(Object.assign(new Image(), {{ src: 'http://127.0.0.1:{port}/never.png' }}));
           document.documentElement.dataset.tintypeReady = 'true';
         }}));
         document.documentElement.dataset.tintypeReady = 'false'</script>"
    );
    let project = Project::new(&format!("{MANIFEST}{LIMIT}"), &[("a.html", &page)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    let wanted = format!(
        "did not come to rest within 2 s: still waiting for images (http://127.0.0.1:{port}/never.png)"
    );
    assert!(message.contains(&wanted), "{message}");
}

fn not_ready() {
    let page = "<p>a<script>document.documentElement.dataset.tintypeReady = 'false'</script>";
    let project = Project::new(&format!("{MANIFEST}{LIMIT}"), &[("a.html", page)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    assert!(message.contains("still waiting for ready"), "{message}");
}

fn error_page() {
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

fn restless() {
    let page = "<!doctype html><style>body { margin: 0 } #x { width: 40px; height: 40px; margin: 50px 0 0 60px }</style>
        <div id=x></div><script>let n = 0; function step() { n += 1; x.style.background = `rgb(${(n * 90) % 256}, 0, 0)`; requestAnimationFrame(step); } step();</script>";
    let project = Project::new(&format!("{MANIFEST}{LIMIT}"), &[("a.html", page)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let message = project.result("a::light::400x300").message.unwrap();
    assert!(
        message.contains("successive pictures differ, most of all 40×40 at 60,50"),
        "{message}"
    );
}

/// The whole gallery of this repository, twice.
fn identical_runs() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("stories.toml")).unwrap();
    let project = Project::new(&manifest, &[]);
    std::os::unix::fs::symlink(root.join("stories"), project.path().join("stories")).unwrap();
    project.accept_all();
    assert!(project.last().results.len() > 100);
    // Every picture that is not byte for byte its baseline would replace it.
    let run = project.run(&[], &[("TINTYPE_UPDATE", "all")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    for result in project.last().results {
        let name = result.story_identifier;
        assert_eq!(result.status, Status::Passed, "{name}");
        assert_eq!(result.message, None, "{name} has other bytes");
    }
}
