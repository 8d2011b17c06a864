//! Notices to the admission of groups.

use tokio::sync::mpsc;

use crate::model::Status;

/// A notice to the admission of a run.
#[derive(Clone, Debug)]
pub(super) enum AdmissionNotice {
    /// A snapshot has its outcome.
    Finished(usize, Status),
    /// A test requests a snapshot that the gate holds back.
    Requested(usize),
    /// This machine has claimed snapshots of a shared run that the gate holds back.
    Claimed(Vec<usize>),
    /// The run ends.
    RunEnds,
}

/// Receives the notices for the admission.
pub(super) type AdmissionNotices = mpsc::UnboundedReceiver<AdmissionNotice>;
