use serde_json::{Value, json};
use tintype::internals::model::{Cause, CauseKind, Explanation, Status, VisualTestResult};

use super::code_host::{Api, CodeHost, HEAD, TOKEN};
use super::harmless::{HOSTILE, is_harmless};
use super::project::{Project, Said, baseline_of, picture};

const BUTTON: &str = "button::dark::375x667";
const FIELD: &str = "forms/field::light::375x667";
const APIS: [Api; 3] = [Api::Github, Api::Gitlab, Api::Gitea];

/// A failure by a changed colour.
fn explained(mut result: VisualTestResult, selector: &str) -> VisualTestResult {
    let text = |text: &str| Some(text.to_owned());
    let (from, to) = (text("rgb(59, 91, 219)"), text("rgb(66, 99, 235)"));
    let property = text("background-color");
    let mut cause = Cause::new(CauseKind::Style, text(selector), property, from, to);
    (cause.elements, cause.pixels) = (1, 5_403);
    result.diff_ratio = Some(0.1);
    result.explanation = Some(Explanation {
        explained_ratio: 1.0,
        causes: vec![cause],
    });
    result
}

/// A run with two explained differences and an error.
pub(crate) fn failed(selector: &str) -> Project {
    let project = Project::new();
    for name in [BUTTON, FIELD] {
        project.write(&baseline_of(name), &picture(1));
    }
    let result = |name| project.result("run-1", name, Status::Failed, 2);
    let mut broken = result("button::light::375x667");
    broken.message = Some("the page did not load".to_owned());
    let results = vec![
        explained(result(BUTTON), selector),
        explained(result(FIELD), selector),
        broken,
    ];
    project.run("run-1", 1, results);
    project
}

/// Runs `cargo tintype comment` in a job of the server.
pub(crate) fn comment(project: &Project, host: &CodeHost, arguments: &[&str]) -> Said {
    said(project, &host.variables(), arguments)
}

pub(crate) fn said(project: &Project, variables: &[(&str, String)], arguments: &[&str]) -> Said {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
    command.args(["tintype", "comment"]).args(arguments);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let said = project.said(&command.output().unwrap());
    assert!(!said.all().contains("hunter2"), "{}", said.all());
    said
}

#[test]
fn a_run_is_commented_once_and_later_runs_edit_the_comment() {
    for api in APIS {
        let project = failed(".btn");
        let host = CodeHost::start(api);
        host.add_comment("grace", "Looks good");
        let first = comment(&project, &host, &["--suite", "my suite"]);
        assert!(first.ok, "{api:?}: {}", first.all());
        let created = host.bodies()[1].clone();
        assert!(
            created.starts_with("<!-- tintype-comment: my%20suite -->\n"),
            "{created}"
        );
        let heading = "#### 2 × `.btn background-color #3b5bdb → #4263eb`\n\n\
                       `button::dark::375x667`, `forms/field::light::375x667`";
        assert!(created.contains(heading), "{created}");
        assert!(
            created.contains("#### 1 × `the page did not load`"),
            "{created}"
        );

        // Nothing has changed.
        let same = comment(&project, &host, &["--suite", "my suite"]);
        assert!(
            same.ok && same.out.contains("did not change"),
            "{api:?}: {}",
            same.all()
        );
        let result = project.result("run-2", BUTTON, Status::Failed, 3);
        project.run("run-2", 2, vec![explained(result, ".link")]);
        let link = "https://ci.example/report?a=1&b=<2>";
        let second = comment(&project, &host, &["--suite", "my suite", "--link", link]);
        assert!(
            second.ok && second.out.contains("updated the comment"),
            "{api:?}: {}",
            second.all()
        );
        let bodies = host.bodies();
        assert_eq!((bodies.len(), &*bodies[0]), (2, "Looks good"), "{api:?}");
        assert!(
            bodies[1].contains("`.link background-color"),
            "{}",
            bodies[1]
        );
        let report = "[Report](<https://ci.example/report?a=1&b=%3C2%3E>)";
        assert!(bodies[1].contains(report), "{}", bodies[1]);
        // Another suite has a comment of its own.
        assert!(comment(&project, &host, &["--suite", "my"]).ok);
        assert_eq!(host.bodies().len(), 3, "{api:?}");
    }
}

#[test]
fn the_commit_gets_a_status() {
    for api in APIS {
        let project = failed(".btn");
        // This run has no verdict.
        let host = CodeHost::start(api);
        let said = comment(&project, &host, &["--suite", "web", "--json"]);
        assert!(said.ok, "{api:?}: {}", said.all());
        let document: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(document["comment"]["change"], "created");
        assert_eq!(document["commit"], HEAD);
        let contents = host.contents();
        let [(_, status)] = &contents.statuses[..] else {
            panic!("{api:?} has {:?}", contents.statuses)
        };
        let name = if api == Api::Gitlab {
            "name"
        } else {
            "context"
        };
        assert_eq!(
            (&status[name], &status["state"]),
            (&json!("tintype/web"), &json!("pending"))
        );
        drop(contents);
        assert!(comment(&project, &host, &["--no-status"]).ok);
        assert_eq!(host.contents().statuses.len(), 1, "{api:?}");
        // Where the state is the same, GitLab answers with an error.
        assert!(comment(&project, &host, &["--suite", "web"]).ok, "{api:?}");
    }
}

#[test]
fn the_verdict_is_that_of_the_run() {
    for (reason, state, gitlab) in [
        ("passed", "success", "success"),
        ("failed", "failure", "failed"),
        ("interrupted", "error", "failed"),
        ("error", "error", "failed"),
    ] {
        let project = failed(".btn");
        let path = "target/tintype/runs/run-1/run.json";
        let mut file: Value = serde_json::from_str(&project.read(path)).unwrap();
        file["run"]["reason"] = json!(reason);
        project.write(path, file.to_string().as_bytes());
        for api in [Api::Github, Api::Gitlab] {
            let host = CodeHost::start(api);
            let said = comment(&project, &host, &[]);
            assert!(said.ok, "{}", said.all());
            let expected = if api == Api::Gitlab { gitlab } else { state };
            assert_eq!(
                host.contents().statuses[0].1["state"],
                expected,
                "{api:?} {reason}"
            );
            assert!(
                host.bodies()[0].contains(&format!(": {reason}\n")),
                "{reason}"
            );
        }
    }
}

#[test]
fn the_comment_is_found_on_any_page() {
    for api in APIS {
        let project = failed(".btn");
        let host = CodeHost::start(api);
        for number in 0..150 {
            host.add_comment("grace", &format!("comment {number}"));
        }
        assert!(comment(&project, &host, &[]).ok);
        for number in 0..150 {
            host.add_comment("grace", &format!("later comment {number}"));
        }
        let again = comment(&project, &host, &["--link", "https://ci.example/"]);
        assert!(
            again.out.contains("updated the comment"),
            "{api:?}: {}",
            again.all()
        );
        assert_eq!(host.contents().comments.len(), 301, "{api:?}");
    }
}

/// Its author could edit it afterwards.
#[test]
fn a_comment_of_another_user_is_never_edited() {
    for (api, user) in [
        (Api::Github, Some("ada")),
        (Api::Gitlab, Some("ada")),
        (Api::Gitea, Some("ada")),
        // A token of GitHub Actions cannot read whose it is.
        (Api::Github, None),
    ] {
        let project = failed(".btn");
        let host = CodeHost::start(api);
        host.contents().user = user;
        assert!(comment(&project, &host, &["--suite", "web"]).ok);
        let own = host.contents().comments.remove(0);
        let marker = "<!-- tintype-comment: web -->\nowned";
        host.add_comment("mallory", marker);
        host.contents().comments.push(own);
        let said = comment(
            &project,
            &host,
            &["--suite", "web", "--link", "https://ci.example/"],
        );
        assert!(
            said.out.contains("updated the comment"),
            "{api:?}: {}",
            said.all()
        );
        let bodies = host.bodies();
        assert_eq!((bodies.len(), &*bodies[0]), (2, marker), "{api:?}");
    }
    let project = failed(".btn");
    let host = CodeHost::start(Api::Gitea);
    host.contents().user = None;
    host.add_comment("mallory", "<!-- tintype-comment: web -->\nowned");
    let said = comment(&project, &host, &["--suite", "web"]);
    assert!(
        !said.ok && said.err.contains("`read:user`"),
        "{}",
        said.all()
    );
    assert_eq!(host.bodies().len(), 1);
}

#[test]
fn the_event_names_pull_request_and_commit() {
    let project = failed(".btn");
    let event = json!({ "pull_request": { "number": 7, "head": { "sha": HEAD } } });
    let path = project.write("event.json", event.to_string().as_bytes());
    let host = CodeHost::start(Api::Github);
    let mut variables = host.variables();
    variables.retain(|(name, _)| *name != "GITHUB_REF");
    variables.push(("GITHUB_EVENT_PATH", path.display().to_string()));
    let said = said(&project, &variables, &[]);
    assert!(said.ok, "{}", said.all());
    let contents = host.contents();
    assert!(
        !contents
            .requests
            .iter()
            .any(|request| request.contains("/pulls/"))
    );
    assert_eq!(contents.statuses[0].0, HEAD);
}

#[test]
fn a_dry_run_sends_nothing_and_needs_no_token() {
    let project = failed(".btn");
    let host = CodeHost::start(Api::Github);
    let mut variables = host.variables();
    variables.retain(|(name, _)| *name != "GITHUB_TOKEN");
    let plain = said(&project, &variables, &["--dry-run", "--suite", "web"]);
    insta::assert_snapshot!(plain.all().replace(&host.address, "[server]"));
    let json = said(&project, &variables, &["--dry-run", "--json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&document["provider"], &document["pullRequest"]),
        (&json!("github"), &json!(7))
    );
    assert!(host.contents().requests.is_empty());
}

/// Text of pages stays in code, where no service looks for anything, and has no
/// secrets.
#[test]
fn text_of_pages_is_inert() {
    let selector =
        format!("@team `<img src=x>` [a](https://b) www.c.example #1 !2 {TOKEN}\n# {HOSTILE}");
    let project = failed(&selector);
    let mut broken = project.result("run-1", "button::light::375x667", Status::Failed, 2);
    broken.message = Some(selector.clone());
    let result = project.result("run-1", BUTTON, Status::Failed, 2);
    project.run("run-1", 1, vec![explained(result, &selector), broken]);
    let host = CodeHost::start(Api::Github);
    assert!(comment(&project, &host, &[]).ok);
    let body = host.bodies().remove(0);
    is_harmless(&body, None);
    assert!(!body.contains("hunter2"), "{body}");
    for line in body.lines().skip(1) {
        let outside: String = line.split('`').step_by(2).collect();
        assert!(line.matches('`').count().is_multiple_of(2), "{line}");
        let is_plain = |c: char| c.is_alphanumeric() || "# ×,:·.".contains(c);
        assert!(outside.chars().all(is_plain), "{line}");
    }
    assert!(body.contains("@team"), "{body}");
}

#[test]
fn a_long_comment_is_cut_and_says_so() {
    let project = Project::new();
    let results = (0..600).map(|number| {
        let name = format!("story-{number}::light::375x667");
        let mut result = project.result("run-1", &name, Status::Failed, 2);
        result.message = Some(format!("{number} {}", "ä".repeat(250)));
        result
    });
    project.run("run-1", 1, results.collect());
    for api in APIS {
        let host = CodeHost::start(api);
        let said = comment(&project, &host, &[]);
        assert!(said.ok, "{}", said.all());
        let body = host.bodies().remove(0);
        let is_cut =
            body.contains("more groups of failures left out, as a comment has at most 65,536");
        assert_eq!(is_cut, api != Api::Gitlab, "{api:?}");
        let length = body.chars().count();
        assert!(
            is_cut == (64_000..=65_536).contains(&length),
            "{api:?}: {length}"
        );
    }
}

#[test]
fn pictures_of_a_public_store_are_shown() {
    let project = failed(".btn");
    let host = CodeHost::start(Api::Github);
    let mut variables = host.variables();
    let store = project.root().join("store").display().to_string();
    variables.push(("TINTYPE_ARTIFACTS", format!("file://{store}")));
    let said = said(
        &project,
        &variables,
        &["--store-url", "https://cdn.example/a b/"],
    );
    assert!(said.ok, "{}", said.all());
    let body = host.bodies().remove(0);
    let hash = tintype::internals::baseline::sha256(&picture(2));
    let address = format!(
        "https://cdn.example/a%20b/sha256/{}/{}.png",
        &hash[..2],
        &hash[2..]
    );
    assert!(
        body.contains(&format!(
            "<img src=\"{address}\" alt=\"current of button::dark"
        )),
        "{body}"
    );
    let report = "[Report](<https://cdn.example/a%20b/runs/run-1/report.html>)";
    assert!(body.contains(report), "{body}");
}
