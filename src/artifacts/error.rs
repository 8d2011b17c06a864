//! The errors of the artifact store.

use std::io;
use std::path::PathBuf;

use crate::redact::redact;

/// An operation on the artifact store failed.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The settings of the provider are incomplete or invalid.
    #[error(
        "the artifact store {store} cannot be used: {reason}\n\
         help: check the address and the variables of the provider"
    )]
    Settings {
        /// Its address.
        store: String,
        /// The reason.
        reason: String,
    },
    /// The store does not answer, or refuses.
    #[error("failed to {action} in the artifact store {store}: {reason}")]
    Failed {
        /// Its address.
        store: String,
        /// Verb and object.
        action: String,
        /// The reason.
        reason: String,
    },
    /// The store does not have an object.
    #[error("the artifact store {store} has no {object}")]
    Missing {
        /// Its address.
        store: String,
        /// The object.
        object: String,
    },
    /// Neither the store nor this machine has an object.
    #[error(
        "the artifact store {store} has no {object}, and this machine has no copy\n\
         help: run `cargo tintype push` where the baseline was accepted, or accept it again"
    )]
    NoCopy {
        /// Its address.
        store: String,
        /// The object.
        object: String,
    },
    /// An object has another content than its name says.
    #[error(
        "{object} in the artifact store {store} is damaged: expected SHA-256 {expected}, \
         found {found}"
    )]
    Damaged {
        /// Its address.
        store: String,
        /// The object.
        object: String,
        /// The SHA-256 that it should have.
        expected: String,
        /// The SHA-256 that it has.
        found: String,
    },
    /// Another process removes objects.
    #[error(
        "the artifact store {store} is locked by {holder}\n\
         help: wait for it to finish; a lock that is not renewed expires after 10 minutes"
    )]
    Locked {
        /// Its address.
        store: String,
        /// Who holds the lock.
        holder: String,
    },
    /// A file of the outbox or the cache.
    #[error("failed to {action} {}: {source}", path.display())]
    File {
        /// The verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl ArtifactError {
    pub(super) fn failed(
        store: &str,
        action: impl Into<String>,
        error: &object_store::Error,
    ) -> Self {
        Self::Failed {
            store: store.to_owned(),
            action: action.into(),
            reason: describe(error),
        }
    }

    pub(super) fn file(action: &'static str, path: &std::path::Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// The reason of an error in one line, without secrets. The last cause names
/// it; the others repeat the address.
pub(super) fn describe(error: &object_store::Error) -> String {
    let prefix = match error {
        object_store::Error::PermissionDenied { .. } => "permission denied: ",
        object_store::Error::Unauthenticated { .. } => "the credentials are invalid: ",
        _ => "",
    };
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    redact(&format!("{prefix}{line}")).into_owned()
}
