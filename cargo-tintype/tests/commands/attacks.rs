//! Commands on records and files to which others write.

use std::fs;

use serde_json::json;
use tintype::internals::baseline;
use tintype::internals::config::{Config, Variables};
use tintype::internals::model::{
    Environment, Reason, RecordedEvent, RunId, Status, StoryIdentifier, VisualTestResult,
    VisualTestRun,
};
use tintype::internals::record::{RecordConfig, Recorder};

use super::project::{Project, Said, baseline_of, picture};
use super::server::Server;

const ONE: &str = "button::dark::375x667";
const TWO: &str = "forms/field::dark::375x667";

/// Whether a baseline is this picture.
fn is_baseline(project: &Project, name: &str, grey: u8) -> bool {
    let path = project.root().join(baseline_of(name));
    let found = baseline::read(project.root(), &path).unwrap();
    found.is_some_and(|found| found.is_capture(&picture(grey)))
}

/// A run in which `one` and `two` have failed, after `forge` has changed the
/// record of `one`.
fn forged(forge: impl Fn(&mut VisualTestResult)) -> Project {
    let project = Project::new();
    for name in [ONE, TWO] {
        project.write(&baseline_of(name), &picture(1));
    }
    let mut one = project.result("run-1", ONE, Status::Failed, 2);
    let two = project.result("run-1", TWO, Status::Failed, 3);
    forge(&mut one);
    project.run("run-1", 1, vec![one, two]);
    project
}

/// The field of a forged record, and how it is forged.
type Attack = (&'static str, fn(&mut VisualTestResult));

const ATTACKS: [Attack; 10] = [
    ("run", |one| one.run_id = RunId("run-2".to_owned())),
    ("story", |one| one.story_identifier = TWO.parse().unwrap()),
    ("theme", |one| one.theme = "light".to_owned()),
    ("engine", |one| one.browser = Some("firefox 140".to_owned())),
    ("scale", |one| one.scale = Some(2.0)),
    ("picture of the other", |one| {
        let current = "target/tintype/runs/run-1/forms/field-dark-375x667-current.png";
        one.current = Some(current.to_owned());
        one.sha256.as_mut().unwrap().current = Some(baseline::sha256(&picture(3)));
    }),
    ("path outside", |one| {
        one.current = Some("../../../../etc/passwd".to_owned());
    }),
    ("no hash", |one| one.sha256.as_mut().unwrap().current = None),
    ("no hashes", |one| one.sha256 = None),
    ("another hash", |one| {
        one.sha256.as_mut().unwrap().current = Some(baseline::sha256(&picture(3)));
    }),
];

#[test]
fn a_forged_result_is_not_accepted_and_changes_no_other() {
    for (name, forge) in ATTACKS {
        let project = forged(forge);
        let said = project.alone(&["accept", "--force"]);
        assert!(is_baseline(&project, ONE, 1), "{name}: {}", said.all());
        assert!(is_baseline(&project, TWO, 3), "{name}: {}", said.all());
        assert!(!said.ok, "{name}: {}", said.all());
        let claimed = if name == "story" {
            "forms/field"
        } else {
            "button"
        };
        let is_named = said
            .err
            .contains(&format!("result 1 in run.json, of {claimed}"))
            || said.err.contains(&format!("failed to accept {ONE}"));
        assert!(is_named, "{name}: {}", said.err);
        let undone = project.alone(&["undo"]);
        assert!(is_baseline(&project, TWO, 1), "{name}: {}", undone.all());
        let rejected = project.alone(&["reject", "button"]);
        let log = project.read("target/tintype/review/decisions.ndjson");
        assert_eq!(
            log.matches("reject").count(),
            usize::from(rejected.ok),
            "{name}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_picture_outside_of_the_run_is_not_accepted() {
    let project = forged(|_| ());
    let current = project
        .root()
        .join("target/tintype/runs/run-1/button-dark-375x667-current.png");
    let outside = project.write("outside.png", &picture(2));
    fs::remove_file(&current).unwrap();
    std::os::unix::fs::symlink(outside, current).unwrap();
    let said = project.alone(&["accept", "--force", "button"]);
    assert!(!said.ok && is_baseline(&project, ONE, 1), "{}", said.all());
}

#[test]
fn a_run_file_in_the_folder_of_another_run_is_not_used() {
    let project = forged(|_| ());
    let text = project.read("target/tintype/runs/run-1/run.json");
    project.write("target/tintype/runs/run-2/run.json", text.as_bytes());
    let said = project.alone(&["accept", "--run", "run-2"]);
    assert!(
        !said.ok && said.err.contains("is about another run"),
        "{}",
        said.all()
    );
    assert!(is_baseline(&project, ONE, 1));
}

#[test]
fn invalid_run_files_and_results_hide_no_others() {
    let project = forged(|_| ());
    for (run, text) in [
        ("run-3", &b"no JSON"[..]),
        ("run-4", b"\xff\xfe"),
        ("run-5", b"[]"),
    ] {
        project.write(&format!("target/tintype/runs/{run}/run.json"), text);
    }
    let path = "target/tintype/runs/run-1/run.json";
    let mut file: serde_json::Value = serde_json::from_str(&project.read(path)).unwrap();
    let results = file["results"].as_array_mut().unwrap();
    results.insert(0, json!("garbage"));
    results.push(results[1].clone());
    project.write(path, file.to_string().as_bytes());
    let said = project.alone(&["accept", "--json", "button"]);
    // What is valid is accepted, but a user must not miss that something is not.
    assert_eq!(said.code, Some(1), "{}", said.all());
    assert!(is_baseline(&project, ONE, 2) && is_baseline(&project, TWO, 1));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let refused = json["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 2, "{json}");
    assert_eq!(refused[1]["result"], 4);
    assert_eq!(refused[1]["name"], ONE);
    let said = project.alone(&["accept"]);
    assert_eq!(said.code, Some(1), "{}", said.all());
    assert!(is_baseline(&project, ONE, 2) && is_baseline(&project, TWO, 3));
    for name in ["run-3", "run-4", "run-5", "result 1 in", "result 4 in"] {
        assert!(said.err.contains(name), "{name}: {}", said.err);
    }
    let refusal = "refused 2 of 4 results, which are invalid or forged";
    assert!(said.err.contains(refusal), "{}", said.err);
    assert!(said.out.contains("; refused 2"), "{}", said.out);
}

/// None of these commands may wait for a writer, or fill the memory.
#[cfg(unix)]
#[test]
fn pipes_and_devices_in_place_of_files_are_refused() {
    use std::os::unix::fs::symlink;
    let project = forged(|_| ());
    let pipe = |path: &str| {
        let path = project.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        path
    };
    for run in ["run-8", "run-9"] {
        fs::create_dir(project.root().join("target/tintype/runs").join(run)).unwrap();
    }
    pipe("target/tintype/runs/run-8/run.json");
    symlink(
        "/dev/zero",
        project.root().join("target/tintype/runs/run-9/run.json"),
    )
    .unwrap();
    let baseline = pipe(&baseline_of(ONE));
    let said = project.alone(&["accept"]);
    assert!(!said.ok && is_baseline(&project, TWO, 3), "{}", said.all());
    for name in ["run-8", "run-9", "failed to accept button"] {
        assert!(said.err.contains(name), "{name}: {}", said.err);
    }
    let said = project.alone(&["accept", "--run", "run-8"]);
    assert!(said.err.contains("not a regular file"), "{}", said.err);
    fs::remove_file(baseline).unwrap();
    let log = pipe("target/tintype/review/decisions.ndjson");
    let said = project.alone(&["reject", "button"]);
    assert!(said.err.contains("not a regular file"), "{}", said.err);
    fs::remove_file(log).unwrap();
}

/// The lock of the baselines, and the log of decisions.
#[cfg(unix)]
#[test]
fn links_in_place_of_own_files_are_neither_followed_nor_truncated() {
    for own in ["baselines.lock", "review/decisions.ndjson"] {
        let project = forged(|_| ());
        let outside = project.write("precious.txt", b"precious\n");
        let link = project.root().join("target/tintype").join(own);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        let said = project.alone(&["accept"]);
        assert!(!said.ok, "{own}: {}", said.all());
        assert!(
            said.err.contains("symbolic link") && said.err.contains(own),
            "{own}: {}",
            said.err
        );
        assert_eq!(project.read("precious.txt"), "precious\n", "{own}");
        assert!(link.is_symlink(), "{own}");
    }
}

#[test]
fn an_invalid_line_in_the_log_of_decisions_hides_no_others() {
    let project = forged(|_| ());
    assert!(project.alone(&["reject", "button"]).ok);
    let log = project
        .root()
        .join("target/tintype/review/decisions.ndjson");
    let good = fs::read(&log).unwrap();
    let evil =
        br#"{"at":1,"who":"x","run":"run-1","name":"a","decision":"accept","before":"../x"}"#;
    let bytes = [
        b"\xff\xfe\nno JSON\n".as_slice(),
        evil,
        b"\n",
        &good,
        b"{\"at\":",
    ]
    .concat();
    fs::write(&log, bytes).unwrap();
    let said = project.alone(&["accept"]);
    assert!(
        is_baseline(&project, ONE, 1),
        "it is rejected: {}",
        said.all()
    );
    assert!(is_baseline(&project, TWO, 3));
    assert_eq!(
        said.err.matches("decisions.ndjson:").count(),
        4,
        "{}",
        said.err
    );
    assert!(project.alone(&["undo", "button"]).ok);
}

/// Runs a command with a server.
fn with_server(project: &Project, server: &Server, arguments: &[&str]) -> Said {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
    command
        .env("REDIS_URL", server.url())
        .arg("tintype")
        .args(arguments);
    project.said(&command.output().unwrap())
}

/// Records a run of two snapshots.
fn record(project: &Project, url: Option<&str>) {
    let variables: Variables = url
        .map(|url| ("REDIS_URL", url.to_owned()))
        .into_iter()
        .collect();
    let config = Config::from_variables(variables).unwrap();
    let state = project.root().join("target/tintype");
    let settings = RecordConfig::new(&state, &config).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let run = VisualTestRun::start(RunId("run-1".to_owned()), Environment::default());
        let id = run.run_id.clone();
        let recorder = Recorder::open(settings, run, 2, false).unwrap();
        for name in [ONE, TWO] {
            let story: StoryIdentifier = name.parse().unwrap();
            let result = VisualTestResult::new(id.clone(), story, Status::Passed);
            recorder.record(&RecordedEvent::TestFinished(Box::new(result)));
        }
        recorder.finish(Some(Reason::Passed)).await;
    });
}

#[test]
fn one_invalid_document_hides_nothing_in_any_command() {
    let (project, server) = (Project::new(), Server::start(&[]));
    record(&project, Some(&server.url()));
    for (id, text) in [("bad-1", "no JSON"), ("bad-2", "[]")] {
        server.cli(&["ZADD", "tintype:runs", "99999999999999", id]);
        server.cli(&["SET", &format!("visualrun:{id}"), text]);
    }
    server.cli(&["ZADD", "tintype:runs", "99999999999999", "bad-3"]);
    server.cli(&[
        "EVAL",
        r"redis.call('SET', KEYS[1], '{\255')",
        "1",
        "visualrun:bad-3",
    ]);
    server.cli(&["ZADD", "tintype:runs", "99999999999999", "bad-4"]);
    server.cli(&["RPUSH", "visualrun:bad-4", "x"]);
    server.cli(&["SET", "visualtest:run-1:button:dark:375x667", "garbage"]);
    server.cli(&["XADD", "tintype:run-1:events", "*", "event", "garbage"]);
    project.write("target/tintype/journal/run-7.w.journal", b"garbage");
    for (arguments, part) in [
        (&["runs"][..], "run-1  "),
        (&["show"], "run-1  "),
        (&["show", "run-1", "--all"], "forms/field"),
        (&["prune", "--runs", "0"], "run-1"),
        (&["export"], r#"{"run":{"runId":"run-1","#),
        (&["watch", "run-1"], "run-1  "),
        (&["health", "--metrics"], "tintype_runs 1"),
        (&["health"], "ok "),
        (&["resume", "run-1", "--list"], "remaining in run-1"),
    ] {
        let said = with_server(&project, &server, arguments);
        assert!(
            said.ok && said.out.contains(part),
            "{arguments:?}: {}",
            said.all()
        );
        assert!(
            said.err.contains("warning: "),
            "{arguments:?}: {}",
            said.all()
        );
        assert!(
            !said.err.contains("error: "),
            "{arguments:?}: {}",
            said.all()
        );
    }
}

#[test]
fn a_damaged_journal_is_named_by_every_command_until_it_is_deleted() {
    let project = Project::new();
    record(&project, Some("redis://127.0.0.1:1/0"));
    let folder = project.root().join("target/tintype/journal");
    let path = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let kept = path.with_extension("journal.damaged");
    let flushed = {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
        command
            .env("REDIS_URL", "redis://127.0.0.1:1/0")
            .args(["tintype", "flush"]);
        project.said(&command.output().unwrap())
    };
    assert!(
        !flushed.ok && flushed.err.contains("is damaged"),
        "{}",
        flushed.all()
    );
    assert_eq!(fs::read(&kept).unwrap(), bytes);
    for arguments in [
        &["list"][..],
        &["runs"],
        &["accept"],
        &["orphans"],
        &["flush"],
    ] {
        let said = project.alone(arguments);
        assert!(
            said.err.contains(".damaged is a damaged journal"),
            "{arguments:?}: {}",
            said.all()
        );
    }
    fs::remove_file(kept).unwrap();
    let said = project.alone(&["list"]);
    assert!(said.err.is_empty(), "{}", said.err);
}
