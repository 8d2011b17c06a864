//! What can be wrong with the record, in words for people.

use std::path::PathBuf;

/// Why a record could not be opened or read. Completes "failed to …".
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A variable of the environment does not say where the record is.
    #[error("read {variable}: `{value}` {problem}")]
    Variable {
        /// The variable's name.
        variable: &'static str,
        /// What it holds, without passwords.
        value: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// On Redis Cluster the keys of a run must share a slot.
    #[error(
        "open a record for the run `{run_id}`: on Redis Cluster a run's id stands in braces \
         (`{{{run_id}}}`), so that its keys share a slot; RecordSettings::run_id puts them there"
    )]
    Braces {
        /// The id without braces.
        run_id: String,
    },
    /// A file of the record could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was tried: `write the journal`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] Fault),
    /// There is no such run in the record.
    #[error("find the run `{run_id}` in {place}: `cargo tintype runs` lists those there are")]
    NoRun {
        /// The id that was asked for.
        run_id: String,
        /// Where it was looked for.
        place: String,
    },
    /// There is no such snapshot in the run.
    #[error(
        "find `{name}` in the run `{run_id}`: `cargo tintype show {run_id}` lists those there are"
    )]
    NoTest {
        /// The run's id.
        run_id: String,
        /// The snapshot's test name.
        name: String,
    },
    /// A completed step could not be kept or recalled.
    #[error("{what} the step `{key}` as {kind}: {problem}")]
    Step {
        /// `read` or `write`.
        what: &'static str,
        /// The run, the subject and the step.
        key: String,
        /// The Rust type.
        kind: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A document in the record is not what it should be.
    #[error("read {key}: {problem}")]
    Document {
        /// The key that holds it.
        key: String,
        /// What is wrong.
        problem: String,
    },
}

/// What kept a store from carrying out a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reach the record: {message}{}", kind.advice())]
pub struct Fault {
    /// Which of the known faults it is.
    pub kind: FaultKind,
    /// What the server or the system said.
    pub message: String,
}

/// The known faults. Each has a way on (see [`FaultKind::way_on`]) and a word
/// for people ([`FaultKind::advice`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// No connection: refused, dropped, unreachable.
    Away,
    /// No answer within the time that an answer may take.
    Silent,
    /// The server is reading its data (`LOADING`) or waits for its primary
    /// (`MASTERDOWN`), or its cluster is electing (`CLUSTERDOWN`, `TRYAGAIN`).
    Loading,
    /// A script of somebody else holds the server (`BUSY`).
    Busy,
    /// A replica answered, as after a failover (`READONLY`).
    ReadOnly,
    /// The server has no memory left (`OOM`).
    Full,
    /// The server cannot save to its disk (`MISCONF`), or too few replicas
    /// listen (`NOREPLICAS`).
    NotSaving,
    /// The server has forgotten our scripts (`NOSCRIPT`).
    NoScript,
    /// The key lives on another server of a cluster (`MOVED`, `ASK`,
    /// `CROSSSLOT`).
    Elsewhere,
    /// The password is missing or wrong (`NOAUTH`, `WRONGPASS`).
    Stranger,
    /// The user may not do this (`NOPERM`).
    Forbidden,
    /// A key of ours holds something that is not ours (`WRONGTYPE`).
    WrongType,
    /// Anything else that the server says.
    Other,
}

/// What the writer does about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOn {
    /// Connect anew, which also finds out who the primary is now, and send
    /// again.
    Reconnect,
    /// The connection is good: wait and send again.
    Wait,
    /// Load the scripts and send again.
    Load,
    /// It will not pass by itself: tell the user, keep everything in the
    /// journal, try again now and then.
    Park,
}

impl FaultKind {
    /// What to do about it.
    pub fn way_on(self) -> WayOn {
        match self {
            Self::Away | Self::Silent | Self::ReadOnly => WayOn::Reconnect,
            Self::Loading | Self::Busy => WayOn::Wait,
            Self::NoScript => WayOn::Load,
            Self::Full
            | Self::NotSaving
            | Self::Elsewhere
            | Self::Stranger
            | Self::Forbidden
            | Self::WrongType
            | Self::Other => WayOn::Park,
        }
    }

    /// What a person can do, to stand behind the server's own words.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Away => {
                " (is the server running, and do REDIS_URL or REDIS_HOST and REDIS_PORT name it?)"
            }
            Self::Silent => " (the server or the network hangs)",
            Self::Loading => " (the server is starting; results are written when it is ready)",
            Self::Busy => " (a script of another client holds the server; `SCRIPT KILL` ends it)",
            Self::ReadOnly => " (this is a replica: name the primary, or use redis+sentinel://)",
            Self::Full => {
                " (the server has reached `maxmemory`: give it more, or run `cargo tintype prune`; \
                 do not set an allkeys policy, it would drop records)"
            }
            Self::NotSaving => " (the server cannot persist: look at its disk and its log)",
            Self::NoScript => " (the server has forgotten a script)",
            Self::Elsewhere => {
                " (the server is part of a cluster: use redis+cluster:// in REDIS_URL \
                 and the feature `cluster` of tintype)"
            }
            Self::Stranger => " (put user and password into REDIS_URL, or set REDIS_PASSWORD)",
            Self::Forbidden => {
                " (the user needs the commands evalsha, script|load, publish and those on strings, \
                 sets, sorted sets, hashes and streams, with ~visual* ~tintype:* &visual*)"
            }
            Self::WrongType => {
                " (another program keeps something else under this key: set REDIS_PREFIX)"
            }
            Self::Other => "",
        }
    }
}
