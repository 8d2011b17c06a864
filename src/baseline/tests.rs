use std::fs;
use std::path::PathBuf;

use image::{Rgba, RgbaImage};
use tempfile::TempDir;

use crate::config::Config;
use crate::manifest::Manifest;
use crate::model::{Environment, RunId, StoryIdentifier};
use crate::plan::Plan;
use tintype_compare::encode_png;

use super::{Problem, Provenance, accept, accept_if, orphans, read, restore_if, sha256};

fn picture(grey: u8) -> Vec<u8> {
    encode_png(&RgbaImage::from_pixel(3, 2, Rgba([grey, grey, grey, 255]))).unwrap()
}

fn provenance(run: &str) -> Provenance {
    Provenance {
        environment: Environment {
            platform: "linux".to_owned(),
            browser: Some("chromium 156 – “dev”".to_owned()),
            ..Environment::default()
        },
        run_id: RunId(run.to_owned()),
        story_identifier: "forms/button::dark::375x667"
            .parse::<StoryIdentifier>()
            .unwrap(),
    }
}

struct Project {
    folder: TempDir,
}

impl Project {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn baseline(&self) -> PathBuf {
        self.folder
            .path()
            .join("baselines/forms/button-dark-375x667.png")
    }

    fn problem(&self, bytes: &[u8]) -> Problem {
        fs::create_dir_all(self.baseline().parent().unwrap()).unwrap();
        fs::write(self.baseline(), bytes).unwrap();
        read(self.folder.path(), &self.baseline())
            .unwrap_err()
            .problem
    }
}

#[test]
fn no_file_is_no_baseline() {
    let project = Project::new();
    let found = read(project.folder.path(), &project.baseline()).unwrap();
    assert_eq!(found, None);
}

#[test]
fn what_was_captured_is_read_back_byte_for_byte() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let accepted = accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let baseline = read(root, &path).unwrap().unwrap();
    assert_eq!(baseline.bytes, picture(7));
    assert_eq!(baseline.provenance, Some(provenance("run-1")));
    let file = fs::read(&path).unwrap();
    assert_eq!(baseline.file_sha256, sha256(&file));
    assert_eq!(accepted.file_sha256, baseline.file_sha256);

    // The file is a picture to any other program, too, and its checksums hold.
    let mut reader = png::Decoder::new(std::io::Cursor::new(&file))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    reader.finish().unwrap();
    let chunk = &reader.info().utf8_text[0];
    assert_eq!(chunk.keyword, "tintype");
    assert!(chunk.get_text().unwrap().contains("chromium 156 – “dev”"));
}

#[test]
fn accepting_a_baseline_file_again_does_not_pile_up_provenance() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let once = fs::read(&path).unwrap();
    accept(root, &path, &once, &provenance("run-2")).unwrap();
    assert_eq!(fs::read(&path).unwrap().len(), once.len());
    let baseline = read(root, &path).unwrap().unwrap();
    assert_eq!(baseline.provenance.unwrap().run_id.as_str(), "run-2");
    assert_eq!(baseline.bytes, picture(7));
}

#[test]
fn a_foreign_picture_is_a_baseline_without_provenance() {
    let project = Project::new();
    fs::create_dir_all(project.baseline().parent().unwrap()).unwrap();
    fs::write(project.baseline(), picture(1)).unwrap();
    let baseline = read(project.folder.path(), &project.baseline())
        .unwrap()
        .unwrap();
    assert_eq!(baseline.provenance, None);
    assert_eq!(baseline.bytes, picture(1));
}

#[test]
fn a_broken_file_says_how() {
    let project = Project::new();
    let not = project.problem(b"<!doctype html><p>");
    assert!(matches!(&not, Problem::NotPng { opening } if opening == "<!doctype ht"));
    let pointer = project.problem(b"version https://git-lfs.github.com/spec/v1\noid sha256:0");
    assert!(matches!(pointer, Problem::LfsPointer));
    let whole = picture(9);
    for length in [0, 5, 8, 20, 33, whole.len() - 12, whole.len() - 1] {
        let cut = project.problem(&whole[..length]);
        assert!(
            matches!(cut, Problem::Truncated { length: l } if l == length),
            "{length}: {cut}"
        );
    }
    // A length that would reach beyond any file.
    let mut huge = whole.clone();
    huge[33..37].fill(0xff);
    assert!(matches!(project.problem(&huge), Problem::Truncated { .. }));
}

#[test]
fn only_a_picture_is_accepted() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let error = accept(root, &path, b"not a picture", &provenance("run-2")).unwrap_err();
    assert!(matches!(error.problem, Problem::NotPng { .. }));
    assert!(error.to_string().contains("button-dark-375x667.png"));
    assert_eq!(read(root, &path).unwrap().unwrap().bytes, picture(7));
}

#[test]
fn a_picture_that_changed_meanwhile_is_not_replaced() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let accept = |expected: Option<&str>, grey| {
        accept_if(root, &path, expected, &picture(grey), &provenance("run-1"))
    };
    let first = accept(None, 1).unwrap();
    let late = accept(None, 2).unwrap_err();
    assert!(matches!(late.problem, Problem::Changed { .. }), "{late}");
    let second = accept(Some(&first.file_sha256), 3).unwrap();
    assert!(accept(Some(&first.file_sha256), 4).is_err());
    assert_eq!(
        read(root, &path).unwrap().unwrap().file_sha256,
        second.file_sha256
    );
    assert_eq!(read(root, &path).unwrap().unwrap().bytes, picture(3));
}

#[test]
fn an_acceptance_is_taken_back_byte_for_byte() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let first = accept_if(root, &path, None, &picture(1), &provenance("a")).unwrap();
    let before = fs::read(&path).unwrap();
    let expected = Some(first.file_sha256.as_str());
    let second = accept_if(root, &path, expected, &picture(2), &provenance("b")).unwrap();
    let stale = restore_if(root, &path, &first.file_sha256, Some(&before)).unwrap_err();
    assert!(matches!(stale.problem, Problem::Changed { .. }), "{stale}");
    restore_if(root, &path, &second.file_sha256, Some(&before)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
    restore_if(root, &path, &first.file_sha256, None).unwrap();
    assert!(!path.exists(), "there was none before the first");
}

#[test]
fn of_many_who_accept_at_once_one_succeeds() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let won: usize = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8)
            .map(|grey| {
                let path = &path;
                scope.spawn(move || {
                    accept_if(root, path, None, &picture(grey), &provenance("run-1")).is_ok()
                })
            })
            .collect();
        attempts
            .into_iter()
            .map(|a| usize::from(a.join().unwrap()))
            .sum()
    });
    assert_eq!(won, 1);
    // Nothing of the others' attempts is left beside it.
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_neither_read_nor_written() {
    let (project, elsewhere) = (Project::new(), TempDir::new().unwrap());
    let root = project.folder.path();
    std::os::unix::fs::symlink(elsewhere.path(), root.join("baselines")).unwrap();
    fs::write(elsewhere.path().join("a.png"), picture(1)).unwrap();
    let path = root.join("baselines/a.png");
    let error = read(root, &path).unwrap_err();
    assert!(matches!(error.problem, Problem::Outside(_)), "{error}");
    let new = root.join("baselines/new/b.png");
    let error = accept(root, &new, &picture(2), &provenance("run-1")).unwrap_err();
    assert!(matches!(error.problem, Problem::Outside(_)), "{error}");
    assert!(!elsewhere.path().join("new").exists());
}

#[cfg(unix)]
#[test]
fn a_baseline_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let plain = root.join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

/// The orphans among `files`, by path below the project.
fn orphaned(template: &str, files: &[&str]) -> Vec<String> {
    let project = Project::new();
    let root = project.folder.path();
    fs::create_dir(root.join("stories")).unwrap();
    fs::write(root.join("stories/button.html"), "").unwrap();
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let text = format!("[stories]\ndir = \"stories\"\n[baselines]\npath = \"{template}\"\n");
    let manifest = Manifest::parse(&root.join("stories.toml"), &text, &Config::default()).unwrap();
    let plan = Plan::from_manifest(&manifest).unwrap();
    let shown = |path: PathBuf| path.strip_prefix(root).unwrap().display().to_string();
    orphans(&manifest, &plan)
        .unwrap()
        .into_iter()
        .map(shown)
        .collect()
}

#[test]
fn orphans_are_what_the_template_could_have_produced() {
    let found = orphaned(
        "baselines/{story}-{theme}-{viewport}.png",
        &[
            "baselines/button-light-1280x720.png",
            "baselines/button-light-375x667.png",
            "baselines/button@2x-light-1280x720.png",
            "baselines/old/card-dark-1280x720.png",
            // Another engine's, a note, an image of another kind, elsewhere.
            "baselines/button@firefox-light-1280x720.png",
            "baselines/README.md",
            "baselines/logo.png",
            "baselines/button-light-1280x720.png.orig",
            "shots/button-light-375x667.png",
        ],
    );
    assert_eq!(
        found,
        [
            "baselines/button-light-375x667.png",
            "baselines/button@2x-light-1280x720.png",
            "baselines/old/card-dark-1280x720.png",
        ]
    );
}

#[test]
fn baselines_of_other_platforms_and_browsers_are_no_orphans() {
    let here = std::env::consts::OS;
    let old = format!("shots/{here}/chromium/old-light-1x1.png");
    let found = orphaned(
        "shots/{platform}/{browser}/{story}-{theme}-{viewport}.png",
        &[
            &old,
            &format!("shots/{here}/firefox/old-light-1x1.png"),
            "shots/plan9/chromium/old-light-1x1.png",
        ],
    );
    assert_eq!(found, [old]);
}

#[test]
fn a_template_without_a_folder_leaves_built_files_alone() {
    let found = orphaned(
        "{story}-{theme}-{viewport}.png",
        &[
            "target/tintype/a-light-1x1.png",
            ".git/a-light-1x1.png",
            "a-light-1x1.png",
        ],
    );
    assert_eq!(found, ["a-light-1x1.png"]);
}
