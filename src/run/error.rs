//! Errors that keep a run from starting.

use std::io;

use crate::browser::BrowserError;
use crate::manifest::CredentialsError;
use crate::record::RecordError;
use crate::serve::ServeError;
use crate::share::JoinError;

/// Why a run could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The system provides no threads or no port.
    #[error("failed to start the run: {0}")]
    Start(#[from] io::Error),
    /// The record cannot be opened.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The machine cannot join the shared run.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The stories cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The image of the manifest cannot be used.
    #[error(transparent)]
    Image(#[from] BrowserError),
    /// The process may open too few files.
    #[error(
        "the limit of open files is {limit}, and a run with browsers needs at least {needed}\n\
         help: raise it with `ulimit -n 1024`"
    )]
    FewOpenFiles {
        /// The limit.
        limit: u64,
        /// The least that a run needs.
        needed: u64,
    },
    /// The engines of a story can never meet.
    #[error(
        "the engines that show the story `{story}` ({engines}) meet at a `sync` step and need \
         {needed} sessions at once, but the run has {sessions}\n\
         help: set `sessions = {needed}` in [browser], or TINTYPE_SESSIONS={needed}"
    )]
    FewSessions {
        /// The story.
        story: String,
        /// Its engines.
        engines: String,
        /// The number of sessions that it needs.
        needed: usize,
        /// The number of sessions.
        sessions: usize,
    },
    /// A signal arrived before the run started.
    #[error("interrupted before the run had begun")]
    Interrupted,
    /// The credentials for the story server are missing.
    #[error("failed to authenticate with the story server: {0}")]
    Access(#[from] CredentialsError),
}
