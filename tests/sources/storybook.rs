//! A Storybook as a source of stories.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;
use tintype::internals::model::Status;
use tintype::internals::serve::HttpServer;

use super::output::assert_output;
use super::port::free_port;
use super::project::{Project, eventually};
use super::{PLAY_SUITE, storybook_build, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        stories_are_listed_without_a_browser,
        stories_are_captured_once_rendered,
        stories_are_captured_once_rendered_in_firefox => shown_in("firefox"),
        stories_are_captured_once_rendered_in_webkit => shown_in("webkit"),
        the_index_of_a_running_storybook_is_fetched,
        a_command_starts_storybook_before_its_index_is_known,
        a_broken_story_fails_with_storybooks_message,
        the_manifest_overrides_parameters,
    ]
}

/// A manifest for the Storybook in a folder.
fn manifest(folder: &Path, more: &str) -> String {
    format!(
        r#"
[stories]
storybook = "{}"
{more}
"#,
        folder.display()
    )
}

const SCREEN: &str = "[viewports]\ndesktop = \"480x320\"\n";

fn stories_are_listed_without_a_browser() {
    let more = format!("exclude = [{{ tag = \"broken\" }}]\n{SCREEN}");
    let project = Project::new(&manifest(storybook_build::folder(), &more), &[]);
    let nowhere = [("PATH", "/nonexistent")];
    let run = project.run(&["--list"], &nowhere);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let names: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(names[0], "controls-button--coloured::light::480x320: test");
    assert!(names.contains(&"parameters--skipped::light::480x320: test"));
    assert!(!run.stdout.contains("broken"), "{}", run.stdout);
    assert_eq!(
        names.iter().filter(|name| name.ends_with(": test")).count(),
        26
    );

    let more = format!(
        "include = [{{ title = \"Controls/*\" }}, {{ tag = \"small\" }}]\n\
         exclude = [\"**/Field/*\", {{ id = \"*--row\" }}]\n{SCREEN}"
    );
    project.write("stories.toml", &manifest(storybook_build::folder(), &more));
    let run = project.run(&["--list"], &nowhere);
    let of = |part: &str| run.stdout.matches(part).count();
    assert_eq!(
        (
            of("controls-button--"),
            of("controls-menu--"),
            of("data-badge--"),
            of(": test")
        ),
        (6, 2, 3, 11),
        "{}",
        run.stdout
    );
}

const SHOWN: &str = r##"
exclude = [{ tag = "broken" }, "Parameters/**"]

[themes]
light = { globals = { theme = "light" } }
dark = { color-scheme = "dark", globals = { theme = "dark", density = "compact" } }

[viewports]
desktop = "480x320"

[[story]]
glob = "Motion/**"
themes = ["light"]

[[story]]
id = "data-card--loaded"
themes = ["dark"]

[[story]]
id = "button-by-args"
story = "controls-button--plain"
args = { kind = "primary" }
themes = ["light"]

[[story]]
id = "button-delete"
story = "controls-button--coloured"
args = { label = "Delete it", style = { color = "#1d7a44" }, large = true }
themes = ["light"]
"##;

fn stories_are_captured_once_rendered() {
    let project = Project::new(&manifest(storybook_build::folder(), SHOWN), &[]);
    project.accept_all();
    let picture = |name: &str| {
        let png = project.read(&format!("baselines/{name}-480x320.png"));
        image::load_from_memory(&png).unwrap().to_rgba8()
    };
    let alike = |one: &str, other: &str| picture(one) == picture(other);
    let differ = |one: &str, other: &str| assert!(!alike(one, other), "{one} {other}");
    differ(
        "controls-button--plain-light",
        "controls-button--plain-dark",
    );
    // The capture waited for the play function and the loader.
    differ("controls-field--typed-light", "controls-field--blank-light");
    differ("controls-menu--open-light", "controls-menu--closed-light");
    differ("data-card--loaded-dark", "data-card--empty-dark");
    // Args have the types that Storybook gives them.
    assert!(alike(
        "button-by-args-light",
        "controls-button--primary-light"
    ));
    let green = image::Rgba([0x1d, 0x7a, 0x44, 0xff]);
    let of_args = picture("button-delete-light");
    assert!(of_args.pixels().any(|pixel| *pixel == green));

    // The fast path captures the same.
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let statuses = project.statuses();
    assert!(
        statuses.iter().all(|status| *status == Status::Passed),
        "{statuses:?}"
    );
}

const SHOWN_ELSEWHERE: &str = r#"
include = ["Controls/Field/*", { id = "controls-button--plain" }, { id = "broken--*" }]

[themes]
light = { globals = { theme = "light" } }
dark = { globals = { theme = "dark" } }

[viewports]
desktop = "480x320"

[[story]]
glob = "Broken/**"
themes = ["light"]
"#;

fn shown_in(engine: &str) {
    let more = format!("{SHOWN_ELSEWHERE}\n[browser]\nnames = [\"{engine}\"]\nsessions = 1\n");
    let project = Project::new(&manifest(storybook_build::folder(), &more), &[]);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101), "{}", run.stderr);
    let picture = |name: &str| {
        let png = project.read(&format!("baselines/{name}-480x320.png"));
        image::load_from_memory(&png).unwrap().to_rgba8()
    };
    for (one, other) in [
        (
            "controls-button--plain-light",
            "controls-button--plain-dark",
        ),
        ("controls-field--typed-light", "controls-field--blank-light"),
    ] {
        assert!(picture(one) != picture(other), "{one} {other}");
    }
    for (story, words) in BROKEN {
        told_by_storybook(&project, story, words);
    }
    let again = project.run(&["controls"], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
}

fn running(base: &str, more: &str) -> String {
    format!(
        "[stories]\nstorybook = \"{base}\"\ninclude = [{{ tag = \"small\" }}]\n{more}\n{SCREEN}"
    )
}

fn the_index_of_a_running_storybook_is_fetched() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(HttpServer::start(storybook_build::folder(), None));
    let server = server.unwrap();
    let project = Project::new(&running(&server.base(), ""), &[]);
    let list = project.run(&["--list"], &[]);
    assert_eq!(
        list.stdout.matches("data-badge--").count(),
        4,
        "{}",
        list.stderr
    );
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    let entered = runtime.enter();
    drop(server);
    drop(entered);
    // While it is stopped its stored index is listed, but no run uses it.
    let kept = project.run(&["--list"], &[]);
    assert_eq!(kept.stdout, list.stdout);
    assert_output("outdated_index", &kept.stderr);
    let away = project.run(&[], &[]);
    assert_eq!(away.code, Some(101));
    assert_output("storybook_down", &away.stderr);
    // A Storybook that never ran has no stored index.
    let never = Project::new(&running("http://127.0.0.1:1", ""), &[]);
    let never = never.run(&["--list"], &[]);
    assert_output("storybook_without_index", &never.stderr);
}

fn a_command_starts_storybook_before_its_index_is_known() {
    let port = free_port();
    let program = std::env::current_exe().unwrap().display().to_string();
    let folder = storybook_build::folder().display();
    let command = format!(
        "command = \"{PLAY_SUITE}=plain-server APP_PORT={port} APP_FOLDER={folder} {program}\""
    );
    let project = Project::new(&running(&format!("http://127.0.0.1:{port}"), &command), &[]);
    project.accept_all();
    assert_eq!(project.statuses(), [Status::New; 4]);
    eventually("the Storybook is gone", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
    });
}

/// Stories that fail to render, with Storybook's message for each.
const BROKEN: [(&str, &str); 5] = [
    (
        "throws",
        "the story threw an error: there is no such icon: anchor",
    ),
    (
        "nothing",
        "the story cannot be rendered: Expecting an HTML snippet or DOM node",
    ),
    ("bad-play", "the play function failed: "),
    (
        "bad-loader",
        "the story threw an error: the loader has no harbour",
    ),
    (
        "bad-parameters",
        "`parameters.tintype.viewports` of the story has `watch`, which [viewports] of",
    ),
];

fn told_by_storybook(project: &Project, story: &str, words: &str) {
    let result = project.result(&format!("broken--{story}::light::480x320"));
    let message = result.message.unwrap_or_default();
    assert_eq!(result.status, Status::Failed, "{story}: {message}");
    assert!(
        message.starts_with("Storybook reports: ") && message.contains(words),
        "{story}: {message}"
    );
    assert!(!message.contains('\u{1b}'), "{message}");
}

fn a_broken_story_fails_with_storybooks_message() {
    let more = format!("include = [{{ tag = \"broken\" }}]\n{SCREEN}");
    let project = Project::new(&manifest(storybook_build::folder(), &more), &[]);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101), "{}", run.stderr);
    for (story, words) in BROKEN {
        told_by_storybook(&project, story, words);
    }
    let play = project.result("broken--bad-play::light::480x320").message;
    assert!(play.is_some_and(|message| message.contains("toHaveClass")));
    assert!(!project.path().join("baselines").exists());
}

const PARAMETERS: &str = r#"
include = ["Parameters/**"]

[viewports]
phone = "320x240"
desktop = "480x320"

[[story]]
id = "tolerant-by-manifest"
story = "parameters--tolerant"
viewports = ["phone"]
compare = { threshold = 0.0 }

[[story]]
id = "shown-all-the-same"
story = "parameters--skipped"
viewports = ["phone"]
parameters = false
"#;

fn the_manifest_overrides_parameters() {
    // A copy, since it is changed below.
    let folder = tempfile::tempdir().unwrap();
    copy(storybook_build::folder(), folder.path());
    let project = Project::new(&manifest(folder.path(), PARAMETERS), &[]);
    project.accept_all();
    let skipped = |name: &str, reason: &str| {
        let result = project.result(name);
        assert_eq!(result.status, Status::Skipped, "{name}");
        assert_eq!(result.message.as_deref(), Some(reason), "{name}");
    };
    skipped(
        "parameters--skipped::light::480x320",
        "waits for the new icons",
    );
    skipped(
        "parameters--not-for-chromatic::light::320x240",
        "parameters.chromatic.disableSnapshot is true",
    );
    skipped(
        "parameters--only-narrow::light::480x320",
        "`parameters.tintype.viewports` of the story has only phone",
    );
    for shown in [
        "parameters--only-narrow::light::320x240",
        "shown-all-the-same::light::320x240",
    ] {
        assert_eq!(project.result(shown).status, Status::New, "{shown}");
    }

    // Another grey, which the story tolerates and the manifest does not.
    let page = folder.path().join("iframe.html");
    let text = fs::read_to_string(&page).unwrap();
    let script = "<head><script>globalThis.tintypeShade = 'b0b0b0'</script>";
    fs::write(&page, text.replacen("<head>", script, 1)).unwrap();
    let run = project.run(&["olerant"], &[]);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    let status = |name: &str| project.result(name).status;
    assert_eq!(
        status("parameters--tolerant::light::320x240"),
        Status::Changed
    );
    assert_eq!(
        status("tolerant-by-manifest::light::320x240"),
        Status::Failed
    );
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let to = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
