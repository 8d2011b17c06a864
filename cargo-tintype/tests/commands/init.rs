use super::project::{Project, Said};

const CARGO_TOML: &str = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

fn shop() -> Project {
    let project = Project::empty();
    project.write("Cargo.toml", CARGO_TOML.as_bytes());
    project.write("src/lib.rs", b"");
    project
}

#[test]
fn writes_a_suite_into_an_empty_project() {
    let project = shop();
    insta::assert_snapshot!(project.tintype(&["init"]).all());
    assert!(project.has("stories/hello.html") && project.has("tests/visual.rs"));
    assert_eq!(project.read(".gitignore"), "/target\n");
    let listed = project.tintype(&["list"]);
    let names: Vec<_> = listed.out.lines().collect();
    assert_eq!(
        names,
        [
            "hello::light::375x667",
            "hello::light::1280x720",
            "hello::dark::375x667",
            "hello::dark::1280x720",
        ]
    );
}

#[test]
fn a_second_time_it_keeps_everything() {
    let project = shop();
    assert!(project.tintype(&["init"]).ok);
    project.write("stories/hello.html", b"mine");
    let before = project.read("Cargo.toml");
    let said = project.tintype(&["init"]);
    insta::assert_snapshot!("init_again", said.all());
    assert_eq!(project.read("Cargo.toml"), before);
    assert_eq!(project.read("stories/hello.html"), "mine");
}

#[test]
fn in_a_workspace_the_profile_goes_where_it_counts() {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        b"[workspace]\nmembers = [\"shop\"]\nresolver = \"3\"\n",
    );
    project.write("shop/Cargo.toml", CARGO_TOML.as_bytes());
    project.write("shop/src/lib.rs", b"");
    let said = project.tintype(&["init", "shop"]);
    assert!(said.ok, "{}", said.err);
    assert!(project.read("Cargo.toml").contains("png.opt-level = 3"));
    assert!(!project.read("shop/Cargo.toml").contains("opt-level"));
    assert!(project.read("shop/Cargo.toml").contains("[[test]]"));
}

#[test]
fn a_gitignore_that_cannot_be_read_stays_as_it_is() {
    let project = shop();
    project.write(".gitignore", b"caf\xe9\n");
    let said = project.tintype(&["init"]);
    insta::assert_snapshot!("unreadable_gitignore", said.all());
    let kept = std::fs::read(project.root().join(".gitignore")).unwrap();
    assert_eq!(kept, b"caf\xe9\n");
}

#[test]
fn without_a_project_it_says_what_to_do() {
    insta::assert_snapshot!(Project::empty().tintype(&["init"]).all());
}

/// The whole workflow: an empty project, the real cargo, the real browser.
#[test]
fn the_suite_that_it_writes_works() {
    let suite = Suite::new();
    suite.expect(false, "hello::dark::1280x720");

    let accepted = suite.tintype(&["accept"]);
    assert!(accepted.ok, "{}{}", accepted.out, accepted.err);
    for name in [
        "light-375x667",
        "light-1280x720",
        "dark-375x667",
        "dark-1280x720",
    ] {
        assert!(
            suite.project.has(&format!("baselines/hello-{name}.png")),
            "{name}"
        );
    }
    suite.expect(true, "4 passed");

    // One property of one element.
    let story = suite.project.read("stories/hello.html");
    let changed = story.replace("padding: 2rem 3rem", "padding: 2rem 4rem");
    assert_ne!(story, changed);
    suite
        .project
        .write("stories/hello.html", changed.as_bytes());
    suite.expect(false, "cargo tintype accept");
    suite.project.write("stories/hello.html", story.as_bytes());
    suite.expect(true, "4 passed");
}

/// A project that depends on this checkout. What cargo builds for it is kept
/// below our own target folder, since it takes a while.
struct Suite {
    project: Project,
    target: std::path::PathBuf,
}

impl Drop for Suite {
    fn drop(&mut self) {
        // The record's private server would run for a while; without this file
        // it stops.
        let _ = std::fs::remove_file(self.target.join("tintype/redis/used"));
    }
}

impl Suite {
    fn new() -> Self {
        let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let suite = Self {
            project: shop(),
            target: std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("init"),
        };
        // The versions of the checkout, without network.
        let lock = std::fs::read(format!("{checkout}/Cargo.lock")).unwrap();
        suite.project.write("Cargo.lock", &lock);
        let said = suite.tintype(&["init", "--path", checkout]);
        assert!(said.ok, "{}", said.err);
        suite
    }

    fn tintype(&self, arguments: &[&str]) -> Said {
        let mut command = self.project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
        command.env("CARGO_TARGET_DIR", &self.target);
        self.project
            .said(&command.args(arguments).output().unwrap())
    }

    /// Runs the tests and checks whether they pass and what they print.
    fn expect(&self, pass: bool, text: &str) {
        let mut command = self.project.command(env!("CARGO"));
        command.args(["test", "--offline", "--test", "visual"]);
        command.env("CARGO_TARGET_DIR", &self.target);
        let said = self.project.said(&command.output().unwrap());
        let all = format!("{}{}", said.out, said.err);
        assert!(
            said.ok == pass && all.contains(text),
            "expected `{text}` in\n{all}"
        );
    }
}
