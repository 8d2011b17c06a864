use super::project::{Project, picture};

#[test]
fn lists_names_and_reasons() {
    let project = Project::new();
    let text = project.read("stories.toml")
        + "[[story]]\nglob = \"*.html\"\n[[story]]\nglob = \"forms/*.html\"\nskip = \"redesign\"\n";
    project.write("stories.toml", text.as_bytes());
    insta::assert_snapshot!(project.tintype(&["list"]).all());
}

#[test]
fn lists_what_filters_mean_as_json() {
    let project = Project::new();
    project.write("baselines/button-dark-375x667.png", &picture(1));
    insta::assert_snapshot!(project.tintype(&["list", "--json", "button::dark"]).all());
}

#[test]
fn finds_the_manifest_in_the_nearest_folder_above() {
    let project = Project::new();
    let said = project.tintype_in("stories/forms", &["list", "button::dark"]);
    assert_eq!(said.out, "button::dark::375x667\n", "{}", said.err);
}

#[test]
fn a_missing_manifest_says_what_to_do() {
    let said = Project::empty().tintype(&["list"]);
    insta::assert_snapshot!(said.all());
}

#[test]
fn a_wrong_manifest_shows_the_line() {
    let project = Project::new();
    project.write("stories.toml", b"[stories]\ndri = \"stories\"\n");
    insta::assert_snapshot!(project.tintype(&["list"]).all());
}
