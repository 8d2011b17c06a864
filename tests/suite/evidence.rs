//! The files and facts about a failure, beside its images.

use std::io::Read as _;

use flate2::read::GzDecoder;
use libtest_mimic::Trial;
use tintype::internals::model::{ResultError, Status, VisualTestResult};

use super::project::{MANIFEST, Project};
use super::support::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_failed_step_leaves_console_document_and_steps,
        a_difference_leaves_evidence_and_a_pass_does_not,
        evidence_has_no_secrets,
        steps_are_published_while_they_are_performed,
        every_engine_leaves_the_document,
    ]
}

const PAGE: &str = "<!doctype html><title>x</title><p>shown &lt;text&gt;</p>
<p style='display:none'>hidden</p><div id=host></div><input type=password value=hunter2>
<button>press</button><iframe srcdoc='<p>in the frame'></iframe>
<script>
for (let number = 0; number < 250; number += 1) console.log('line', number);
fetch('gone.json');
document.querySelector('#host').attachShadow({ mode: 'closed' }).innerHTML = '<i>in the shadow</i>';
</script>";

fn manifest(steps: &str) -> String {
    format!(
        "{MANIFEST}[capture]\ntimeout = \"3s\"\n[[story]]\nid = \"a\"\npath = \"a.html\"\n{steps}\n"
    )
}

fn result(project: &Project) -> VisualTestResult {
    project.result("a::light::400x300")
}

/// The texts about a failure: console and document.
fn texts(project: &Project, result: &VisualTestResult) -> (String, String) {
    let files = result.artifacts.clone().unwrap();
    let console = files.console.map(|path| project.read(&path));
    let console = String::from_utf8(console.unwrap_or_default()).unwrap();
    let mut dom = String::new();
    let bytes = project.read(&files.dom.unwrap());
    assert!(bytes.len() <= 256 << 10);
    GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut dom)
        .unwrap();
    (console, dom)
}

fn a_failed_step_leaves_console_document_and_steps() {
    let steps =
        "steps = [{ click = \"button\" }, { press = \"Escape\" }, { click = \"#missing\" }]";
    let project = Project::new(&manifest(steps), &[("a.html", PAGE)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let result = result(&project);
    let error = ResultError {
        kind: "step".to_owned(),
        selector: Some("#missing".to_owned()),
        step: Some(3),
        stack: None,
    };
    assert_eq!(result.error, Some(error));
    let steps = serde_json::to_value(&result.steps).unwrap();
    let steps = steps.as_array().unwrap().iter();
    let steps: Vec<_> = steps
        .map(|step| format!("{} {} {}", step["number"], step["kind"], step["status"]))
        .collect();
    let expected = [
        "1 \"click\" \"passed\"",
        "2 \"press\" \"passed\"",
        "3 \"click\" \"failed\"",
    ];
    assert_eq!(steps, expected);
    assert!(result.steps[2].ms >= 1_000, "{:?}", result.steps);

    let (console, dom) = texts(&project, &result);
    let lines: Vec<_> = console
        .lines()
        .filter(|line| line.starts_with("log:"))
        .collect();
    assert_eq!(lines.len(), 200, "{console}");
    assert_eq!((lines[0], lines[199]), ("log: line 50", "log: line 249"));
    assert!(
        console.contains("the request to /gone.json failed: 404"),
        "{console}"
    );
    let (shown, document) = dom.split_once("# Document").unwrap();
    assert!(
        shown.contains("shown <text>") && !shown.contains("hidden"),
        "{dom}"
    );
    for part in [
        "shown &lt;text>",
        "hidden",
        "<template shadowrootmode=\"closed\"><i>in the shadow</i></template>",
        "in the frame",
        "value=\"***\"",
        "<script></script>",
    ] {
        assert!(document.contains(part), "{part} in\n{dom}");
    }
    assert!(!dom.contains("hunter2"), "{dom}");
    let report = project.runs().pop().unwrap().join("report.html");
    let report = std::fs::read_to_string(report).unwrap();
    for part in [
        "log: line 249",
        "in the shadow",
        "\"selector\":\"#missing\"",
    ] {
        assert!(report.contains(part), "{part} in the report");
    }
    // The page is text in the report, and cannot run there.
    assert!(!report.contains("<i>in the shadow"));
}

fn a_difference_leaves_evidence_and_a_pass_does_not() {
    let page = "<!doctype html><p>one<script>console.warn('noted')</script>";
    let project = Project::new(&manifest(""), &[("a.html", page)]);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    let new = result(&project);
    assert_eq!(
        (new.status, new.artifacts, new.error),
        (Status::New, None, None)
    );
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    let passed = result(&project);
    assert_eq!((passed.artifacts, passed.error), (None, None));

    project.write("stories/a.html", &page.replace("one", "two"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let failed = result(&project);
    assert_eq!(failed.error.as_ref().unwrap().kind, "difference");
    let (console, dom) = texts(&project, &failed);
    assert_eq!(console, "# Console\n\nwarning: noted\n");
    assert!(dom.contains("<p>two"), "{dom}");

    let thrown = format!("{page}<script>function f() {{ throw new Error('oops') }}; f()</script>");
    project.write("stories/a.html", &thrown);
    let fails = manifest("").replace("timeout", "page-errors = \"fail\"\ntimeout");
    project.write("stories.toml", &fails);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let failed = result(&project);
    let error = failed.error.clone().unwrap();
    assert_eq!(error.kind, "page-errors");
    let stack = error.stack.unwrap();
    assert!(
        stack.contains("Error: oops") && stack.contains("at f"),
        "{stack}"
    );
}

fn evidence_has_no_secrets() {
    let page = "<!doctype html><input id=i><p id=p></p><script>
        i.oninput = () => { p.textContent = i.value; console.log('typed', i.value); };</script>";
    let steps = "steps = [{ type = { into = \"#i\", text = \"${SECRET_WORD}\" } }, \
                 { wait-for = \"#never\" }]";
    let project = Project::new(&manifest(steps), &[("a.html", page)]);
    let run = project.run(&[], &[("SECRET_WORD", "open-sesame-42")]);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    let (console, dom) = texts(&project, &result(&project));
    assert!(console.contains("typed ***"), "{console}");
    assert!(dom.contains("<p id=\"p\">***</p>"), "{dom}");
    for entry in std::fs::read_dir(project.runs().pop().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("open-sesame-42"));
    }
}

fn steps_are_published_while_they_are_performed() {
    let server = Server::start(&[]);
    let step = "{ script = \"await new Promise((done) => setTimeout(done, 60))\" }";
    let steps = format!("steps = [{}]", [step; 12].join(", "));
    let manifest = manifest(&steps).replace("timeout", "virtual-time = false\ntimeout");
    let project = Project::new(&manifest, &[("a.html", "<!doctype html><p>text")]);
    let environment = [
        ("REDIS_URL", &*server.url()),
        ("TINTYPE_RUN_ID", "run-steps"),
        ("TINTYPE_UPDATE", "new"),
    ];
    let run = project.run(&[], &environment);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let events = server.cli(&["XRANGE", "tintype:run-steps:events", "-", "+"]);
    let updates = events
        .lines()
        .filter(|line| line.contains("\"test:updated\""));
    let updates = updates.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let updates: Vec<_> = updates
        .filter(|event| event.get("step").is_some())
        .collect();
    assert!(!updates.is_empty() && updates.len() < 24, "{events}");
    assert_eq!(updates[0]["step"]["number"], 1);
    assert_eq!(updates[0]["step"]["of"], 12);
    assert_eq!(updates[0]["step"]["status"], "passed");
    assert_eq!(updates[0]["status"], "running");
    // At most four in a second of any snapshot.
    let times: Vec<_> = updates
        .iter()
        .map(|event| event["ts"].as_i64().unwrap())
        .collect();
    for five in times.windows(6) {
        assert!(five[5] - five[0] > 800, "{times:?}");
    }
}

fn every_engine_leaves_the_document() {
    let page = "<!doctype html><p>text in any engine<script>console.error('in red')</script>";
    let steps = "steps = [{ click = \"#missing\" }]";
    let engines = "[browser]\nnames = [\"firefox\", \"webkit\"]\n";
    let manifest = manifest(steps).replace("[capture]", &format!("{engines}[capture]"));
    let project = Project::new(&manifest, &[("a.html", page)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    for (id, has_console) in [("a", true), ("a@webkit", false)] {
        let result = project.result(&format!("{id}::light::400x300"));
        assert!(result.artifacts.is_some(), "{id}: {:?}", result.message);
        let (console, dom) = texts(&project, &result);
        assert!(dom.contains("text in any engine"), "{id}: {dom}");
        assert_eq!(console.contains("error: in red"), has_console, "{console}");
        assert_eq!(result.error.unwrap().kind, "step", "{id}");
    }
}
