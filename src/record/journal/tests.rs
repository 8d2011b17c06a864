use std::io::Write;

use super::{Journal, JournalCursor};
use crate::model::RunId;
use crate::record::journal_folder::{journals, trim};
use crate::record::operation::{JoinRequest, Operation};

fn join(run: &str, writer: &str) -> JoinRequest {
    let empty = String::new;
    JoinRequest {
        run_id: RunId(run.to_owned()),
        writer: writer.to_owned(),
        host: empty(),
        planned: 0,
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

#[test]
fn frames_before_damage_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(Some(folder.path()), &join("run-1", "w1"));
    journal.append(&die(1));
    let path = journal.path().unwrap().to_owned();
    drop(journal);
    // A truncated frame.
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(&[9, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1])
        .unwrap();
    drop(file);
    let (_, journal) = Journal::open_orphan(&path).unwrap().unwrap();
    assert!(journal.problem().unwrap().contains("13 bytes were damaged"));
    assert_eq!(journal.append(&die(2)), 2);
    drop(journal);
    assert_eq!(Journal::read_all(&path).unwrap().1, [die(1), die(2)]);
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
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(n);
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
