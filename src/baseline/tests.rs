use std::fs;
use std::path::{Path, PathBuf};

use image::{Rgba, RgbaImage};
use tempfile::TempDir;

use crate::model::{Environment, RunId, StoryIdentifier};
use tintype_compare::encode_png;

use super::{BaselineProblem, Provenance, accept, accept_if, read, restore_if};
use crate::files::sha256;

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

fn state_dir(root: &Path) -> PathBuf {
    root.join("target/tintype")
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

    fn problem(&self, bytes: &[u8]) -> BaselineProblem {
        fs::create_dir_all(self.baseline().parent().unwrap()).unwrap();
        fs::write(self.baseline(), bytes).unwrap();
        read(self.folder.path(), &self.baseline())
            .unwrap_err()
            .problem
    }
}

#[test]
fn a_missing_file_is_no_baseline() {
    let project = Project::new();
    let found = read(project.folder.path(), &project.baseline()).unwrap();
    assert_eq!(found, None);
}

#[test]
fn a_capture_is_recognised_by_its_bytes() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let accepted = accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let baseline = read(root, &path).unwrap().unwrap();
    assert!(baseline.is_capture(&picture(7)));
    assert_eq!(baseline.provenance, Some(provenance("run-1")));
    let file = fs::read(&path).unwrap();
    assert_eq!(baseline.file_sha256, sha256(&file));
    assert_eq!(accepted.file_sha256, baseline.file_sha256);

    // Other programs can read the file, and its checksums are valid.
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
fn accepting_a_baseline_file_replaces_its_provenance() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let once = fs::read(&path).unwrap();
    let bytes = read(root, &path).unwrap().unwrap().bytes;
    accept(root, &path, &once, &provenance("run-2")).unwrap();
    assert_eq!(fs::read(&path).unwrap().len(), once.len());
    let baseline = read(root, &path).unwrap().unwrap();
    assert_eq!(baseline.provenance.unwrap().run_id.as_str(), "run-2");
    assert_eq!(baseline.bytes, bytes);
}

#[test]
fn an_image_of_another_program_has_no_provenance() {
    let project = Project::new();
    fs::create_dir_all(project.baseline().parent().unwrap()).unwrap();
    fs::write(project.baseline(), picture(1)).unwrap();
    let baseline = read(project.folder.path(), &project.baseline())
        .unwrap()
        .unwrap();
    assert_eq!(baseline.provenance, None);
    assert!(baseline.is_capture(&picture(1)));
}

#[test]
fn a_baseline_is_smaller_than_its_capture_and_has_the_same_pixels() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let capture = RgbaImage::from_fn(300, 200, |x, y| {
        Rgba([x as u8, y as u8, (x ^ y) as u8, 255])
    });
    let png = encode_png(&capture).unwrap();
    accept(root, &path, &png, &provenance("run-1")).unwrap();
    let baseline = read(root, &path).unwrap().unwrap();
    assert!(baseline.bytes.len() < png.len());
    assert!(baseline.is_capture(&png));
    let pixels = image::load_from_memory(&baseline.bytes).unwrap();
    assert_eq!(pixels.into_rgba8(), capture);
}

#[test]
fn a_file_that_another_program_has_edited_is_not_the_capture() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let file = fs::read(&path).unwrap();
    let chunk = super::png::split(&file).unwrap().provenance.unwrap();
    // Image editors keep chunks that they do not know.
    fs::write(
        &path,
        super::png::join(&picture(8), Some(chunk), None).unwrap(),
    )
    .unwrap();
    let baseline = read(root, &path).unwrap().unwrap();
    assert_eq!(baseline.provenance, Some(provenance("run-1")));
    assert!(!baseline.is_capture(&picture(7)));
    assert!(baseline.is_capture(&picture(8)));
}

/// A PNG of 3×2 pixels whose header claims another size, with valid checksums.
fn picture_with_size(width: u32, height: u32) -> Vec<u8> {
    let mut png = picture(1);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32fast::hash(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

#[test]
fn a_header_of_absurd_size_is_reported() {
    let project = Project::new();
    for (width, height) in [(u32::MAX, u32::MAX), (0, 5), (1 << 27, 2), (1, 1 << 25)] {
        let problem = project.problem(&picture_with_size(width, height));
        assert!(matches!(problem, BaselineProblem::Image(_)), "{problem}");
    }
    let error = read(project.folder.path(), &project.baseline()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn a_directory_in_the_place_of_a_baseline_is_reported() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    fs::create_dir_all(path.join("inside")).unwrap();
    let unread = read(root, &path).unwrap_err().to_string();
    let unwritten = accept(root, &path, &picture(7), &provenance("run-1")).unwrap_err();
    assert_eq!(unread, unwritten.to_string());
    insta::assert_snapshot!(unread);
    assert!(path.join("inside").is_dir());
}

#[test]
fn a_folder_that_cannot_be_written_is_reported() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    fs::write(root.join("baselines"), "").unwrap();
    let error = accept(root, &path, &picture(7), &provenance("run-1")).unwrap_err();
    insta::assert_snapshot!(error);
    for kind in [
        std::io::ErrorKind::PermissionDenied,
        std::io::ErrorKind::ReadOnlyFilesystem,
        std::io::ErrorKind::StorageFull,
    ] {
        let text = BaselineProblem::Unwritable(kind.into()).to_string();
        assert!(
            text.contains("\nhelp: ") && !text.contains("os error"),
            "{text}"
        );
    }
}

#[test]
fn damaged_files_are_reported() {
    let project = Project::new();
    let not = project.problem(b"<!doctype html><p>");
    assert!(matches!(&not, BaselineProblem::NotPng { start } if start == "<!doctype ht"));
    let pointer = project.problem(b"version https://git-lfs.github.com/spec/v1\noid sha256:0");
    assert!(matches!(pointer, BaselineProblem::LfsPointer));
    let whole = picture(9);
    assert!(matches!(project.problem(b""), BaselineProblem::Empty));
    for length in [5, 8, 20, 33, whole.len() - 12, whole.len() - 1] {
        let cut = project.problem(&whole[..length]);
        assert!(
            matches!(cut, BaselineProblem::Truncated { length: l } if l == length),
            "{length}: {cut}"
        );
    }
    // The length of a chunk exceeds the file.
    let mut huge = whole.clone();
    huge[33..37].fill(0xff);
    assert!(matches!(
        project.problem(&huge),
        BaselineProblem::Truncated { .. }
    ));
    // One byte of each chunk is damaged.
    for (at, chunk) in [(16, "IHDR"), (41, "IDAT"), (whole.len() - 1, "IEND")] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        let problem = project.problem(&damaged);
        assert!(
            matches!(&problem, BaselineProblem::Checksum { chunk: c, .. } if c == chunk),
            "{at}: {problem}"
        );
    }
}

#[test]
fn a_damaged_baseline_can_be_replaced() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    project.problem(&picture(1)[..40]);
    let damaged = sha256(&fs::read(&path).unwrap());
    accept_if(
        root,
        &state_dir(root),
        &path,
        Some(&damaged),
        &picture(2),
        &provenance("run-1"),
    )
    .unwrap();
    assert!(read(root, &path).unwrap().unwrap().is_capture(&picture(2)));
}

#[test]
fn only_a_png_is_accepted() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let error = accept(root, &path, b"not a picture", &provenance("run-2")).unwrap_err();
    assert!(matches!(error.problem, BaselineProblem::NotPng { .. }));
    assert!(error.to_string().contains("button-dark-375x667.png"));
    assert!(read(root, &path).unwrap().unwrap().is_capture(&picture(7)));
}

#[test]
fn accept_if_refuses_a_changed_baseline() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let accept = |expected: Option<&str>, grey| {
        accept_if(
            root,
            &state_dir(root),
            &path,
            expected,
            &picture(grey),
            &provenance("run-1"),
        )
    };
    let first = accept(None, 1).unwrap();
    let late = accept(None, 2).unwrap_err();
    assert!(
        matches!(late.problem, BaselineProblem::Changed { .. }),
        "{late}"
    );
    let second = accept(Some(&first.file_sha256), 3).unwrap();
    assert!(accept(Some(&first.file_sha256), 4).is_err());
    assert_eq!(
        read(root, &path).unwrap().unwrap().file_sha256,
        second.file_sha256
    );
    assert!(read(root, &path).unwrap().unwrap().is_capture(&picture(3)));
}

#[test]
fn restore_if_restores_the_file_byte_for_byte() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let first = accept_if(
        root,
        &state_dir(root),
        &path,
        None,
        &picture(1),
        &provenance("a"),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    let expected = Some(first.file_sha256.as_str());
    let second = accept_if(
        root,
        &state_dir(root),
        &path,
        expected,
        &picture(2),
        &provenance("b"),
    )
    .unwrap();
    let stale = restore_if(
        root,
        &state_dir(root),
        &path,
        &first.file_sha256,
        Some(&before),
    )
    .unwrap_err();
    assert!(
        matches!(stale.problem, BaselineProblem::Changed { .. }),
        "{stale}"
    );
    restore_if(
        root,
        &state_dir(root),
        &path,
        &second.file_sha256,
        Some(&before),
    )
    .unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
    restore_if(root, &state_dir(root), &path, &first.file_sha256, None).unwrap();
    assert!(!path.exists(), "there was no file before the first");
}

#[test]
fn one_of_several_concurrent_acceptances_succeeds() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let won: usize = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8)
            .map(|grey| {
                let path = &path;
                scope.spawn(move || {
                    accept_if(
                        root,
                        &state_dir(root),
                        path,
                        None,
                        &picture(grey),
                        &provenance("run-1"),
                    )
                    .is_ok()
                })
            })
            .collect();
        attempts
            .into_iter()
            .map(|a| usize::from(a.join().unwrap()))
            .sum()
    });
    assert_eq!(won, 1);
    // The other attempts leave no files.
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_project_are_not_followed() {
    let (project, elsewhere) = (Project::new(), TempDir::new().unwrap());
    let root = project.folder.path();
    std::os::unix::fs::symlink(elsewhere.path(), root.join("baselines")).unwrap();
    fs::write(elsewhere.path().join("a.png"), picture(1)).unwrap();
    let path = root.join("baselines/a.png");
    let error = read(root, &path).unwrap_err();
    assert!(
        matches!(error.problem, BaselineProblem::Outside(_)),
        "{error}"
    );
    let new = root.join("baselines/new/b.png");
    let error = accept(root, &new, &picture(2), &provenance("run-1")).unwrap_err();
    assert!(
        matches!(error.problem, BaselineProblem::Outside(_)),
        "{error}"
    );
    assert!(!elsewhere.path().join("new").exists());
}

#[cfg(unix)]
#[test]
fn a_baseline_has_the_default_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let plain = root.join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

#[test]
fn a_digest_is_kept_and_is_no_part_of_the_image() {
    let project = Project::new();
    let (root, path) = (project.folder.path(), project.baseline());
    let image = super::with_digest(&picture(7), Some(b"a digest")).into_owned();
    accept(root, &path, &image, &provenance("run-1")).unwrap();
    let baseline = read(root, &path).unwrap().unwrap();
    assert_eq!(baseline.digest.as_deref(), Some(&b"a digest"[..]));
    let other = super::with_digest(&picture(7), Some(b"another digest")).into_owned();
    for same in [&picture(7), &image, &other] {
        assert!(baseline.is_capture(same));
    }
    assert!(!baseline.is_capture(&super::with_digest(&picture(8), Some(b"a digest"))));

    accept(root, &path, &picture(7), &provenance("run-1")).unwrap();
    let without = read(root, &path).unwrap().unwrap();
    assert_eq!((without.digest, without.bytes), (None, baseline.bytes));
}
