//! Browsers in a container image. A stand-in for Docker runs the programs of this
//! machine instead: tests have no daemon and no image. With both, the same suite was
//! tried by hand.

use std::os::unix::fs::PermissionsExt as _;

use libtest_mimic::Trial;
use tintype::internals::baseline;
use tintype::internals::model::Status;

use super::project::{Project, eventually};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        browsers_run_in_the_image_and_its_containers_are_removed,
        an_image_that_cannot_run_is_one_error,
        an_image_without_the_browser_names_it,
    ]
}

const PAGE: &str = "<!doctype html><title>a</title><h1>Hello</h1>";

/// Logs every call, and runs programs as `run` would in a container.
const DOCKER: &str = r##"#!/bin/sh
folder=$(dirname "$0")
printf '%s ' "$@" | tr '\n' ' ' >>"$folder/calls"
echo >>"$folder/calls"
case $1 in image | rm) exit ;; esac
while :; do
  case $1 in
    --entrypoint=*) program=${1#*=} ;;
    --name=*) name=${1#*=} ;;
    --env=*) export "${1#*=}" ;;
    *sha256:*) shift; break ;;
  esac
  shift
done
for argument; do
  shift
  case $argument in --user-data-dir=*) argument=--user-data-dir=$folder/$name ;; esac
  set -- "$@" "$argument"
done
exec "$program" "$@"
"##;

/// A project whose browsers run in the image with this digit as its digest.
fn project(docker: &str) -> Project {
    let project = Project::new(&manifest('a'), &[("a.html", PAGE)]);
    project.write("docker", docker);
    let file = project.path().join("docker");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    project
}

fn manifest(digit: char) -> String {
    format!(
        r#"
[stories]
dir = "stories"
[browser]
sessions = 2
image = "example.org/browsers@sha256:{}"
container = "./docker"
[themes]
light = {{ color-scheme = "light" }}
dark = {{ color-scheme = "dark" }}
[viewports]
desktop = "400x300"
[baselines]
path = "baselines/{{platform}}/{{story}}-{{theme}}-{{viewport}}.png"
"#,
        digit.to_string().repeat(64)
    )
}

fn calls(project: &Project) -> Vec<String> {
    let text = String::from_utf8(project.read("calls")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn browsers_run_in_the_image_and_its_containers_are_removed() {
    let project = project(DOCKER);
    project.accept_all();
    let file = project.path().join("baselines/linux/a-light-400x300.png");
    let made = baseline::read(project.path(), &file).unwrap().unwrap();
    let environment = made.provenance.unwrap().environment;
    let image = format!("example.org/browsers@sha256:{}", "a".repeat(64));
    assert_eq!(environment.image, Some(image));
    assert_eq!(
        environment.fonts.as_deref(),
        Some("image sha256:aaaaaaaaaaaa")
    );

    // Each container had no privileges, and was removed by its name.
    let all = calls(&project);
    let started: Vec<_> = all.iter().filter(|call| call.contains("--name=")).collect();
    assert!(started.len() >= 2, "a browser and a driver: {all:#?}");
    for call in started {
        assert!(
            call.contains("--cap-drop=ALL") && call.contains("--network=host"),
            "{call}"
        );
        let name = call.split_once("--name=").unwrap().1;
        let name = name.split(' ').next().unwrap().to_owned();
        let removal = format!("rm --force {name} ");
        eventually(&removal, || calls(&project).contains(&removal));
    }

    // Nothing runs where nothing changed; another digest is another browser.
    assert_eq!(project.run(&[], &[]).code, Some(0));
    let before = calls(&project).len();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    assert_eq!(calls(&project).len(), before);
    project.write("stories.toml", &manifest('b'));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(calls(&project).len() > before);
    assert_eq!(project.statuses(), [Status::Passed; 2]);
    let result = project.result("a::light::400x300");
    assert!(!result.cached);
}

fn an_image_that_cannot_run_is_one_error() {
    let docker = "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n";
    let project = project(docker);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    let output = format!("{}{}", run.stdout, run.stderr);
    assert!(output.contains("docker pull` failed for the image example.org/browsers@"));
    assert!(
        output.contains("Cannot connect to the Docker daemon"),
        "{output}"
    );
    assert!(output.contains("check `image` in [browser]"), "{output}");
}

fn an_image_without_the_browser_names_it() {
    let project = project("#!/bin/sh\necho arch=x86_64\n");
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    let told = "Chromium not found in the image example.org/browsers@sha256:";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}
