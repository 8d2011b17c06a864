//! Pages and environments that mean harm: text that would control a terminal
//! or a CI server, secrets in messages, secrets in the environment.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::harmless::{HOSTILE, is_harmless};
use super::project::{Bell, MANIFEST, Project, Run};
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        text_of_a_page_controls_neither_terminal_nor_ci,
        text_of_a_command_controls_neither_terminal_nor_ci,
        text_of_a_manifest_controls_neither_terminal_nor_ci,
        endless_text_of_a_page_loses_no_result,
        planted_links_are_neither_followed_nor_truncated,
        cookies_of_a_login_are_redacted_in_every_encoding,
        browsers_and_drivers_inherit_no_secrets,
        commands_of_the_user_inherit_no_secrets_of_tintype,
        passwords_of_addresses_are_never_shown,
        a_missing_temporary_folder_is_named,
        few_open_files_are_reported_before_anything_is_created,
    ]
}

/// Commands of Tintype itself name the manifest.
const OWN: Option<&str> = Some("::error file=stories.toml,line=");

/// Runs as on GitHub, and checks everything that is printed and written.
fn run_on_github(project: &Project) -> Run {
    let summary = project.path().join("summary.md");
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ("TINTYPE_EXPLAIN", "1"),
        ("TINTYPE_LOG", "trace"),
    ];
    let run = project.run(&[], &variables);
    let junit = project.runs().pop().map(|folder| folder.join("junit.xml"));
    for text in [&run.stdout, &run.stderr] {
        is_harmless(text, OWN);
    }
    for file in junit.into_iter().chain([summary]) {
        is_harmless(&fs::read_to_string(&file).unwrap_or_default(), OWN);
    }
    run
}

fn text_of_a_page_controls_neither_terminal_nor_ci() {
    let text = serde_json::to_string(HOSTILE).unwrap();
    let page = format!(
        "<!doctype html><p>page<script>console.error({text});\
         setTimeout(() => {{ throw new Error({text}) }})</script>"
    );
    let manifest = format!("{MANIFEST}\n[capture]\npage-errors = \"fail\"\n");
    let project = Project::new(&manifest, &[("page.html", &page)]);
    let run = run_on_github(&project);
    assert_eq!(run.code, Some(101));
    assert!(run.stdout.contains("owned"), "{}", run.stdout);
}

fn text_of_a_command_controls_neither_terminal_nor_ci() {
    let octal: String = HOSTILE.bytes().map(|b| format!("\\\\{b:03o}")).collect();
    let manifest = format!(
        "[stories]\nurl = \"http://127.0.0.1:1\"\ncommand = \"printf '{octal}'; exit 3\"\n\
         [themes]\nlight = {{}}\n[viewports]\ndesktop = \"400x300\"\n\
         [[story]]\npath = \"/a\"\n"
    );
    let project = Project::new(&manifest, &[]);
    let run = project.run(&[], &[("TINTYPE_LOG", "trace")]);
    assert_eq!(run.code, Some(101));
    let shown = format!("{}{}", run.stdout, run.stderr);
    assert!(shown.contains("owned"), "{shown}");
    is_harmless(&shown, OWN);
}

/// Every text is 12 MB long.
fn endless_text_of_a_page_loses_no_result() {
    let page = "<!doctype html><p>page<script>
        const long = '<'.repeat(12000000);
        console.error(long);
        setTimeout(() => { throw new Error(long) });
        fetch('gone?' + 'x'.repeat(1000000)).catch(() => 0);
        </script>";
    let steps = "<!doctype html><p>page<script>
        const long = '<'.repeat(12000000);
        addEventListener('click', () => { throw new Error(long) });
        </script>";
    let server = Server::start(&[]);
    let manifest = format!(
        "{MANIFEST}\n[capture]\npage-errors = \"fail\"\n\
         [[story]]\npath = \"a.html\"\n[[story]]\npath = \"b.html\"\n\
         [[story]]\npath = \"c.html\"\nsteps = [{{ script = \"throw new Error('x'.repeat(12000000))\" }}]\n\
         [[story]]\npath = \"d.html\"\n"
    );
    let stories = [
        ("a.html", "<p>a"),
        ("b.html", page),
        ("c.html", steps),
        ("d.html", "<p>d"),
    ];
    let project = Project::new(&manifest, &stories);
    let url = server.url();
    let run = project.run(&[], &[("REDIS_URL", &url), ("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101), "{:.9000}", run.stderr);
    let lengths = [run.stdout.len(), run.stderr.len()];
    assert!(
        lengths.iter().all(|length| *length < 100_000),
        "{lengths:?}"
    );
    let folder = project.runs().pop().unwrap();
    for name in ["run.json", "junit.xml"] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.len() < 200_000, "{name}: {}", text.len());
        assert!(text.contains("MB more"), "{name}: {text}");
    }
    let statuses = project.statuses();
    assert_eq!(statuses.len(), 4, "{statuses:?}");
    let failed = statuses.iter().filter(|status| **status == Status::Failed);
    assert_eq!(failed.count(), 2, "{statuses:?}");
    // The record has all of them, and is small.
    let run = project.last().run.run_id;
    let tests = server.cli(&["SMEMBERS", &format!("visualrun:{run}:tests")]);
    assert_eq!(tests.lines().count(), 4, "{tests}");
    for key in tests.lines() {
        let length: usize = server.cli(&["STRLEN", key]).parse().unwrap();
        assert!((1..100_000).contains(&length), "{key}: {length}");
    }
    let document = server.cli(&["GET", &format!("visualrun:{run}")]);
    assert!(document.contains("\"reason\":\"failed\""), "{document}");
}

/// Locks and reports, where others can write to the state folder.
fn planted_links_are_neither_followed_nor_truncated() {
    for own in [
        "cache/.lock",
        "runs/run-7/.lock",
        "runs/run-7/run.json",
        "runs/run-7/report.html",
        "runs/run-7/junit.xml",
    ] {
        let project = Project::new(MANIFEST, &[("a.html", "<p>a")]);
        project.accept_all();
        project.write("precious.txt", "precious");
        let link = project.path().join("target/tintype").join(own);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(project.path().join("precious.txt"), &link).unwrap();
        let run = project.run(&[], &[("TINTYPE_RUN_ID", "run-7")]);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, Some(0), "{own}: {shown}");
        assert_eq!(project.read("precious.txt"), b"precious", "{own}");
        // It is replaced, or named.
        let is_named = shown.contains("it is a symbolic link");
        assert_eq!(is_named, link.is_symlink(), "{own}: {shown}");
    }
}

fn text_of_a_manifest_controls_neither_terminal_nor_ci() {
    let text = serde_json::to_string(HOSTILE).unwrap();
    let stories = [("a.html", "<p>a"), ("b.html", "<p>b")];
    let skipped = format!(
        "{MANIFEST}[[story]]\npath = \"a.html\"\nskip = {text}\n[[story]]\npath = \"b.html\"\n"
    );
    let project = Project::new(&skipped, &stories);
    let run = run_on_github(&project);
    assert!(run.stdout.contains("owned"), "{}", run.stdout);
    // An error shows the line, here with control characters as they are.
    let invalid = format!("{MANIFEST}# \u{1b}]0;owned\u{7}\n[[story]]\npath = 7 # \u{202e}owned\n");
    project.write("stories.toml", &invalid);
    let run = project.run(&[], &[("GITHUB_ACTIONS", "true")]);
    assert_eq!(run.code, Some(101));
    assert!(run.stderr.contains("owned"), "{}", run.stderr);
    is_harmless(&run.stdout, None);
    is_harmless(&run.stderr, None);
}

const COOKIE: &str = "won+cookie/secret=7381";

fn cookies_of_a_login_are_redacted_in_every_encoding() {
    let page = "<!doctype html><p>page<script>
        const value = document.cookie.split('sid=')[1];
        console.error('raw ' + value + ' uri ' + encodeURIComponent(value));
        console.error('base ' + btoa(value) + ' ' + btoa('x' + value) + ' ' + btoa('xy' + value));
        console.error('json ' + JSON.stringify({ a: JSON.stringify({ b: value }) }));
        fetch('gone?sid=' + encodeURIComponent(value)).catch(() => {});
        setTimeout(() => { throw new Error('thrown ' + value) });
        </script>";
    let manifest = format!(
        "{}\n[capture]\npage-errors = \"fail\"\n[login.member]\ncommand = \"printf 'sid=%s; Path=/' \\\"$SID\\\"\"\n",
        MANIFEST.replace("dir = \"stories\"", "dir = \"stories\"\nlogin = \"member\"")
    );
    let project = Project::new(&manifest, &[("page.html", page)]);
    let run = project.run(&[], &[("SID", COOKIE), ("TINTYPE_LOG", "trace")]);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    let folder = project.runs().pop().unwrap();
    let files = ["run.json", "junit.xml", "report.html"].map(|name| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            name == "report.html" || text.contains("***"),
            "{name}: {text}"
        );
        text
    });
    let core = &STANDARD.encode(COOKIE)[4..16];
    let encoded = "won%2Bcookie%2Fsecret";
    for text in files.iter().chain([&run.stdout, &run.stderr]) {
        for secret in [COOKIE, core, encoded, "cookie/secret", "cookie\\/secret"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    assert!(run.stdout.contains("***"), "{}", run.stdout);
}

fn browsers_and_drivers_inherit_no_secrets() {
    const MARK: &str = "inherited-secret-of-the-environment";
    let bell = Bell::new();
    let manifest = format!("{MANIFEST}{}", bell.allowed());
    let project = Project::new(&manifest, &[("endless.html", &bell.story())]);
    let mut suite = project.suite(&[]);
    for name in [
        "TINTYPE_LOGIN_KEY",
        "TINTYPE_REVIEW_TOKEN",
        "REDIS_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
    ] {
        suite.env(name, MARK);
    }
    let mut suite = suite.spawn().unwrap();
    bell.wait();
    let own = suite.id();
    let below = descendants(own);
    let names: Vec<_> = below.iter().map(|&pid| name(pid)).collect();
    for wanted in ["chromedriver", "chrom", "sh"] {
        let is_there = names.iter().any(|name| name.contains(wanted));
        assert!(is_there, "{wanted} is not among {names:?}");
    }
    let environment = |pid: u32| fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let has_mark = |pid: u32| String::from_utf8_lossy(&environment(pid)).contains(MARK);
    assert!(has_mark(own), "the suite has the secrets");
    for pid in below {
        assert!(!has_mark(pid), "{} has the secrets", name(pid));
    }
    let _ = suite.kill();
    let _ = suite.wait();
}

fn commands_of_the_user_inherit_no_secrets_of_tintype() {
    const MARK: &str = "inherited-secret-of-the-environment";
    let server = "[stories]\nurl = \"http://127.0.0.1:1\"\ncommand = \"env > environment; exit 3\"";
    let login = "[stories]\ndir = \"stories\"\nlogin = \"member\"\n\
                 [login.member]\ncommand = \"env > environment; exit 3\"";
    for source in [server, login] {
        let manifest = format!(
            "{source}\n[themes]\nlight = {{}}\n[viewports]\ndesktop = \"400x300\"\n\
             [[story]]\npath = \"/a.html\"\n"
        );
        let project = Project::new(&manifest, &[("a.html", "<p>a")]);
        let variables = [
            ("TINTYPE_LOGIN_KEY", MARK),
            ("TINTYPE_REVIEW_TOKEN", MARK),
            ("REDIS_PASSWORD", MARK),
            ("SHOP_KEY", "the user's own"),
        ];
        let run = project.run(&[], &variables);
        assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
        let environment = String::from_utf8(project.read("environment")).unwrap();
        assert!(environment.contains("SHOP_KEY="), "{environment}");
        assert!(!environment.contains(MARK), "{environment}");
    }
}

fn name(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    let program = line.split('\0').next().unwrap_or_default();
    program.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The processes that a process has started, and those that they have.
fn descendants(root: u32) -> Vec<u32> {
    let mut pairs = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let pid = entry.file_name().to_string_lossy().parse::<u32>();
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
        let parent = after.and_then(|rest| rest.split(' ').nth(1)?.parse::<u32>().ok());
        if let (Ok(pid), Some(parent)) = (pid, parent) {
            pairs.push((pid, parent));
        }
    }
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        let parent = found[at];
        found.extend(
            pairs
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    found.split_off(1)
}

fn passwords_of_addresses_are_never_shown() {
    let story = [("a.html", "<p>a")];
    let project = Project::new(MANIFEST, &story);
    for (name, value) in [
        ("REDIS_URL", "redis:swordfish@cache"),
        ("REDIS_URL", "redis://:sword?fish@cache"),
        ("REDIS_URL", "redis://:swordfish@127.0.0.1:1/0"),
        ("TINTYPE_WEBDRIVER", "ada:swordfish@127.0.0.1:1"),
        ("TINTYPE_WEBDRIVER", "http://ada:swordfish@127.0.0.1:1"),
    ] {
        let run = project.run(&[], &[(name, value), ("TINTYPE_LOG", "trace")]);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(!shown.contains("swordfish"), "{value}: {shown}");
        assert!(
            !shown.contains("sword?") && !shown.contains(":sword"),
            "{value}: {shown}"
        );
    }
    let url = "url = \"http://ada:swordfish@127.0.0.1:1\"\n[[story]]\npath = \"/a\"";
    project.write("stories.toml", &MANIFEST.replace("dir = \"stories\"", url));
    let run = project.run(&[], &[("TINTYPE_LOG", "trace")]);
    let shown = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, Some(101));
    assert!(!shown.contains("swordfish"), "{shown}");
}

fn a_missing_temporary_folder_is_named() {
    let project = Project::new(MANIFEST, &[("a.html", "<p>a")]);
    let run = project.run(&[], &[("TMPDIR", "/nowhere/at/all")]);
    assert_eq!(run.code, Some(101));
    let told = "TMPDIR is invalid: `/nowhere/at/all` is not a folder";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!project.path().join("target").exists());
}

fn few_open_files_are_reported_before_anything_is_created() {
    let project = Project::new(MANIFEST, &[("a.html", "<p>a")]);
    let limited = ["-c", "ulimit -n 24; exec \"$0\""];
    let mut shell = project.suite_under("sh", &limited);
    let run = Run::from(shell.output().unwrap());
    assert_eq!(run.code, Some(101));
    assert!(
        run.stdout.contains("the limit of open files is 24"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("help: raise it with `ulimit -n 1024`"));
    let browsers = project.path().join("target/tintype/browsers");
    let left = fs::read_dir(browsers).map_or(0, |folder| folder.flatten().count());
    assert_eq!(left, 0, "folders are left");
}
