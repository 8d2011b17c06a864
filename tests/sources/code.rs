//! Test targets that add a server, stories and hooks to their manifest.

use libtest_mimic::Trial;
use tintype::internals::model::{Reason, Status};
use tintype::internals::serve::HttpServer;

use super::output::{assert_first_failure, assert_output};
use super::project::{Project, Run};
use super::{PLAY_SUITE, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_tower_service_is_served,
        an_address_replaces_the_manifests_source,
        stories_from_code_are_added_to_the_manifest,
        conflicts_with_the_manifest_are_reported,
        hooks_run_on_a_clean_page => hooks_in("chromium"),
        hooks_run_on_a_clean_page_in_firefox => hooks_in("firefox"),
        hooks_run_on_a_clean_page_in_webkit => hooks_in("webkit"),
        a_failing_hook_is_reported,
        a_panicking_hook_fails_its_test,
        a_panicking_session_fails_its_snapshot,
        hooks_are_cached_only_with_a_key,
    ]
}

const MANIFEST: &str = r#"
[stories]
from-code = true

[themes]
light = {}
dark = { color-scheme = "dark" }

[viewports]
desktop = "300x200"

[[story]]
path = "/menu"
"#;

fn run(project: &Project, target: &str, environment: &[(&str, &str)]) -> Run {
    let target = [(PLAY_SUITE, target)];
    project.run(&[], &[environment, &target].concat())
}

fn accept(project: &Project, target: &str) {
    let run = run(project, target, &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

fn a_tower_service_is_served() {
    let project = Project::new(MANIFEST, &[]);
    accept(&project, "serve");
    let again = run(&project, "serve", &[]);
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    assert_eq!(project.statuses(), [Status::Passed; 2]);
    // The manifest alone does not define where the stories are.
    let alone = project.run(&[], &[]);
    assert_eq!(alone.code, Some(101));
    assert_first_failure("stories_without_a_server", &alone.stdout);
}

fn an_address_replaces_the_manifests_source() {
    let manifest = MANIFEST.replace("from-code = true", "dir = \"stories\"");
    let manifest = manifest.replace("/menu", "/open.html");
    let project = Project::new(&manifest, &[("open.html", "<!doctype html><p>here")]);
    project.accept_all();
    // The same page from a server of the test, on another port.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = project.path().join("stories");
    let server = runtime.block_on(HttpServer::start(&folder, None)).unwrap();
    let base = server.base();
    let taken = run(&project, "address", &[("APP_ADDRESS", &base)]);
    assert_eq!(taken.code, Some(0), "{}{}", taken.stdout, taken.stderr);
    let entered = runtime.enter();
    drop(server);
    drop(entered);
    let gone = run(&project, "address", &[("APP_ADDRESS", &base)]);
    assert_first_failure("story_server_down", &gone.stdout);
    let odd = run(&project, "address", &[("APP_ADDRESS", "127.0.0.1")]);
    assert_output("invalid_base_url", &odd.stderr);
}

fn stories_from_code_are_added_to_the_manifest() {
    let project = Project::new(MANIFEST, &[]);
    let target = [(PLAY_SUITE, "stories")];
    let list = project.run(&["--list"], &target);
    let names: Vec<&str> = list.stdout.lines().take(5).collect();
    assert_eq!(
        names,
        [
            "menu::light::300x200: test",
            "menu::dark::300x200: test",
            "coded/open::dark::300x200: test",
            "coded/menu::light::200x100: test",
            "coded/menu::dark::200x100: test",
        ]
    );
    accept(&project, "stories");
    assert_eq!(project.statuses(), [Status::New; 5]);
    // The mask that only the code sets is in the image.
    let masked = project.read("baselines/coded/menu-light-200x100.png");
    let masked = image::load_from_memory(&masked).unwrap().to_rgba8();
    assert_eq!(masked.get_pixel(20, 20).0, [255, 0, 255, 255]);
}

fn conflicts_with_the_manifest_are_reported() {
    let project = Project::new(MANIFEST, &[]);
    let unknown = run(&project, "unknown-theme", &[]);
    assert_eq!(unknown.code, Some(101));
    assert_output("unknown_theme_in_code", &unknown.stderr);
    project.write(
        "stories.toml",
        &MANIFEST.replace("from-code = true", "url = \"http://127.0.0.1:1\""),
    );
    let undeclared = run(&project, "unknown-theme", &[]);
    assert_output("undeclared_stories_in_code", &undeclared.stderr);
}

fn hooks_in(engine: &str) {
    let manifest = format!("{MANIFEST}[browser]\nnames = [\"{engine}\"]\nsessions = 1\n");
    let project = Project::new(&manifest, &[]);
    accept(&project, "hooks");
    // A second click on the same page would have closed the menu again.
    for theme in ["light", "dark"] {
        let picture = project.read(&format!("baselines/menu-{theme}-300x200.png"));
        let picture = image::load_from_memory(&picture).unwrap().to_rgba8();
        let teal = picture
            .pixels()
            .filter(|pixel| pixel.0 == [0, 128, 128, 255])
            .count();
        assert_eq!(teal, 100 * 80, "{theme}");
    }
    let pages = || {
        let ends = String::from_utf8(project.read("ends.txt")).unwrap();
        ends.lines().count()
    };
    // Each of the two snapshots has a page for the fast path and a fresh one,
    // and another if these differ: a click leaves the pointer at its place.
    let new = pages();
    assert!((4..=6).contains(&new), "{new}");
    let again = run(&project, "hooks", &[]);
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    // One page for each of them, and a fresh one if it differs.
    let known = pages() - new;
    assert!((2..=4).contains(&known), "{known}");
}

fn a_failing_hook_is_reported() {
    let project = Project::new(MANIFEST, &[]);
    let failed = run(&project, "bad-hook", &[]);
    assert_eq!(failed.code, Some(101), "{}", failed.stderr);
    let message = project.result("menu::dark::300x200").message.unwrap();
    assert_output("failing_hook", &message);
    // `after` runs even if `before` failed.
    let ends = String::from_utf8(project.read("ends.txt")).unwrap();
    assert_eq!(ends, "menu\nmenu\n");
}

/// More panics than sessions: each session continues.
fn panicking(target: &str, told: &str) {
    let manifest = format!(
        "{MANIFEST}[[story]]\npath = \"/open\"\n[[story]]\npath = \"/last\"\n[browser]\nsessions = 1\n"
    );
    let project = Project::new(&manifest, &[]);
    let run = run(&project, target, &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    assert_eq!(project.last().run.reason, Some(Reason::Failed));
    for story in ["menu", "open"] {
        for theme in ["light", "dark"] {
            let result = project.result(&format!("{story}::{theme}::300x200"));
            assert_eq!(result.status, Status::Failed);
            let message = result.message.unwrap();
            assert!(message.contains(told), "{message}");
        }
    }
    let last = project.result("last::light::300x200");
    assert_eq!(last.status, Status::New);
}

fn a_panicking_hook_fails_its_test() {
    let told = "the `before` hook failed: it panicked: nothing to click on in ";
    panicking("panicking-hook", told);
    panicking("panicking-at-once", told);
}

fn a_panicking_session_fails_its_snapshot() {
    panicking(
        "panicking-worker",
        "the browser session that captured it panicked",
    );
}

fn hooks_are_cached_only_with_a_key() {
    let manifest = "[stories]\ndir = \"stories\"\n[viewports]\nd = \"200x100\"\n";
    let project = Project::new(manifest, &[("a.html", "<!doctype html><p>a")]);
    let key = |key| {
        run(
            &project,
            "keyed-hooks",
            &[("HOOKS_KEY", key), ("TINTYPE_UPDATE", "new")],
        )
    };
    let cached = || project.result("a::light::200x100").cached;
    for (name, hit) in [
        ("1", false),
        ("1", false),
        ("1", true),
        ("2", false),
        ("2", true),
    ] {
        let run = key(name);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert_eq!(cached(), hit, "{name}");
    }
    // Without hooks the page differs, and so does its cache entry.
    let plain = project.run(&[], &[]);
    assert_eq!(plain.code, Some(101), "{}{}", plain.stdout, plain.stderr);
}
