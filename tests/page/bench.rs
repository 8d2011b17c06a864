//! One browser for all tests, and a server that leaves requests unanswered.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use image::RgbaImage;
use tintype::internals::browser::{Browser, BrowserError, Settled, Thoroughness};
use tintype::internals::config::Config;
use tintype::internals::manifest::Manifest;
use tintype::settings::{BrowserName, CaptureSettings, Screen, Theme};
use tokio::runtime::Runtime;

/// The time limit for conditions that are never met.
const SHORT: Duration = Duration::from_millis(800);

/// An image of one pixel.
const IMAGE: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// The browser, and the server of its pages.
struct Bench {
    runtime: Runtime,
    browser: Browser,
    theme: Theme,
    screen: Screen,
    base: String,
}

static BENCH: LazyLock<Mutex<Bench>> = LazyLock::new(|| Mutex::new(Bench::start()));

impl Bench {
    fn start() -> Self {
        let manifest = manifest("");
        let scratch = std::env::temp_dir().join("tintype-page-conditions");
        let runtime = Runtime::new().unwrap();
        let open = Browser::open(BrowserName::Chromium, &manifest.browser, &scratch);
        let browser = runtime.block_on(open).unwrap();
        let theme = (*manifest.stories[0].themes[0]).clone();
        let screen = manifest.viewports[0].1;
        Self {
            runtime,
            browser,
            theme,
            screen,
            base: serve(),
        }
    }

    /// Loads the page, runs a script in it and waits until it is ready.
    fn run(
        &mut self,
        script: &str,
        settings: &CaptureSettings,
        limit: Duration,
    ) -> Result<Settled, BrowserError> {
        let Self {
            runtime,
            browser,
            theme,
            screen,
            base,
        } = self;
        let script = script.replace("BASE", base);
        let mut limited = settings.clone();
        limited.timeout = limit;
        runtime.block_on(async {
            let address = format!("{base}/page");
            browser.load(&address, theme, *screen, settings).await?;
            // If the script replaces the functions with which the driver
            // returns a value, it has run but its value is lost.
            if let Err(error) = browser.client().execute(&script, vec![]).await {
                assert!(error.to_string().contains("deserialize"), "{error}");
            }
            let started = Instant::now();
            browser
                .settle(&limited, Thoroughness::Thorough, started)
                .await
        })
    }

    fn capture(&mut self, settings: &CaptureSettings) -> Result<RgbaImage, String> {
        let screenshot = self
            .runtime
            .block_on(self.browser.capture(settings, self.screen));
        let png = screenshot.map_err(|error| error.to_string())?;
        Ok(image::load_from_memory(&png).unwrap().to_rgba8())
    }
}

/// A manifest with these lines in [capture].
fn manifest(capture: &str) -> Manifest {
    let source = format!(
        "[stories]\nurl = \"http://127.0.0.1:9\"\n[viewports]\nsmall = \"400x300\"\n\
         [themes]\ndark = {{ attributes = {{ data-theme = \"dark\" }} }}\n[capture]\nvirtual-time = false\n{capture}\n\
         [[story]]\nid = \"page\"\npath = \"page\"\n"
    );
    let config = Config::from_environment().unwrap();
    Manifest::parse(Path::new("stories.toml"), &source, &config).unwrap()
}

/// Loads an empty page, runs a script in it and waits until it is ready, with
/// these lines in [capture]. `BASE` in the script is the server's address.
pub(crate) fn settle(script: &str, capture: &str) -> Settled {
    run(script, capture, Duration::from_secs(60)).unwrap()
}

/// The conditions that are pending after a short time.
pub(crate) fn pending(script: &str, capture: &str) -> Vec<String> {
    match run(script, capture, SHORT) {
        Ok(settled) => panic!("nothing is pending: {settled:?}"),
        Err(BrowserError::Unsettled(unsettled)) => unsettled
            .pending
            .into_iter()
            .map(|pending| pending.step)
            .collect(),
        Err(error) => panic!("{error}"),
    }
}

/// A screenshot of the page after a script, or the error.
pub(crate) fn capture(script: &str, capture: &str) -> Result<RgbaImage, String> {
    let mut bench = BENCH.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = settings(capture);
    bench.run(script, &settings, settings.timeout).unwrap();
    bench.capture(&settings)
}

/// The differing pixels between a screenshot of a page in virtual time whose time
/// is over, and one after this many frames more.
pub(crate) fn differing_after(frames: u32, script: &str) -> usize {
    let mut bench = BENCH.lock().unwrap_or_else(PoisonError::into_inner);
    let mut settings = settings("");
    settings.virtual_time = true;
    bench.run(script, &settings, settings.timeout).unwrap();
    let first = bench.capture(&settings).unwrap();
    for _ in 0..frames {
        bench.runtime.block_on(bench.browser.frame()).unwrap();
    }
    let later = bench.capture(&settings).unwrap();
    first
        .pixels()
        .zip(later.pixels())
        .filter(|(one, other)| one != other)
        .count()
}

fn run(script: &str, capture: &str, limit: Duration) -> Result<Settled, BrowserError> {
    let mut bench = BENCH.lock().unwrap_or_else(PoisonError::into_inner);
    bench.run(script, &settings(capture), limit)
}

fn settings(capture: &str) -> CaptureSettings {
    let mut settings = manifest(capture).stories[0].capture.clone();
    settings.timeout = Duration::from_secs(60);
    settings
}

/// Serves an empty `/page`, an image at `/image`, a style sheet at `/style`,
/// and no response at `/never`; everything else is not found.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut unanswered = Vec::new();
        for stream in listener.incoming().flatten() {
            unanswered.extend(answer(stream));
        }
    });
    base
}

/// Answers a request, or returns the connection of one that is not answered.
fn answer(mut stream: TcpStream) -> Option<TcpStream> {
    // A browser may open connections that it does not use yet.
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, kind, body): (&str, &str, &[u8]) = match path {
        "/page" => ("200 OK", "text/html", b"<!doctype html><title>page</title>"),
        "/image" => ("200 OK", "image/gif", IMAGE),
        "/style" => ("200 OK", "text/css", b"body { color: green }"),
        _ if path.starts_with("/never") => return Some(stream),
        _ => ("404 Not Found", "text/plain", b"not found"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
    None
}
