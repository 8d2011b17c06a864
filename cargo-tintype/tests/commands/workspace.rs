//! Two packages of one workspace.

use tintype::internals::baseline;
use tintype::internals::model::{
    Environment, ImageHashes, RunFile, RunId, Status, VisualTestResult, VisualTestRun,
};

use super::project::{MANIFEST, Project, picture};

const BUTTON: &str = "button::light::375x667";

/// A workspace whose packages `cart` and `search` have the same stories, after
/// each of them has run. The run of `search` is the newer one.
fn workspace() -> Project {
    let workspace = Project::empty();
    workspace.write(
        "Cargo.toml",
        b"[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n",
    );
    workspace.write("target/CACHEDIR.TAG", b"");
    for (package, grey) in [("cart", 1), ("search", 2)] {
        let folder = format!("crates/{package}");
        let text = format!("[package]\nname = \"{package}\"\nversion = \"0.1.0\"\n");
        workspace.write(&format!("{folder}/Cargo.toml"), text.as_bytes());
        workspace.write(&format!("{folder}/stories.toml"), MANIFEST.as_bytes());
        workspace.write(&format!("{folder}/stories/button.html"), b"");
        run(&workspace, package, i64::from(grey), grey);
    }
    workspace
}

/// Writes a run as the harness leaves it, with a new image of the button.
fn run(workspace: &Project, package: &str, timestamp: i64, grey: u8) {
    let id = RunId(format!("run-{package}"));
    let folder = format!("target/tintype/packages/{package}/runs/{id}");
    let current = workspace.write(
        &format!("{folder}/button-light-375x667-current.png"),
        &picture(grey),
    );
    let mut run = VisualTestRun::start(id.clone(), Environment::default());
    run.timestamp = timestamp;
    let mut result = VisualTestResult::new(id, BUTTON.parse().unwrap(), Status::New);
    result.current = Some(current.display().to_string());
    result.sha256 = Some(ImageHashes {
        current: Some(baseline::sha256(&picture(grey))),
        ..ImageHashes::default()
    });
    let results = vec![result];
    let file = serde_json::to_vec(&RunFile { run, results }).unwrap();
    workspace.write(&format!("{folder}/run.json"), &file);
}

#[test]
fn a_package_accepts_only_images_of_its_own_runs() {
    let workspace = workspace();
    let accepted = |package: &str| {
        let root = workspace.root().join("crates").join(package);
        let path = root.join("baselines/button-light-375x667.png");
        baseline::read(&root, &path).unwrap()
    };
    let manifest = "crates/cart/stories.toml";
    let said = workspace.alone(&["accept", "--manifest", manifest]);
    assert!(said.ok, "{}", said.all());
    assert!(accepted("cart").unwrap().is_capture(&picture(1)));
    assert_eq!(accepted("search"), None);
    let other = ["accept", "--manifest", manifest, "--run", "run-search"];
    assert!(!workspace.alone(&other).ok);
}
