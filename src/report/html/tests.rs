use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::assets::STYLE;
use super::writer::write;
use crate::model::{Status, VisualTestResult};
use crate::report::sample;

/// A project with the images of `result`.
fn project(result: &VisualTestResult) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in [&result.baseline, &result.current, &result.diff]
        .into_iter()
        .flatten()
    {
        let file = root.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, format!("picture {path}")).unwrap();
    }
    root
}

/// Writes the report, and returns its page and the data in it.
fn report(root: &Path, results: &[VisualTestResult], embed_up_to: u64) -> (String, Value) {
    let run = sample::run();
    let dir = root.join("target/tintype/runs").join(run.run_id.as_str());
    let path = write(&dir, root, &run, results, embed_up_to).unwrap();
    assert_eq!(path, dir.join("report.html"));
    let page = fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once(r#"id="data">"#).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    let data = serde_json::from_str(data).unwrap();
    (page, data)
}

#[test]
fn the_stories_load_the_styles_of_the_report() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let imports = fs::read_to_string(ui.join("tintype.css")).unwrap();
    let names = imports
        .lines()
        .filter_map(|line| line.strip_prefix("@import url(\"")?.strip_suffix("\");"))
        .filter(|name| *name != "specimens.css");
    let style: String = names
        .map(|name| fs::read_to_string(ui.join(name)).unwrap())
        .collect();
    assert_eq!(style, STYLE);
}

#[test]
fn the_page_is_self_contained() {
    let results = sample::results();
    let root = project(&results[0]);
    let (page, data) = report(root.path(), &results, 1_000_000);
    assert_eq!(data["run"], serde_json::to_value(sample::run()).unwrap());
    let first = &data["snapshots"][0];
    assert_eq!(first["name"], "forms/checkout-card::light::1280x720");
    assert_eq!(first["status"], "failed");
    assert_eq!(
        first["command"],
        format!(
            "cargo tintype accept forms/checkout-card::light::1280x720 --run {}",
            sample::run().run_id
        )
    );
    assert_eq!(data["snapshots"].as_array().unwrap().len(), results.len());
    for outside in ["<link", "src=\"http", "url(\"fonts/", "@import", "{{"] {
        assert!(!page.contains(outside), "the page refers to {outside}");
    }
}

#[test]
fn data_of_stories_is_escaped() {
    let mut result = sample::result("x", Status::Failed);
    let hostile = "</script><script>alert(1)</script><!-- {{script}} \u{2028}\u{2029} &amp;";
    result.message = Some(hostile.to_owned());
    let mut run = sample::run();
    run.run_id.0 = "</title><script>alert(2)</script>".to_owned();
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("run");
    let path = write(&dir, root.path(), &run, &[result], 0).unwrap();
    let page = fs::read_to_string(path).unwrap();
    assert_eq!(
        page.matches("<script").count(),
        2,
        "only the page's own two"
    );
    assert_eq!(page.matches("</title>").count(), 1);
    assert!(!page.contains('\u{2028}') && !page.contains('\u{2029}'));
    let (_, rest) = page.split_once(r#"id="data">"#).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["snapshots"][0]["message"], hostile);
}

#[test]
fn few_images_are_embedded() {
    let results = sample::results();
    let root = project(&results[0]);
    let (_, data) = report(root.path(), &results, 1_000_000);
    let images = &data["snapshots"][0]["images"];
    // "picture baselines/checkout…" in Base64.
    assert!(
        images["baseline"]
            .as_str()
            .unwrap()
            .starts_with("data:image/png;base64,cGljdHVyZSBiYXNl")
    );
    assert!(
        images["diff"]
            .as_str()
            .unwrap()
            .starts_with("data:image/png;base64,")
    );
    assert_eq!(
        data["snapshots"][1]["images"],
        serde_json::json!({}),
        "there is none"
    );
}

#[test]
fn many_images_stay_files() {
    let results = sample::results();
    let root = project(&results[0]);
    let (_, data) = report(root.path(), &results, 10);
    let images = &data["snapshots"][0]["images"];
    assert_eq!(images["current"], "checkout-card-current.png");
    assert_eq!(
        images["baseline"],
        "forms/checkout-card-light-1280x720-baseline.png"
    );
    let dir = root
        .path()
        .join("target/tintype/runs")
        .join(sample::run().run_id.as_str());
    let copy =
        fs::read_to_string(dir.join("forms/checkout-card-light-1280x720-baseline.png")).unwrap();
    assert_eq!(copy, "picture baselines/checkout-card-light-1280x720.png");
}

#[test]
fn a_run_outside_of_the_project_has_images() {
    let root = tempfile::tempdir().unwrap();
    let target = tempfile::tempdir().unwrap();
    let dir = target.path().join("tintype/runs/r");
    fs::create_dir_all(&dir).unwrap();
    let current = dir.join("x #1-current.png");
    fs::write(&current, "picture").unwrap();
    let result = VisualTestResult {
        current: Some(current.to_str().unwrap().to_owned()),
        ..sample::result("x", Status::New)
    };
    let path = write(&dir, root.path(), &sample::run(), &[result], 0).unwrap();
    let page = fs::read_to_string(path).unwrap();
    assert!(page.contains(r#""current":"x%20%231-current.png""#));
}

#[test]
fn a_passed_snapshot_links_its_baseline() {
    let passed = VisualTestResult {
        baseline: Some("base lines/100%/a#b-light.png".to_owned()),
        ..sample::result("a", Status::Passed)
    };
    let root = project(&passed);
    let (_, data) = report(root.path(), &[passed], 1_000_000);
    assert_eq!(
        data["snapshots"][0]["images"]["baseline"],
        "../../../../base%20lines/100%25/a%23b-light.png"
    );
}

#[test]
fn other_files_are_never_embedded() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.png");
    fs::write(&secret, "secret").unwrap();
    let root = outside.path().join("project");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("notes.txt"), "secret").unwrap();
    for path in [
        "../secret.png",
        secret.to_str().unwrap(),
        "notes.txt",
        "a/../../secret.png",
    ] {
        let result = VisualTestResult {
            baseline: Some(path.to_owned()),
            current: Some(path.to_owned()),
            ..sample::result("x", Status::Failed)
        };
        for embed_up_to in [0, 1_000] {
            let (_, data) = report(&root, std::slice::from_ref(&result), embed_up_to);
            assert_eq!(
                data["snapshots"][0]["images"],
                serde_json::json!({}),
                "{path}"
            );
        }
    }
}

#[test]
fn an_unwritable_folder_is_reported() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let error = write(&file, root.path(), &sample::run(), &[], 0).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("failed to write the report ") && text.contains("report.html"),
        "{text}"
    );
}
