use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::frame::{MAX_TEXT, encode};
use super::{Journal, JournalCursor};
use crate::model::RunId;
use crate::record::journal_folder::{journals, trim};
use crate::record::operation::{JoinRequest, Operation, json};

fn join(run: &str, writer: &str) -> JoinRequest {
    let empty = String::new;
    JoinRequest {
        run_id: RunId(run.to_owned()),
        writer: writer.to_owned(),
        host: empty(),
        planned: 0,
        plan: empty(),
        decides: false,
        shared: false,
        start: 0,
        head: empty(),
        tail: empty(),
        place: empty(),
    }
}

fn die(at: i64) -> Operation {
    Operation::Die { at }
}

#[test]
fn a_journal_is_opened_after_its_process_has_died() {
    let folder = tempfile::tempdir().unwrap();
    let join = join("run-1", "w1");
    let journal = Journal::create(Some(folder.path()), &join);
    for at in 1..=5 {
        assert_eq!(journal.append(&die(at)), at.unsigned_abs());
    }
    let path = journal.path().unwrap().to_owned();
    assert!(Journal::open_orphan(&path).unwrap().is_none());
    assert_eq!(Journal::read_all(&path).unwrap().1.len(), 5);
    drop(journal);
    let (found, journal) = Journal::open_orphan(&path).unwrap().unwrap();
    assert_eq!((found, journal.last()), (join, 5));
    let mut cursor = JournalCursor::start();
    assert_eq!(journal.read(&mut cursor, 2), [die(1), die(2)]);
    assert_eq!(journal.read(&mut cursor, 9), [die(3), die(4), die(5)]);
    journal.rewind(&mut cursor, 4);
    assert_eq!(journal.read(&mut cursor, 9), [die(4), die(5)]);
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_journal_is_not_followed() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, bytes) = written(elsewhere.path());
    let damaged = &bytes[..bytes.len() - 1];
    std::fs::write(&path, damaged).unwrap();
    let link = folder.path().join(path.file_name().unwrap());
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let error = Journal::open_orphan(&link).unwrap_err().to_string();
    assert!(error.contains("is a symbolic link"), "{error}");
    assert!(Journal::read_all(&link).is_err());
    assert!(!Journal::is_held(&link));
    assert_eq!(std::fs::read(&path).unwrap(), damaged);
}

/// A closed journal with operations of different lengths; its path and bytes.
fn written(folder: &Path) -> (PathBuf, Vec<u8>) {
    let journal = Journal::create(Some(folder), &join("run-1", "w1"));
    for n in 1..6 {
        let tail = format!(",\"environment\":\"{}\"}}", "ä".repeat(n * 7));
        journal.append(&Operation::Describe { tail });
    }
    journal.append(&Operation::Leave {
        reason: None,
        at: 6,
    });
    let path = journal.path().unwrap().to_owned();
    drop(journal);
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

/// The operations of a journal, and whether they are complete.
fn reopened(path: &Path) -> (Vec<Operation>, bool) {
    // Between fork and exec, a process that another test starts has the lock, too.
    let opened = (0..1000).find_map(|_| {
        let opened = Journal::open_orphan(path).unwrap();
        opened.is_none().then(|| sleep(Duration::from_millis(10)));
        opened
    });
    let (_, journal) = opened.unwrap();
    let operations = journal.read(&mut JournalCursor::start(), 99);
    let is_complete = journal.lost() == 0 && journal.problem().is_none() && journal.is_closed();
    (operations, is_complete)
}

#[test]
fn a_flipped_bit_anywhere_loses_one_operation_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = written(folder.path());
    let whole = reopened(&path).0;
    let kept = path.with_extension("journal.damaged");
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        std::fs::write(&path, &damaged).unwrap();
        let (operations, is_complete) = reopened(&path);
        assert!(!is_complete, "byte {at}");
        let lost = whole
            .iter()
            .zip(&operations)
            .filter(|(one, other)| one != other);
        let missing = whole.len() - operations.len();
        assert!(lost.count() + missing <= 1, "byte {at}: {operations:?}");
        assert_eq!(std::fs::read(&kept).unwrap(), damaged, "byte {at}");
        // The journal is repaired, but remembers that an operation is lost.
        let (again, is_complete) = reopened(&path);
        assert_eq!(again, operations, "byte {at}");
        let is_lost = operations.contains(&Operation::Lost);
        assert_eq!(is_complete, !is_lost && operations == whole, "byte {at}");
        assert_eq!(files(folder.path()), 2, "byte {at}");
        std::fs::remove_file(&kept).unwrap();
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_truncated_journal_is_not_complete() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = written(folder.path());
    let whole = reopened(&path).0;
    let frame = encode(0, &json(&join("run-1", "w1"))).unwrap().len();
    for length in frame..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let (operations, is_complete) = reopened(&path);
        assert!(!is_complete, "{length} bytes");
        assert_eq!(operations, whole[..operations.len()], "{length} bytes");
        for name in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_file(name.unwrap().path()).unwrap();
        }
    }
}

#[test]
fn a_journal_without_any_frame_is_kept_under_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-1.w1.journal");
    for number in 1..=2 {
        std::fs::write(&path, b"garbage\xff\x00").unwrap();
        let error = Journal::open_orphan(&path).unwrap_err().to_string();
        assert!(error.contains("damaged from its start"), "{error}");
        assert!(!path.exists());
        assert_eq!(files(folder.path()), number);
    }
    assert!(Journal::open_orphan(&path).unwrap().is_none());
}

/// Journals of earlier versions have one request to join.
#[test]
fn a_journal_of_an_earlier_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = written(folder.path());
    let whole = reopened(&path).0;
    let frame = encode(0, &json(&join("run-1", "w1"))).unwrap().len();
    std::fs::write(&path, &bytes[frame..]).unwrap();
    assert_eq!(reopened(&path), (whole, true));
}

#[test]
fn a_frame_that_readers_would_refuse_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(Some(folder.path()), &join("run-1", "w1"));
    journal.append(&die(1));
    let path = journal.path().unwrap().to_owned();
    let huge = Operation::Describe {
        tail: "x".repeat(MAX_TEXT + 1),
    };
    journal.append(&huge);
    assert!(journal.problem().unwrap().contains("more than the maximum"));
    assert_eq!(journal.path(), None);
    // This process still sends it.
    let mut cursor = JournalCursor::start();
    assert_eq!(journal.read(&mut cursor, 9), [die(1), huge]);
    drop(journal);
    let (_, operations, is_damaged) = Journal::read_all(&path).unwrap();
    assert_eq!((operations, is_damaged), (vec![die(1)], false));
}

#[test]
fn damage_to_a_journal_in_use_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(Some(folder.path()), &join("run-1", "w1"));
    for at in 1..=3 {
        journal.append(&die(at));
    }
    let path = journal.path().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let second = bytes.windows(3).position(|part| part == b"X\n2").unwrap();
    bytes[second] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let read = journal.read(&mut JournalCursor::start(), 9);
    assert_eq!(read, [die(1), Operation::Lost, die(3)]);
    assert!(journal.problem().unwrap().contains("by another program"));
}

#[test]
fn operations_that_cannot_be_written_are_kept_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let journal = Journal::create(Some(&file), &join("run-1", "w1"));
    assert!(journal.problem().is_some() && journal.path().is_none());
    for at in 1..=3 {
        journal.append(&die(at));
    }
    let mut cursor = JournalCursor::start();
    assert_eq!(journal.read(&mut cursor, 9), [die(1), die(2), die(3)]);
    journal.rewind(&mut cursor, 3);
    assert_eq!(journal.read(&mut cursor, 9), [die(3)]);
}

#[test]
fn journals_of_old_runs_are_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    let mut live = None;
    for n in 0..4_u64 {
        let journal = Journal::create(Some(folder.path()), &join(&format!("run-{n}"), "w1"));
        let file = std::fs::File::open(journal.path().unwrap()).unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_secs(n);
        file.set_modified(time).unwrap();
        live = live.or((n == 1).then_some(journal));
    }
    trim(folder.path(), 2);
    let names: Vec<_> = journals(folder.path(), None)
        .iter()
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        names,
        ["run-1.w1.journal", "run-2.w1.journal", "run-3.w1.journal"]
    );
}
