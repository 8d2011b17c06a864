//! `cargo tintype cache`, without a browser.

use super::project::Project;

const MANIFEST: &str = r#"
[stories]
storybook = "storybook-static"
[themes]
light = {}
[viewports]
phone = "375x667"
"#;

const INDEX: &str = r#"{"v": 5, "entries": {
  "a--one": {"type": "story", "id": "a--one", "title": "A", "name": "One", "tags": ["beta", "test"]},
  "a--two": {"type": "story", "id": "a--two", "title": "A", "name": "Two", "tags": ["test"]},
  "b--one": {"type": "story", "id": "b--one", "title": "B", "name": "One", "tags": ["beta"]}
}}"#;

#[test]
fn clear_takes_the_tags_of_a_storybook() {
    let project = Project::empty();
    project.write("stories.toml", MANIFEST.as_bytes());
    project.write("storybook-static/index.json", INDEX.as_bytes());
    let clear = |tag: &str| project.tintype(&["cache", "clear", "--tag", tag]);
    let said = clear("beta");
    assert_eq!(said.out, "the next run captures 2 snapshots (#beta)\n");
    assert!(said.ok, "{}", said.err);
    let unknown = clear("bet");
    assert!(!unknown.ok);
    let expected = "no story has the tag `bet` (help: their tags are beta, test)";
    assert!(unknown.err.contains(expected), "{}", unknown.err);
    let plain = Project::new().tintype(&["cache", "clear", "--tag", "beta"]);
    let expected = "no story has a tag (help: only stories of a Storybook have tags)";
    assert!(plain.err.contains(expected), "{}", plain.err);
}
