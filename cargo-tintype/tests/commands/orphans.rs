use super::project::{Project, picture};

fn project() -> Project {
    let project = Project::new();
    for path in [
        "baselines/button-dark-375x667.png",
        "baselines/button-sepia-375x667.png",
        "baselines/old/card-dark-375x667.png",
        "baselines/README.md",
    ] {
        project.write(path, &picture(1));
    }
    project
}

#[test]
fn lists_orphans() {
    insta::assert_snapshot!(project().tintype(&["orphans"]).all());
}

#[test]
fn deletes_orphans_and_the_folders_they_leave_empty() {
    let project = project();
    insta::assert_snapshot!(project.tintype(&["orphans", "--delete"]).all());
    assert!(!project.has("baselines/old"));
    assert!(project.has("baselines/button-dark-375x667.png"));
    assert!(project.has("baselines/README.md"));
    let said = project.tintype(&["orphans"]);
    assert_eq!(said.out, "every baseline belongs to a snapshot\n");
}
