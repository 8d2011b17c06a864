//! Reads all of a journal, and repairs a damaged one.

use std::fs::File;

use super::frame::{encode, next_frame, skip_repetitions};
use crate::record::operation::{JoinRequest, Operation, json};

/// What a journal contains.
pub(super) struct Contents {
    pub(super) join: JoinRequest,
    /// The sequence number of the last operation.
    pub(super) last: u64,
    /// Whether the worker has left its run.
    pub(super) closed: bool,
    /// How many operations are lost, now or before an earlier repair.
    pub(super) lost: u64,
    pub(super) damage: Damage,
}

/// What is damaged in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Damage {
    /// How many operations are missing between others.
    operations: u64,
    bytes: u64,
}

impl Damage {
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// What is damaged: `2 operations (310 bytes)`.
    pub(super) fn describe(self) -> String {
        let operations = match self.operations {
            0 => "its end".to_owned(),
            1 => "1 operation".to_owned(),
            count => format!("{count} operations"),
        };
        format!("{operations} ({} bytes)", self.bytes)
    }
}

/// Reads a journal and calls `each` with every operation in order; damaged ones
/// are [`Operation::Lost`]. `None` if the request to join is not readable.
pub(super) fn read(file: &File, mut each: impl FnMut(Operation)) -> Option<Contents> {
    let (first, bytes) = next_frame(file, 0, 0).filter(|(frame, _)| frame.number == 0)?;
    let mut contents = Contents {
        join: serde_json::from_str(&first.text).ok()?,
        last: 0,
        closed: false,
        lost: 0,
        damage: Damage {
            operations: 0,
            bytes,
        },
    };
    let mut end = first.end;
    while let Some((frame, bytes)) = next_frame(file, end, contents.last + 1) {
        for _ in contents.last + 1..frame.number {
            contents.lost += 1;
            contents.damage.operations += 1;
            each(Operation::Lost);
        }
        let operation = Operation::decode(&frame.text).unwrap_or_else(|| {
            contents.damage.operations += 1;
            Operation::Lost
        });
        contents.lost += u64::from(operation == Operation::Lost);
        contents.closed = operation.is_last();
        contents.damage.bytes += bytes;
        (contents.last, end) = (frame.number, frame.end);
        each(operation);
    }
    end = skip_repetitions(file, end, contents.last + 1);
    let length = file.metadata().map_or(end, |file| file.len());
    contents.damage.bytes += length.saturating_sub(end);
    Some(contents)
}

/// The bytes of a journal with these operations. The request to join is written
/// twice, as nothing can be sent without it.
pub(super) fn encode_all(
    join: &JoinRequest,
    operations: impl IntoIterator<Item = Operation>,
) -> Option<Vec<u8>> {
    let mut bytes = encode(0, &json(join))?.repeat(2);
    for (operation, number) in operations.into_iter().zip(1..) {
        bytes.extend(encode(number, &operation.encode())?);
    }
    Some(bytes)
}
