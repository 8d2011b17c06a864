use tintype::internals::model::Status;

use super::project::{Project, baseline_of, picture};

const SET: [&str; 6] = [
    "quarantine",
    "button::dark",
    "--until",
    "2999-12-31",
    "--reason",
    "issue 12",
];

#[test]
fn quarantines_are_set_replaced_listed_and_lifted() {
    let project = Project::new();
    project.write("quarantine.toml", b"# Who adds one removes it.\n");
    let said = project.tintype(&SET);
    assert_eq!(said.code, Some(0), "{}", said.all());
    // The same snapshots again: one entry, with the new reason.
    let mut again = SET;
    again[5] = "issue 13";
    project.tintype(&again);
    project.tintype(&[
        "quarantine",
        "forms/field",
        "--until",
        "2999-01-01",
        "--reason",
        "slow",
    ]);
    let text = project.read("quarantine.toml");
    assert!(text.starts_with("# Who adds one"), "{text}");
    assert_eq!(text.matches("[[quarantine]]").count(), 2, "{text}");
    assert!(
        text.contains("issue 13") && !text.contains("issue 12"),
        "{text}"
    );
    insta::assert_snapshot!(project.tintype(&["quarantine"]).all());
    let listed = project.tintype(&["quarantine", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed[0]["theme"], "dark");
    assert_eq!(listed[0]["until"], "2999-12-31");
    assert_eq!(listed[0]["canBeLifted"], false);
    // The whole story includes its themes.
    let said = project.tintype(&["quarantine", "button", "--lift"]);
    assert_eq!(said.out, "lifted 1 quarantine of button\n");
    assert!(!project.read("quarantine.toml").contains("button"));
    assert_eq!(
        project.tintype(&["quarantine", "button", "--lift"]).code,
        Some(1)
    );
}

#[test]
fn bad_quarantines_are_refused() {
    let project = Project::new();
    let mut said = String::new();
    for arguments in [
        &["quarantine", "button"][..],
        &["quarantine", "button", "--until", "2999-12-31"],
        &[
            "quarantine",
            "button",
            "--until",
            "2999-12-31",
            "--reason",
            " ",
        ],
        &[
            "quarantine",
            "button",
            "--until",
            "2020-01-01",
            "--reason",
            "x",
        ],
        &[
            "quarantine",
            "buton",
            "--until",
            "2999-12-31",
            "--reason",
            "x",
        ],
        &[
            "quarantine",
            "button::dark::wide",
            "--until",
            "2999-12-31",
            "--reason",
            "x",
        ],
        &["quarantine", "button", "--until", "soon", "--reason", "x"],
        &[
            "quarantine",
            "button",
            "--until",
            "2999-12-31",
            "--reason",
            "x",
            "--difference",
        ],
    ] {
        let refused = project.tintype(arguments);
        assert_ne!(refused.code, Some(0), "{arguments:?}");
        said.push_str(&refused.all());
    }
    insta::assert_snapshot!(said);
    assert!(!project.has("quarantine.toml"));
}

#[test]
fn the_difference_of_a_run_can_be_ignored() {
    let project = Project::new();
    let name = "button::dark::375x667";
    project.write(&baseline_of(name), &picture(1));
    let result = project.result("run-1", name, Status::Failed, 200);
    project.run("run-1", 1, vec![result]);
    let mut arguments = SET.to_vec();
    arguments.push("--difference");
    let said = project.tintype(&arguments);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let text = project.read("quarantine.toml");
    assert!(text.contains("difference = \""), "{text}");
    assert!(text.contains("viewport = \"375x667\""), "{text}");
}
