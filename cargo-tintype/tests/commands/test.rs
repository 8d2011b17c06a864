//! `cargo tintype test`, with a stand-in for cargo that prints how it is run.

use std::os::unix::fs::PermissionsExt as _;

use tintype::internals::model::Status;

use super::project::{Project, Said};

/// A project whose newest run has a failed, a new and a passed snapshot.
fn project() -> Project {
    let project = Project::new();
    for (run, timestamp, failed) in [
        ("run-old", 1, "button::light"),
        ("run-new", 2, "forms/field::dark"),
    ] {
        let failed = format!("{failed}::375x667");
        let results = vec![
            project.result(run, &failed, Status::Failed, 1),
            project.result(run, "button::dark::375x667", Status::New, 2),
            project.result(run, "forms/field::light::375x667", Status::Passed, 3),
        ];
        project.run(run, timestamp, results);
    }
    let cargo = project.write(
        "tools/cargo",
        b"#!/bin/sh\necho \"$PWD: $@\"\necho \"update=$TINTYPE_UPDATE\"\nexit 3\n",
    );
    std::fs::set_permissions(cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
    project
}

/// Runs the command with the stand-in, and returns its output.
fn test(project: &Project, arguments: &[&str]) -> Said {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-tintype"));
    command
        .env("CARGO", project.root().join("tools/cargo"))
        .args(["tintype", "test"])
        .args(arguments);
    project.said(&command.output().unwrap())
}

#[test]
fn filters_and_arguments_reach_the_test_target() {
    let project = project();
    let said = test(
        &project,
        &["button", "--update", "new", "--", "--skip", "dark"],
    );
    assert_eq!(
        said.out,
        "[project]: test --test visual -- button --skip dark\nupdate=new\n"
    );
    assert!(
        !said.ok && said.err.contains("cargo test failed"),
        "{}",
        said.err
    );
}

#[test]
fn last_failed_runs_what_did_not_pass() {
    let project = project();
    let said = test(&project, &["--last-failed"]);
    assert_eq!(
        said.out,
        "[project]: test --test visual -- --exact forms/field::dark::375x667 \
         button::dark::375x667\nupdate=\n"
    );
    let said = test(&project, &["--last-failed", "--run", "old", "light"]);
    assert!(
        said.out.contains("-- --exact button::light::375x667\n"),
        "{}",
        said.out
    );
}

#[test]
fn last_failed_of_a_passed_run_runs_nothing() {
    let project = project();
    let passed = project.result("run-3", "button::dark::375x667", Status::Passed, 2);
    project.run("run-3", 3, vec![passed]);
    let said = test(&project, &["--last-failed"]);
    assert!(said.ok, "{}", said.err);
    assert_eq!(said.out, "0 snapshots failed in run-3\n");
    let said = test(&project, &["--last-failed", "--run", "run-9"]);
    assert!(
        !said.ok && said.err.contains("no run `run-9`"),
        "{}",
        said.err
    );
}
