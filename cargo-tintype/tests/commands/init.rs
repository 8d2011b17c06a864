use super::project::Project;

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
    assert!(said.ok && !said.out.contains("edited") && !said.out.contains("created"));
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
fn without_a_project_it_says_what_to_do() {
    insta::assert_snapshot!(Project::empty().tintype(&["init"]).all());
}
