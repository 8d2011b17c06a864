//! Servers that require credentials.

use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use tintype::internals::model::Status;
use tintype::internals::serve::{HttpServer, Service};
use tokio::runtime::Runtime;

use super::app::App;
use super::output::assert_first_failure;
use super::port::free_port;
use super::project::{Project, eventually};
use super::{PLAY_SUITE, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        headers_cookies_and_passwords_are_sent,
        no_secret_is_ever_written,
        insecure_accepts_a_self_signed_certificate,
        a_command_is_stopped_with_its_children,
    ]
}

/// The app, up until this value is dropped.
struct Up {
    server: Option<HttpServer>,
    runtime: Runtime,
    app: App,
}

impl Up {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let app = App::default();
        let service = Service::new(app.clone());
        let server = runtime
            .block_on(HttpServer::start_service(service, None))
            .unwrap();
        Self {
            server: Some(server),
            runtime,
            app,
        }
    }

    fn base(&self) -> String {
        self.server.as_ref().unwrap().base()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.server = None;
    }
}

const STORIES: &str = r#"
[themes]
light = {}
dark = { color-scheme = "dark" }

[viewports]
desktop = "200x100"

[[story]]
path = "/open"

[[story]]
path = "/headers"

[[story]]
path = "/cookies"

[[story]]
path = "/password"
"#;

const ACCESS: &str = r#"
headers = { X-Token = "${HEADER}" }
cookies = { session = "${COOKIE}" }
basic-auth = { user = "ada", password = "sesame-by-${PASSWORD}" }
"#;

const SECRETS: [(&str, &str); 3] = [
    ("HEADER", "sesame-by-header"),
    ("COOKIE", "sesame-by-cookie"),
    ("PASSWORD", "password"),
];

fn manifest(base: &str, access: &str) -> String {
    format!("[stories]\nurl = \"{base}\"\n{access}\n{STORIES}")
}

fn headers_cookies_and_passwords_are_sent() {
    let up = Up::start();
    let project = Project::new(&manifest(&up.base(), ACCESS), &[]);
    let update = [SECRETS.as_slice(), &[("TINTYPE_UPDATE", "new")]].concat();
    let run = project.run(&[], &update);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let statuses = project.statuses();
    assert!(
        statuses.iter().all(|status| *status == Status::New),
        "{statuses:?}"
    );
    // Fresh pages and those of the fast path send them.
    let run = project.run(&[], &SECRETS);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(up.app.seen().contains(&"/password".to_owned()));

    // Without them, the server's error page fails the story.
    project.write("stories.toml", &manifest(&up.base(), ""));
    let run = project.run(&["light"], &[]);
    assert_eq!(run.code, Some(101), "{}", run.stderr);
    let message = project.result("headers::light::200x100").message.unwrap();
    assert!(message.contains("status 401"), "{message}");
    assert_eq!(
        project.result("open::light::200x100").status,
        Status::Passed
    );
}

fn no_secret_is_ever_written() {
    let up = Up::start();
    // A wrong password, a page that shows its request headers, a server that
    // prints its environment when it exits.
    let access = ACCESS.replace("sesame-by-${PASSWORD}", "sesame-wrong-${PASSWORD}");
    let manifest = manifest(&up.base(), &access).replace(
        "path = \"/open\"",
        "path = \"/open\"\ncapture = { timeout = \"1s\", wait-for = [{ expression = \"sesame-by-header\" }] }",
    );
    // An address of the open network that holds one, and a second attempt.
    let asks = "fetch('http://localhost:1/?sesame' + '-by-header').catch(() => 0)";
    let manifest = format!(
        "retries = 1\n{manifest}\n[[story]]\nid = \"asks\"\npath = \"/open?asks\"\n\
         steps = [{{ script = \"{asks}\" }}]\n"
    );
    let project = Project::new(&manifest, &[]);
    let told = [SECRETS.as_slice(), &[("TINTYPE_LOG", "trace")]].concat();
    let run = project.run(&[], &told);
    assert_eq!(run.code, Some(101), "{}", run.stderr);
    assert_eq!(
        project.result("password::light::200x100").status,
        Status::Failed
    );
    let attempts = project.result("open::light::200x100").attempts;
    let told = attempts[0].message.as_deref().unwrap();
    assert!(told.contains("***"), "{told}");
    let reached = project.result("asks::light::200x100").open_network;
    assert_eq!(reached, ["http://localhost:1/?***"]);
    assert!(
        !run.stdout.contains("sesame-") && !run.stderr.contains("sesame-"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    let mut files = 0;
    for entry in walkdir::WalkDir::new(project.path().join("target")) {
        let entry = entry.unwrap();
        let text = std::fs::read(entry.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("sesame-"), "{}", entry.path().display());
        files += 1;
    }
    assert!(files > 3, "{files}");

    let command = "command = \"echo the token is $HEADER; exit 1\"";
    let text = format!("[stories]\nurl = \"http://127.0.0.1:1\"\n{command}\n{ACCESS}\n{STORIES}");
    project.write("stories.toml", &text);
    let run = project.run(&[], &SECRETS);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("the token is ***"), "{said}");

    // An unset variable is named, but only when it is needed.
    let run = project.run(&[], &SECRETS[1..]);
    assert_first_failure("unset_variable", &run.stdout);
    assert_eq!(project.run(&["--list"], &[]).code, Some(0));
}

/// A server with a self-signed certificate.
struct Secure {
    child: Child,
    port: u16,
}

impl Secure {
    fn start(project: &Project) -> Self {
        let made = Command::new("openssl")
            .args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1".split(' '))
            .args("-keyout key.pem -out cert.pem".split(' '))
            .current_dir(project.path())
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let port = free_port();
        let child = Command::new("openssl")
            .args([
                "s_server", "-WWW", "-quiet", "-cert", "cert.pem", "-key", "key.pem",
            ])
            .args(["-accept", &format!("127.0.0.1:{port}")])
            .current_dir(project.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("the server takes connections", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { child, port }
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn insecure_accepts_a_self_signed_certificate() {
    let project = Project::new("", &[]);
    project.write("page.html", "<!doctype html><p>behind TLS");
    let secure = Secure::start(&project);
    let manifest = |insecure: bool| {
        format!(
            "[stories]\nurl = \"https://127.0.0.1:{}\"\ninsecure = {insecure}\n\
             [viewports]\nd = \"200x100\"\n[[story]]\npath = \"/page.html\"\n",
            secure.port
        )
    };
    project.write("stories.toml", &manifest(false));
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101));
    assert_first_failure("self_signed_certificate", &run.stdout);

    project.write("stories.toml", &manifest(true));
    project.accept_all();
    assert_eq!(project.statuses(), [Status::New]);
}

fn a_command_is_stopped_with_its_children() {
    let port = free_port();
    // A script that starts the server and others besides, as npm does. Their
    // command lines name the project.
    let project = Project::new("", &[]);
    let here = project.path().display().to_string();
    let program = std::env::current_exe().unwrap().display().to_string();
    project.write(
        "serve.sh",
        &format!(
            "sh -c 'sleep 1000; : {here}' &\n\
             {PLAY_SUITE}=plain-server APP_PORT={port} {program} {here} &\nwait\n"
        ),
    );
    let text = format!(
        "[stories]\nurl = \"http://127.0.0.1:{port}\"\ncommand = \"sh {here}/serve.sh\"\n\
         [viewports]\nd = \"200x100\"\n[[story]]\npath = \"/page.html\"\n"
    );
    project.write("stories.toml", &text);
    project.accept_all();
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    eventually("the server and what it started are gone", || {
        project.processes() == 0
    });
}
