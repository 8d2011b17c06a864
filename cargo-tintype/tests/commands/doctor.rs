use super::project::Project;

#[test]
fn with_everything_in_place_nothing_is_a_problem() {
    let said = Project::new().tintype(&["doctor"]);
    assert!(said.ok, "{}{}", said.out, said.err);
    for name in ["manifest", "browser", "driver", "session", "fonts"] {
        assert!(said.out.contains(name), "{name} in\n{}", said.out);
    }
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let project = Project::new();
    let text = project.read("stories.toml") + "[browser]\nbinary = \"/nowhere/chromium\"\n";
    project.write("stories.toml", text.as_bytes());
    let said = project.tintype(&["doctor", "--json"]);
    assert!(!said.ok);
    assert_eq!(said.err, "error: 1 problem keeps the tests from running\n");
    let checks: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let browser = &checks[1];
    assert_eq!(
        (&browser["name"], &browser["state"]),
        (&"browser".into(), &"problem".into())
    );
    assert!(
        browser["found"]
            .as_str()
            .unwrap()
            .contains("/nowhere/chromium")
    );
    assert!(browser["advice"].as_str().unwrap().contains("install"));
}
