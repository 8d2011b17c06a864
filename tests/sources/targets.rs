//! Test targets as users write them in `tests/visual.rs`, by name.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::fs::OpenOptions;
use std::future::ready;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;

use tintype::Snapshot;
use tintype::fantoccini::error::CmdError;
use tintype::fantoccini::{Client, Locator};
use tintype::{Harness, Story};

use super::app::App;

/// Runs one of them.
pub(crate) fn play(name: &str) -> ExitCode {
    match name {
        "plain-server" => serve_for_ever(),
        "serve" => Harness::new().serve(App::default()),
        "address" => Harness::new().base_url(std::env::var("APP_ADDRESS").unwrap()),
        "stories" => Harness::new()
            .serve(App::default())
            .story(Story::new("coded/open", "/open").themes(["dark"]))
            .story(
                Story::new("coded/menu", "/menu")
                    .viewports(["200x100"])
                    .compare(|compare| compare.max_diff_pixels = Some(5))
                    .capture(|capture| capture.mask.push("button".to_owned())),
            ),
        "unknown-theme" => {
            Harness::new().story(Story::new("coded/open", "/open").themes(["sepia"]))
        }
        "hooks" => Harness::new()
            .serve(App::default())
            .before_each(open_the_menu)
            .after_each(note_the_end),
        "keyed-hooks" => Harness::new()
            .before_each(|client: Client, _: Snapshot| async move {
                client
                    .execute("document.body.style.background = 'gold'", vec![])
                    .await
                    .map(drop)
            })
            .cache_hooks(std::env::var("HOOKS_KEY").unwrap()),
        "bad-hook" => Harness::new()
            .serve(App::default())
            .before_each(|_: Client, snapshot: Snapshot| async move {
                let id = snapshot.identifier.story_id;
                Err::<(), _>(format!("no data for {id}"))
            })
            .after_each(note_the_end),
        "panicking-hook" => Harness::new().serve(App::default()).before_each(
            |client: Client, snapshot: Snapshot| async move {
                client.current_url().await?;
                nothing_to_click_on(&snapshot);
                Ok::<_, CmdError>(())
            },
        ),
        "panicking-at-once" => {
            Harness::new()
                .serve(App::default())
                .before_each(|_: Client, snapshot: Snapshot| {
                    nothing_to_click_on(&snapshot);
                    ready(Ok::<_, CmdError>(()))
                })
        }
        "panicking-worker" => {
            Harness::new()
                .serve(App::default())
                .before_each(|_: Client, snapshot: Snapshot| {
                    let is_last = snapshot.identifier.story_id == "last";
                    ready(is_last.then_some(()).ok_or(Unspeakable(snapshot)))
                })
        }
        _ => Harness::new(),
    }
    .run()
}

/// A server on the port in `APP_PORT`: it serves the folder `APP_FOLDER`, or the
/// same page for every request.
fn serve_for_ever() -> Harness {
    let port = std::env::var("APP_PORT").unwrap().parse().unwrap();
    let folder = std::env::var("APP_FOLDER").ok();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    loop {
        let (stream, _) = listener.accept().unwrap();
        let folder = folder.clone();
        std::thread::spawn(move || answer(stream, folder.as_deref()));
    }
}

fn answer(mut stream: TcpStream, folder: Option<&str>) {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..length]);
    let path = request.split(' ').nth(1).unwrap_or("/");
    let path = path.split('?').next().unwrap_or_default();
    let file = |folder| std::fs::read(format!("{folder}{path}")).ok();
    let page = match folder {
        Some(folder) => file(folder),
        None => Some(b"<!doctype html><p>served".to_vec()),
    };
    let status = if page.is_some() {
        "200 OK"
    } else {
        "404 Not Found"
    };
    let kind = match path.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("json") => "application/json",
        _ => "text/html",
    };
    let page = page.unwrap_or_default();
    let length = page.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}");
    let _ = write!(stream, "{head}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(&page);
}

async fn open_the_menu(client: Client, _: Snapshot) -> Result<(), CmdError> {
    client.find(Locator::Css("button")).await?.click().await
}

fn nothing_to_click_on(snapshot: &Snapshot) {
    let id = &snapshot.identifier.story_id;
    assert!(id == "last", "nothing to click on in {id}");
}

/// A panic in a subscriber of the harness, outside of any hook.
#[derive(Debug)]
struct Unspeakable(Snapshot);

impl Error for Unspeakable {}

impl Display for Unspeakable {
    fn fmt(&self, _: &mut Formatter<'_>) -> fmt::Result {
        panic!("no words for {}", self.0.identifier.story_id)
    }
}

/// Appends to `ends.txt`.
async fn note_the_end(_: Client, snapshot: Snapshot) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open("ends.txt")?;
    writeln!(file, "{}", snapshot.identifier.story_id)
}
