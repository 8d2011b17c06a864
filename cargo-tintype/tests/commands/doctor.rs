use super::project::Project;

#[test]
fn a_complete_setup_has_no_problem() {
    let said = Project::new().tintype(&["doctor"]);
    assert!(said.ok, "{}{}", said.out, said.err);
    for name in ["manifest", "browser", "driver", "session", "fonts"] {
        assert!(said.out.contains(name), "{name} in\n{}", said.out);
    }
}

#[test]
fn a_missing_browser_is_a_problem_with_advice() {
    let project = Project::new();
    let text = project.read("stories.toml") + "[browser]\nbinary = \"/nowhere/chromium\"\n";
    project.write("stories.toml", text.as_bytes());
    let said = project.tintype(&["doctor", "--json"]);
    assert!(!said.ok);
    assert_eq!(
        said.err,
        "error: 1 problem prevents the tests from running\n"
    );
    let checks: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let browser = &checks[1];
    insta::assert_snapshot!(serde_json::to_string_pretty(browser).unwrap());
}
