//! Items of the rooms for `cargo-tintype` and this repository's own tests and
//! benchmarks. They are exempt from semantic versioning: a user's code must not
//! name them.
//!
//! The submodules mirror the rooms and list only what those crates use.

pub mod alerts {
    pub use crate::alerts::{Evaluation, Notifier, evaluate};
}

#[cfg(feature = "artifacts")]
pub mod artifacts {
    pub use crate::artifacts::{
        ArtifactError, ArtifactStore, ObjectKey, Outbox, StorePruning, StoredRun, Transfer,
        UploadReport, upload_pending,
    };
}

pub mod baseline {
    #[cfg(feature = "artifacts")]
    pub use crate::baseline::{
        BaselineLock, LockError, MergeSide, MergeSides, files_of_all_platforms,
    };
    pub use crate::files::sha256;

    pub use crate::baseline::{
        Baseline, BaselineError, BaselineProblem, Baselines, Provenance, accept, accept_if,
        file_sha256, orphans, read, restore_if, split_digest, with_digest,
    };
}

pub mod browser {
    pub use crate::browser::{
        Browser, BrowserError, BrowserInfo, Programs, Settled, StepBarrier, Thoroughness, find,
        install_command, limits,
    };
}

pub mod cache {
    pub use crate::cache::{Cache, CacheContext, CachedPass, Loads};
}

pub mod config {
    pub use crate::config::{ArtifactLocation, Config, Secret, Variables, closest};
}

pub mod escape {
    pub use crate::escape::{printable, printable_json, single_line};
}

pub mod explain {
    pub use crate::explain::{
        CauseGroup, DigestedImages, PageCompatibility, StructuralDifference, StructuralKind,
        cause_groups, compare_engines, compress, draw_residual, known_causes, verify_causes,
    };
}

pub mod files {
    pub use crate::files::{append, open, open_own, read, replace_durably, replace_privately};
}

pub mod history {
    pub use crate::history::{
        FlakeAssessment, FlakeLevel, Histogram, OutcomeTally, StoryStatistics,
    };
}

pub mod manifest {
    pub use crate::manifest::{
        AlertSettings, BrowserSettings, Manifest, ManifestError, Quarantine, SCHEMA,
        SnapshotSelector,
    };
}

pub mod model {
    pub use crate::model::{
        Cause, CauseKind, CauseSource, ERROR_KINDS, Environment, EnvironmentChange, Explanation,
        FailureArtifacts, Git, ImageHashes, Lineage, Measurements, PerformedStep, QuarantineMark,
        Reason, RecordedEvent, ResultError, RunFile, RunId, Status, StoryIdentifier, Summary,
        Viewport, VisualTestResult, VisualTestRun, cause_command, error_anchor, now_ms,
        pin_environment, rfc3339, today,
    };
}

pub mod plan {
    pub use crate::plan::Plan;
}

pub mod record {
    pub use crate::model::HistoryEntry;
    pub use crate::record::coordination::{Coordination, LockReply, LockRequest};
    pub use crate::record::export::ExportedRun;
    pub use crate::record::operation::{JoinRequest, Operation};
    pub use crate::record::orphan_journals::OrphanReport;
    pub use crate::record::queue::{
        ClaimOutcome, ClaimRequest, ClaimedGroup, GroupProgress, Lease, LostGroup, PlanConflict,
        PlanOutcome, QueuedGroup,
    };
    pub use crate::record::server_info::ServerInfo;
    pub use crate::record::shared_run::{
        LaneStatus, SharedRun, WorkerCommand, WorkerReport, WorkerStatus,
    };
    pub use crate::record::store::{ApplyOutcome, EndOutcome, JoinOutcome, Store};
    pub use crate::record::{
        AlertChange, AlertEntry, AlertState, Gauges, MetricsWindow, NodeReport, OutcomeCounts,
        WindowLength, raised_alerts,
    };
    pub use crate::record::{
        CleanupRules, CleanupStatus, EventFollower, EventNotifications, HeldLeases, RecordConfig,
        RecordError, Recorder, Records, Retention, RunPages, SharedQueue, SnapshotDecision,
        StreamEntry, Surplus, damaged_journals,
    };
}

pub mod snapshot {
    pub use crate::snapshot::difference_hash;
}

pub mod redact {
    pub use crate::redact::{redact, register};
}

pub mod redis {
    pub use crate::redis::{Connection, Recovery, StoreError};
}

pub mod report {
    pub use crate::report::{
        EvidenceTexts, FailureGroup, counts, duration, environment, failures, groups, plural,
    };

    pub mod junit {
        pub use crate::report::junit::write;
    }

    pub mod html {
        pub use crate::report::html::{EMBED_UP_TO, write};

        pub mod assets {
            pub use crate::report::html::assets::{FONTS, ICONS, REVIEW_SCRIPTS, SCRIPTS, STYLE};
        }
    }
}

pub mod share {
    pub use crate::share::{
        ElsewhereOutcome, JoinError, Joined, LocalRun, PlanDigest, ShareTiming, ShareWorker,
        SharedPlan, WorkerDescription, join,
    };
}

pub mod run {
    pub use crate::run::{cache_context, current_lineage, environment};
}

pub mod serve {
    pub use crate::serve::{Files, HttpServer, Service};
}
