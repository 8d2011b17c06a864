use tintype::internals::baseline::{self, Provenance};
use tintype::internals::model::{Environment, RunId};

use super::project::{Project, baseline_of, picture};

#[test]
fn a_complete_setup_has_no_problem() {
    let said = Project::new().tintype(&["doctor"]);
    assert!(said.ok, "{}{}", said.out, said.err);
    for name in ["manifest", "browser", "driver", "session", "fonts"] {
        assert!(said.out.contains(name), "{name} in\n{}", said.out);
    }
}

#[test]
fn baselines_from_another_environment_and_damaged_ones_are_warnings() {
    let project = Project::new();
    let provenance = Provenance {
        environment: Environment {
            platform: "plan9".to_owned(),
            fonts: Some("3 fonts, 0123456789ab".to_owned()),
            ..Environment::default()
        },
        run_id: RunId("run-1".to_owned()),
        story_identifier: "button::light::375x667".parse().unwrap(),
    };
    let path = |name: &str| project.root().join(baseline_of(name));
    let [light, dark] = ["button::light::375x667", "button::dark::375x667"].map(path);
    baseline::accept(project.root(), &light, &picture(1), &provenance).unwrap();
    std::fs::write(&dark, "").unwrap();
    let said = project.tintype(&["doctor", "--json"]);
    assert!(said.ok, "{}{}", said.out, said.err);
    let checks: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let checks = checks.as_array().unwrap().iter();
    let found: Vec<_> = checks
        .filter(|check| check["name"] == "baselines")
        .collect();
    assert!(found.iter().all(|check| check["state"] == "warning"));
    let text = |check: &serde_json::Value, key: &str| check[key].as_str().unwrap().to_owned();
    let elsewhere = text(found[0], "found");
    assert!(
        elsewhere.starts_with(
            "1 of 1 were made in another environment: fonts 3 fonts, 0123456789ab (now "
        ),
        "{elsewhere}"
    );
    assert!(elsewhere.contains("platform plan9 (now "), "{elsewhere}");
    assert!(text(found[0], "advice").contains("{platform}"));
    assert_eq!(
        text(found[1], "found"),
        "the baseline `baselines/button-dark-375x667.png` is an empty file"
    );
    assert!(text(found[1], "advice").contains("cargo tintype accept"));
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

/// What `git lfs` leaves in place of a file of this size.
fn pointer(size: u64) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{size:064x}\nsize {size}\n")
}

#[test]
fn doctor_names_git_lfs_pointers_and_the_size_of_the_history() {
    let project = Project::new();
    let git = |arguments: &[&str]| {
        let mut command = project.command("git");
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", project.root())
            .args([
                "-c",
                "user.name=tester",
                "-c",
                "user.email=tester@example.org",
            ])
            .args(arguments);
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    };
    let baseline = baseline_of("button::light::375x667");
    git(&["init", "-q"]);
    for text in [pointer(30 << 20), pointer(40 << 20)] {
        project.write(&baseline, text.as_bytes());
        git(&["add", "baselines"]);
        git(&["commit", "-qm", "a version"]);
    }
    let said = project.tintype(&["doctor"]).all();
    assert!(
        said.contains("1 baselines are Git LFS pointers that were not pulled")
            && said.contains("fetch them with `git lfs pull`"),
        "{said}"
    );
    let history = "2 versions of baselines: 0.0 MB (0.0 MB in the current commit), and 70.0 MB \
                   in Git LFS";
    assert!(said.contains(history), "{said}");
    assert!(!said.contains("move --to store"), "{said}");

    project.write(&baseline, pointer(50 << 20).as_bytes());
    git(&["add", "baselines"]);
    git(&["commit", "-qm", "a third version"]);
    let said = project.tintype(&["doctor"]).all();
    assert!(said.contains("120.0 MB in Git LFS"), "{said}");
    assert!(
        said.contains("`cargo tintype baselines move --to store`"),
        "{said}"
    );
}
