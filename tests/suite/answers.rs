//! Answers of a story server that are not plain pages: other documents, no
//! document, redirects, and pages that navigate, close or open dialogs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::Project;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        documents_other_than_pages_are_captured,
        answers_without_a_document_are_reported,
        pages_that_navigate_are_captured_where_they_lead,
        dialogs_and_popups_do_not_block_a_page,
    ]
}

/// What the final page shows.
const FINAL: &str = "<!doctype html><body style='margin: 0; background: #00aa00'>";

/// An answer: status and headers, and the body.
type Answer = (&'static str, String);

/// Serves one answer for each path. A second server of the stories' origin is
/// not needed: every story is a path.
fn serve(answers: Vec<(&'static str, Answer)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &answers);
        }
    });
    address
}

fn answer(mut stream: TcpStream, answers: &[(&str, Answer)]) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut request, mut header) = (String::new(), String::new());
    let _ = reader.read_line(&mut request);
    while reader.read_line(&mut header).is_ok_and(|read| read > 2) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let page = ("200 OK\r\ncontent-type: text/html", FINAL.to_owned());
    let found = answers.iter().find(|(at, _)| *at == path);
    let (head, body) = found.map_or(&page, |(_, answer)| answer);
    let length = body.len();
    let _ = stream.write_all(
        format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .as_bytes(),
    );
}

/// A project with a story for each answer; `steps` are those of every story.
fn project(answers: Vec<(&'static str, Answer)>, steps: &str) -> Project {
    let mut stories = String::new();
    for (path, _) in &answers {
        let id = path.trim_start_matches('/');
        stories += &format!("[[story]]\nid = \"{id}\"\npath = \"{path}\"\n{steps}");
    }
    let address = serve(answers);
    let manifest = format!(
        "[stories]\nurl = \"http://{address}\"\n[themes]\nlight = {{}}\n[viewports]\n\
         desktop = \"400x300\"\n{stories}"
    );
    Project::new(&manifest, &[])
}

fn html(body: &str) -> Answer {
    (
        "200 OK\r\ncontent-type: text/html",
        format!("<!doctype html>{body}"),
    )
}

fn result(project: &Project, story: &str) -> (Status, String) {
    let result = project.result(&format!("{story}::light::400x300"));
    (result.status, result.message.unwrap_or_default())
}

fn pixel(project: &Project, story: &str, x: u32, y: u32) -> [u8; 3] {
    let file = project.read(&format!("baselines/{story}-light-400x300.png"));
    image::load_from_memory(&file)
        .unwrap()
        .to_rgb8()
        .get_pixel(x, y)
        .0
}

fn documents_other_than_pages_are_captured() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='100'>\
               <rect width='200' height='100' fill='#00aa00'/></svg>";
    let documents = vec![
        (
            "/svg",
            ("200 OK\r\ncontent-type: image/svg+xml", svg.to_owned()),
        ),
        (
            "/xml",
            (
                "200 OK\r\ncontent-type: text/xml",
                "<a><b>text</b></a>".to_owned(),
            ),
        ),
        (
            "/text",
            ("200 OK\r\ncontent-type: text/plain", "text".to_owned()),
        ),
        (
            "/json",
            (
                "200 OK\r\ncontent-type: application/json",
                "{\"a\": 1}".to_owned(),
            ),
        ),
        (
            "/empty",
            ("200 OK\r\ncontent-type: text/html", String::new()),
        ),
    ];
    let project = project(documents, "");
    project.accept_all();
    assert_eq!(pixel(&project, "svg", 100, 50), [0, 170, 0]);
    assert_eq!(pixel(&project, "empty", 100, 50), [255; 3]);
    assert_eq!(project.run(&[], &[("TINTYPE_CACHE", "off")]).code, Some(0));
}

fn answers_without_a_document_are_reported() {
    let none = String::new;
    let answers = vec![
        ("/none", ("204 No Content", none())),
        ("/reset", ("205 Reset Content", none())),
        (
            "/binary",
            (
                "200 OK\r\ncontent-type: application/octet-stream",
                "\0\u{1}".to_owned(),
            ),
        ),
        (
            "/pdf",
            (
                "200 OK\r\ncontent-type: application/pdf",
                "%PDF-1.1".to_owned(),
            ),
        ),
        (
            "/download",
            (
                "200 OK\r\ncontent-type: text/html\r\ncontent-disposition: attachment",
                FINAL.to_owned(),
            ),
        ),
        (
            "/missing",
            ("404 Not Found\r\ncontent-type: text/html", FINAL.to_owned()),
        ),
        ("/broken", ("500 Internal Server Error", none())),
        ("/loop", ("302 Found\r\nlocation: /loop", none())),
        // A good page after them.
        ("/good", html(FINAL)),
    ];
    let project = project(answers, "");
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new"), ("TINTYPE_SESSIONS", "1")]);
    assert_eq!(run.code, Some(101));
    for story in ["none", "reset", "binary", "pdf", "download"] {
        let (status, message) = result(&project, story);
        assert_eq!(status, Status::Failed, "{story}");
        assert!(message.contains("without a page"), "{story}: {message}");
    }
    for (story, reason) in [
        ("missing", "status 404"),
        ("broken", "status 500"),
        ("loop", "ERR_TOO_MANY_REDIRECTS"),
    ] {
        let (status, message) = result(&project, story);
        assert_eq!(status, Status::Failed, "{story}");
        assert!(message.contains(reason), "{story}: {message}");
    }
    assert_eq!(pixel(&project, "good", 200, 200), [0, 170, 0]);
}

fn pages_that_navigate_are_captured_where_they_lead() {
    let pages = vec![
        (
            "/redirect",
            ("302 Found\r\nlocation: /final", String::new()),
        ),
        ("/script", html("<script>location.href = '/final'</script>")),
        (
            "/load",
            html("<script>onload = () => location.replace('/final')</script>"),
        ),
        (
            "/later",
            html("first<script>setTimeout(() => { location.href = '/final' }, 2000)</script>"),
        ),
        (
            "/refresh",
            html("<meta http-equiv=refresh content='0; url=/final'>first"),
        ),
        (
            "/refresh-later",
            html("<META HTTP-EQUIV='Refresh' CONTENT='2;URL=\"/final\"'>first"),
        ),
        (
            "/write",
            html(&format!(
                "<script>onload = () => {{ document.open(); document.write(`{FINAL}`); document.close() }}</script>"
            )),
        ),
        (
            "/unload",
            html(&format!(
                "{FINAL}<script>onpagehide = () => {{ location.href = '/other' }}</script>"
            )),
        ),
        (
            "/close",
            html(&format!(
                "{FINAL}<script>window.close(); setTimeout(() => window.close(), 50)</script>"
            )),
        ),
        (
            "/history",
            html(&format!(
                "{FINAL}<script>for (const n of [1, 2]) history.pushState(n, '', `?${{n}}`)</script>"
            )),
        ),
    ];
    let names: Vec<&str> = pages.iter().map(|(path, _)| &path[1..]).collect();
    let project = project(pages, "");
    project.accept_all();
    for name in names {
        assert_eq!(pixel(&project, name, 200, 200), [0, 170, 0], "{name}");
    }
    assert_eq!(project.run(&[], &[("TINTYPE_CACHE", "off")]).code, Some(0));
}

fn dialogs_and_popups_do_not_block_a_page() {
    let field = |input: &str| html(&format!("{FINAL}{input}"));
    let pages = vec![
        (
            "/alert",
            field("<button id=s onclick='alert(1); alert(2)'>x</button>"),
        ),
        (
            "/confirm",
            field("<button id=s onclick='confirm(1) && document.body.remove()'>x</button>"),
        ),
        (
            "/prompt",
            field("<button id=s onclick='prompt(1)'>x</button>"),
        ),
        ("/print", field("<button id=s onclick='print()'>x</button>")),
        (
            "/leave",
            field(
                "<button id=s>x</button><script>onbeforeunload = (event) => event.preventDefault()</script>",
            ),
        ),
        (
            "/window",
            field("<button id=s onclick='window.open(`/other`)'>x</button>"),
        ),
        ("/select", field("<select id=s><option>a<option>b</select>")),
        ("/colour", field("<input id=s type=color>")),
        (
            "/date",
            field("<input id=s type=date onclick='this.showPicker()'>"),
        ),
        ("/file", field("<input id=s type=file>")),
    ];
    let names: Vec<&str> = pages.iter().map(|(path, _)| &path[1..]).collect();
    let project = project(pages, "steps = [{ click = \"#s\" }]\n");
    project.accept_all();
    for name in names {
        assert_eq!(pixel(&project, name, 200, 200), [0, 170, 0], "{name}");
    }
    assert_eq!(project.run(&[], &[("TINTYPE_CACHE", "off")]).code, Some(0));
}
