//! Checks the files for CI servers: that they parse, and what they must contain.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::{Map, Value, json};

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The only document of a YAML file. A duplicate key is an error.
fn yaml(name: &str) -> Value {
    let text = text(name);
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(documents.len(), 1, "{name}");
    json_of(&documents[0])
}

fn json_of(yaml: &Yaml<'_>) -> Value {
    if let Some(entries) = yaml.as_mapping() {
        let entry = |(key, value): (&Yaml<'_>, &Yaml<'_>)| {
            (key.as_str().unwrap().to_owned(), json_of(value))
        };
        return Value::Object(entries.iter().map(entry).collect::<Map<_, _>>());
    }
    if let Some(items) = yaml.as_vec() {
        return items.iter().map(json_of).collect();
    }
    let flag = yaml.as_bool().map(Value::from);
    let number = yaml.as_integer().map(Value::from);
    let text = yaml.as_str().map(Value::from);
    flag.or(number).or(text).unwrap_or(Value::Null)
}

/// All strings of a document, with those in lists and tables.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(entries) => entries.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[track_caller]
fn assert_has(value: &Value, part: &str) {
    let all = strings(value);
    assert!(
        all.iter().any(|text| text.contains(part)),
        "no `{part}` in {all:#?}"
    );
}

/// What each recipe does, whatever the server.
fn assert_is_recipe(value: &Value) {
    for part in [
        "cargo test --test visual",
        "chromium-headless-shell",
        "chromium-driver",
        "target/tintype/runs",
    ] {
        assert_has(value, part);
    }
}

fn assert_is_shared(value: &Value, job: &Value) {
    assert_has(value, "REDIS_URL");
    assert_has(job, "cargo tintype wait --timeout 30m");
}

fn jobs(workflow: &Value) -> Vec<(&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter().collect()
}

/// What every job of GitHub Actions must have.
fn assert_is_workflow(workflow: &Value) {
    assert!(!workflow["on"].is_null());
    let permissions = json!({ "contents": "read" });
    assert_eq!(workflow["permissions"], permissions);
    for (name, job) in jobs(workflow) {
        assert!(job["runs-on"].is_string(), "{name}");
        assert!(job["timeout-minutes"].is_u64(), "{name}");
        for step in job["steps"].as_array().unwrap() {
            let kinds = ["run", "uses"]
                .iter()
                .filter(|kind| step[**kind].is_string());
            assert_eq!(kinds.count(), 1, "{name}: {step}");
        }
    }
}

#[test]
fn github_runs_and_keeps_cache_and_report() {
    let workflow = yaml("examples/ci/github.yml");
    assert_is_workflow(&workflow);
    assert_is_recipe(&workflow);
    assert_has(&workflow, "actions/cache@");
    assert_has(&workflow, "actions/upload-artifact@");
}

#[test]
fn github_shares_a_run() {
    let workflow = yaml("examples/ci/github-shared.yml");
    assert_is_workflow(&workflow);
    assert_is_recipe(&workflow);
    // Unquoted, YAML 1.1 reads it as true.
    assert!(text("examples/ci/github-shared.yml").contains("TINTYPE_SHARE: \"on\"\n"));
    let report = &workflow["jobs"]["report"];
    assert_is_shared(&workflow, report);
    assert_eq!(report["needs"], "capture");
    let machines = &workflow["jobs"]["capture"]["strategy"]["matrix"]["machine"];
    assert!(machines.as_array().unwrap().len() > 1);
    assert_eq!(workflow["jobs"]["capture"]["strategy"]["fail-fast"], false);
}

#[test]
fn gitlab_reports_junit() {
    for name in ["examples/ci/gitlab.yml", "examples/ci/gitlab-shared.yml"] {
        let pipeline = yaml(name);
        assert_is_recipe(&pipeline);
        assert_has(&pipeline, "target/tintype/cache");
        let jobs = pipeline.as_object().unwrap().values();
        let reports = jobs.filter(|job| job["artifacts"]["reports"]["junit"].is_string());
        for job in reports.clone() {
            assert_eq!(job["artifacts"]["when"], "always");
        }
        assert_eq!(reports.count(), 1, "{name}");
    }
    let pipeline = yaml("examples/ci/gitlab-shared.yml");
    assert!(text("examples/ci/gitlab-shared.yml").contains("TINTYPE_SHARE: \"on\"\n"));
    let report = &pipeline["report"];
    assert_has(report, "cargo tintype wait --timeout 30m");
    assert!(text("examples/ci/gitlab-shared.yml").contains("REDIS_URL"));
    let stages = json!([pipeline["capture"]["stage"], report["stage"]]);
    assert_eq!(stages, pipeline["stages"]);
    assert_eq!(report["when"], "always");
    assert!(pipeline["capture"]["parallel"].as_u64() > Some(1));
}

#[test]
fn buildkite_keeps_artifacts() {
    let pipeline = yaml("examples/ci/buildkite.yml");
    assert_is_recipe(&pipeline);
    assert!(text("examples/ci/buildkite.yml").contains("junit-annotate#"));
    let shared = yaml("examples/ci/buildkite-shared.yml");
    assert_is_recipe(&shared);
    assert_eq!(shared["env"]["TINTYPE_SHARE"], "on");
    let steps = shared["steps"].as_array().unwrap();
    let report = steps.last().unwrap();
    assert_is_shared(&shared, report);
    assert_eq!(report["depends_on"], steps[0]["key"]);
    assert_eq!(report["allow_dependency_failure"], true);
    assert!(steps[0]["parallelism"].as_u64() > Some(1));
}

/// Groovy cannot be parsed here: brackets and quotes match, and the parts are
/// there.
#[test]
fn jenkins_reports_junit() {
    for name in ["examples/ci/Jenkinsfile", "examples/ci/Jenkinsfile.shared"] {
        let text = text(name);
        assert_is_recipe(&json!([text]));
        assert_has(
            &json!([text]),
            "junit testResults: 'target/tintype/runs/*/junit.xml'",
        );
        assert_has(&json!([text]), "archiveArtifacts");
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code: String = code.map(|line| format!("{line}\n")).collect();
        let mut open = Vec::new();
        for c in code.chars() {
            match c {
                '(' => open.push(')'),
                '{' => open.push('}'),
                '[' => open.push(']'),
                ')' | '}' | ']' => assert_eq!(open.pop(), Some(c), "{name}"),
                _ => {}
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
        assert_eq!(code.matches('\'').count() % 2, 0, "{name}");
    }
    let shared = json!([text("examples/ci/Jenkinsfile.shared")]);
    assert_is_shared(&shared, &shared);
    assert_has(&shared, "TINTYPE_SHARE=on");
}

/// The repository's own workflow runs what every machine runs.
#[test]
fn the_workflow_of_this_repository_runs_ci() {
    let workflow = yaml(".github/workflows/ci.yml");
    assert_is_workflow(&workflow);
    assert_has(&workflow["jobs"]["ci"], ".ci/run");
}

/// `cargo binstall` finds what the workflow uploads.
#[test]
fn the_release_has_the_names_that_binstall_expects() {
    let workflow = yaml(".github/workflows/release.yml");
    assert_is_workflow(&workflow);
    let manifest: toml::Table = text("cargo-tintype/Cargo.toml").parse().unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let fill = |template: &toml::Value| {
        let template = template.as_str().unwrap();
        template
            .replace("{ name }", "cargo-tintype")
            .replace("v{ version }", "$TAG")
            .replace("{ target }", "$TARGET")
            .replace("{ archive-suffix }", ".tgz")
    };
    let url = fill(&binstall["pkg-url"]);
    let (_, file) = url.rsplit_once('/').unwrap();
    let (folder, _) = file.rsplit_once('.').unwrap();
    assert!(fill(&binstall["bin-dir"]).starts_with(&format!("{folder}/")));
    assert_has(&workflow, &format!("folder=\"{folder}\""));
    assert_has(&workflow, "tar -czf \"$folder.tgz\"");
    assert_has(&workflow, "SHA256SUMS");
    let targets = &workflow["jobs"]["build"]["strategy"]["matrix"]["include"];
    let targets: Vec<_> = strings(targets);
    for part in ["linux-gnu", "linux-musl", "apple-darwin"] {
        assert!(
            targets.iter().any(|target| target.ends_with(part)),
            "{part}"
        );
    }
}

/// Each form asks for something, and names every field.
#[test]
fn issue_forms_are_complete() {
    for name in ["bug", "unstable", "feature"] {
        let form = yaml(&format!(".github/ISSUE_TEMPLATE/{name}.yml"));
        assert!(
            form["name"].is_string() && form["description"].is_string(),
            "{name}"
        );
        let fields = form["body"].as_array().unwrap();
        let fields = fields.iter().filter(|field| field["type"] != "markdown");
        let mut required = 0;
        for field in fields {
            assert!(field["id"].is_string(), "{name}: {field}");
            assert!(field["attributes"]["label"].is_string(), "{name}: {field}");
            required += usize::from(field["validations"]["required"] == true);
        }
        assert!(required > 0, "{name}");
    }
    assert_eq!(
        yaml(".github/ISSUE_TEMPLATE/config.yml")["blank_issues_enabled"],
        false
    );
}

/// Without these settings, the record would lose runs.
#[test]
fn the_redis_of_the_compose_file_keeps_records() {
    let compose = yaml("deploy/compose.yml");
    let services = compose["services"].as_object().unwrap();
    let redis: Vec<_> = strings(&services["redis"]["command"]);
    for pair in [
        ["--appendonly", "yes"],
        ["--maxmemory-policy", "noeviction"],
    ] {
        assert!(redis.windows(2).any(|words| words == pair), "{redis:?}");
    }
    for (name, service) in services {
        assert!(
            service["image"].is_string() && service["restart"].is_string(),
            "{name}"
        );
        // Only TLS is open to the network.
        let ports: Vec<_> = service.get("ports").map(strings).unwrap_or_default();
        let is_local = ports.iter().all(|port| port.starts_with("127.0.0.1:"));
        assert!(is_local || name == "tls", "{name}: {ports:?}");
        for volume in service.get("volumes").map(strings).unwrap_or_default() {
            let source = volume.split(':').next().unwrap();
            let is_named = compose["volumes"].get(source).is_some();
            assert!(is_named || source.starts_with("${"), "{name}: {volume}");
        }
    }
}

/// The image has the packages of the files for CI.
#[test]
fn the_image_has_browser_driver_and_fonts() {
    let dockerfile = text("deploy/Dockerfile");
    let recipe = text("examples/ci/github.yml");
    assert!(dockerfile.contains("\nFROM rust:1-trixie\n"));
    for package in [
        "chromium-headless-shell",
        "chromium-driver",
        "fonts-liberation",
        "fonts-noto-color-emoji",
    ] {
        assert!(
            recipe.contains(package) && dockerfile.contains(package),
            "{package}"
        );
    }
}

#[test]
fn the_action_is_complete() {
    let action = yaml("action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_array().unwrap();
    let source = text("action.yml");
    for (input, definition) in action["inputs"].as_object().unwrap() {
        assert!(definition["description"].is_string(), "{input}");
        assert!(definition.get("default").is_some(), "{input}");
        assert!(
            source.contains(&format!("inputs.{input} ")),
            "{input} is unused"
        );
    }
    for used in source.split("inputs.").skip(1) {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let name: String = used.chars().take_while(is_name).collect();
        assert!(!action["inputs"][&name].is_null(), "{name} is not an input");
    }
    for step in steps {
        let Some(script) = step["run"].as_str() else {
            assert!(step["uses"].is_string(), "{step}");
            continue;
        };
        assert_eq!(step["shell"], "bash", "{step}");
        // Values of a pull request must not become code.
        assert!(!script.contains("${{"), "{step}");
    }
    let report = action["outputs"]["report"]["value"].as_str().unwrap();
    assert!(report.contains("steps.upload.") && steps.iter().any(|step| step["id"] == "upload"));
}

/// The shell commands of the action are valid.
#[test]
fn the_scripts_of_the_action_parse() {
    let action = yaml("action.yml");
    for step in action["runs"]["steps"].as_array().unwrap() {
        let Some(script) = step["run"].as_str() else {
            continue;
        };
        let check = std::process::Command::new("bash")
            .args(["-n", "-c", script])
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.success(), "{}: {error}", step["name"]);
    }
}
