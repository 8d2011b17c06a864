//! Logins are performed once for all sessions, and never written.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::Project;
use super::support::gate::{Gate, PASSWORD, SECRET, TOKEN};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_login_is_performed_once_for_all_sessions,
        a_login_works_in_firefox,
        an_expired_login_is_renewed,
        a_command_logs_in,
        a_failed_login_is_reported_once,
    ]
}

const ALL: [&str; 7] = ["a", "b", "c", "d", "e", "f", "strict/g"];

pub(crate) fn manifest(gate: &Gate, login: &str) -> String {
    let mut text = format!(
        r#"
[stories]
url = "http://127.0.0.1:{}"
login = "member"
[browser]
sessions = 2
[themes]
light = {{ color-scheme = "light" }}
[viewports]
desktop = "200x100"
[capture]
timeout = "20s"
[login.member]
{login}
[[story]]
id = "open"
path = "/open"
login = false
"#,
        gate.port
    );
    for story in ALL {
        text.push_str(&format!("[[story]]\npath = \"/{story}\"\n"));
    }
    text
}

pub(crate) const FORM: &str = r##"
path = "/login"
steps = [
  { type = { into = "[name=user]", text = "ada" } },
  { type = { into = "[name=password]", text = "${TINTYPE_TEST_PASSWORD}" } },
  { click = "button" },
  { wait-for = "#in" },
]
expired = { path = "/login" }
"##;

pub(crate) const ACCEPT: [(&str, &str); 2] = [
    ("TINTYPE_TEST_PASSWORD", PASSWORD),
    ("TINTYPE_UPDATE", "new"),
];

fn colour(project: &Project, story: &str) -> [u8; 3] {
    let file = project.read(&format!("baselines/{story}-light-200x100.png"));
    let picture = image::load_from_memory(&file).unwrap().to_rgb8();
    picture.get_pixel(190, 90).0
}

/// Asserts that no file below this folder contains any of the secrets.
pub(crate) fn holds_no_secret(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            holds_no_secret(&path);
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        for secret in [PASSWORD, SECRET, TOKEN] {
            assert!(!text.contains(secret), "{secret} is in {}", path.display());
        }
    }
}

fn a_login_is_performed_once_for_all_sessions() {
    let gate = Gate::start();
    let project = Project::new(&manifest(&gate, FORM), &[]);
    let mut variables = ACCEPT.to_vec();
    variables.push(("TINTYPE_LOG", "trace"));
    let run = project.run(&[], &variables);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(gate.logins(), 1);
    for story in ALL {
        assert_eq!(colour(&project, story), [0, 255, 0], "{story}");
    }
    assert_eq!(colour(&project, "open"), [255, 255, 255], "not logged in");
    // The fast path shows the same, and a login is valid for one run only.
    let run = project.run(&[], &ACCEPT[..1]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert_eq!(gate.logins(), 2);
    holds_no_secret(project.path());
    for text in [run.stdout, run.stderr] {
        for secret in [PASSWORD, SECRET, TOKEN] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

fn a_login_works_in_firefox() {
    let gate = Gate::start();
    let browser = "[browser]\nnames = [\"firefox\"]";
    let manifest = manifest(&gate, FORM).replace("[browser]", browser);
    let project = Project::new(&manifest, &[]);
    let run = project.run(&[], &ACCEPT);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(gate.logins(), 1);
    for story in ALL {
        assert_eq!(colour(&project, story), [0, 255, 0], "{story}");
    }
    assert_eq!(colour(&project, "open"), [255, 255, 255], "not logged in");
}

fn an_expired_login_is_renewed() {
    let gate = Gate::start();
    gate.sessions_hold(5);
    let project = Project::new(&manifest(&gate, FORM), &[]);
    let run = project.run(&[], &ACCEPT);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    // Seven stories on two pages each are 14 pages.
    let logins = gate.logins();
    assert!((3..=5).contains(&logins), "{logins}");
    for story in ALL {
        assert_eq!(colour(&project, story), [0, 255, 0], "{story}");
    }
    // A login that is never accepted is reported.
    gate.sessions_hold(0);
    let run = project.run(&["--exact", "a::light::200x100"], &ACCEPT[..1]);
    assert_eq!(run.code, Some(101));
    let told =
        "the login `member` has no effect: after renewing it, /a still shows a logged-out page";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}

fn a_command_logs_in() {
    let gate = Gate::start();
    gate.admit("sid-secret-by-hand");
    let login = "command = \"test -n $TINTYPE_BASE_URL && printf 'Set-Cookie: sid=%s; Path=/; HttpOnly\\\\n' \\\"$TINTYPE_TEST_SID\\\"\"";
    let project = Project::new(&manifest(&gate, login), &[]);
    let variables = [
        ("TINTYPE_TEST_SID", "sid-secret-by-hand"),
        ("TINTYPE_UPDATE", "new"),
    ];
    let run = project.run(&[], &variables);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(gate.logins(), 0);
    // The cookie is set, and the storage is empty.
    assert_eq!(colour(&project, "a"), [255, 165, 0]);
    assert_eq!(colour(&project, "open"), [255, 255, 255]);
    holds_no_secret(project.path());

    for (command, told) in [
        (
            "exit 3",
            "the login `member` failed: `exit 3` failed (exit status: 3",
        ),
        (
            "echo hello",
            "contains invalid cookies: line 1 is not a valid cookie",
        ),
    ] {
        let manifest = manifest(&gate, &format!("command = \"{command}\""));
        project.write("stories.toml", &manifest);
        let run = project.run(&["a::"], &[]);
        assert_eq!(run.code, Some(101));
        assert!(run.stdout.contains(told), "{}", run.stdout);
    }
}

fn a_failed_login_is_reported_once() {
    let gate = Gate::start();
    let manifest = manifest(&gate, FORM).replace("\"20s\"", "\"3s\"");
    let project = Project::new(&manifest, &[]);
    let wrong = [("TINTYPE_TEST_PASSWORD", "wrong-horse")];
    let run = project.run(&[], &wrong);
    assert_eq!(run.code, Some(101));
    let told = "step 4 of 4 of the login `member` (`wait-for` of `#in`) failed: no element matches";
    let before = "the login `member` failed before: ";
    let results = project.last().results;
    let messages: Vec<_> = results
        .iter()
        .filter_map(|r| r.message.as_deref())
        .collect();
    assert_eq!(messages.iter().filter(|m| m.starts_with(told)).count(), 1);
    assert_eq!(messages.iter().filter(|m| m.starts_with(before)).count(), 6);
    assert!(!run.stdout.contains("wrong-horse"), "{}", run.stdout);
    let shown = results.iter().find(|result| result.unmet_step.is_some());
    assert!(
        project
            .read(shown.unwrap().current.as_ref().unwrap())
            .starts_with(b"\x89PNG")
    );
    assert_eq!(project.result("open::light::200x100").status, Status::New);
}
