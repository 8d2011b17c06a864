//! The errors of a Redis server, sorted by what to do about them.

/// An error from the store that keeps the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record store {}: {message}{}", kind.problem(), kind.help())]
pub struct StoreError {
    /// The kind of error.
    pub kind: StoreErrorKind,
    /// The message of the server or the operating system.
    pub message: String,
}

/// The kinds of error that are told apart. Each has a way to recover
/// ([`recovery`](Self::recovery)) and a help text ([`help`](Self::help)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// No connection: refused, dropped, unreachable.
    Unreachable,
    /// The server did not answer in time.
    Timeout,
    /// The server is loading its data (`LOADING`), waits for its primary
    /// (`MASTERDOWN`), or its cluster is electing (`CLUSTERDOWN`, `TRYAGAIN`).
    Loading,
    /// Another client's script blocks the server (`BUSY`).
    Busy,
    /// The server is a replica, as after a failover (`READONLY`).
    ReadOnly,
    /// The server is out of memory (`OOM`).
    OutOfMemory,
    /// The server cannot save to its disk (`MISCONF`), or has too few replicas
    /// (`NOREPLICAS`).
    NotPersisting,
    /// The server does not have a script (`NOSCRIPT`).
    MissingScript,
    /// The key belongs to another server of the cluster (`MOVED`, `ASK`,
    /// `CROSSSLOT`).
    WrongNode,
    /// The password is missing or wrong (`NOAUTH`, `WRONGPASS`).
    Unauthenticated,
    /// The user lacks a permission (`NOPERM`).
    PermissionDenied,
    /// A key has a value of another type (`WRONGTYPE`).
    WrongType,
    /// Any other error.
    Other,
}

/// How the journal writer recovers from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Reconnect, which also finds a new primary, and send again.
    Reconnect,
    /// Keep the connection, wait, and send again.
    Wait,
    /// Load the scripts and send again.
    LoadScripts,
    /// The error needs action by the user: keep everything in the journal and
    /// retry at intervals.
    Park,
}

impl StoreErrorKind {
    /// How to recover from the error.
    pub fn recovery(self) -> Recovery {
        match self {
            Self::Unreachable | Self::Timeout | Self::ReadOnly => Recovery::Reconnect,
            Self::Loading | Self::Busy => Recovery::Wait,
            Self::MissingScript => Recovery::LoadScripts,
            Self::OutOfMemory
            | Self::NotPersisting
            | Self::WrongNode
            | Self::Unauthenticated
            | Self::PermissionDenied
            | Self::WrongType
            | Self::Other => Recovery::Park,
        }
    }

    /// The predicate of "the record store …".
    fn problem(self) -> &'static str {
        match self {
            Self::Unreachable => "is unreachable",
            Self::Timeout => "does not answer",
            Self::Loading => "is still loading",
            Self::Busy => "is busy with the script of another client",
            Self::ReadOnly => "is a read-only replica",
            Self::OutOfMemory => "is out of memory",
            Self::NotPersisting => "cannot persist its data",
            Self::MissingScript => "does not have a required script",
            Self::WrongNode => "is a node of a cluster",
            Self::Unauthenticated => "requires authentication",
            Self::PermissionDenied => "denied permission",
            Self::WrongType => "has a value of another type under one of its keys",
            Self::Other => "reported an error",
        }
    }

    /// The help text for the error; it starts with a line break.
    pub fn help(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "\nhelp: check that the server is running and that REDIS_URL, or REDIS_HOST and \
                 REDIS_PORT, name it"
            }
            Self::Timeout => "\nhelp: check the server and the network",
            Self::Loading => "\nhelp: wait until it is ready; results are kept in the journal",
            Self::Busy => "\nhelp: stop the script with `redis-cli SCRIPT KILL`",
            Self::ReadOnly => "\nhelp: name the primary, or use redis+sentinel:// in REDIS_URL",
            Self::OutOfMemory => {
                "\nhelp: raise `maxmemory`, or run `cargo tintype prune`; do not set an `allkeys` \
                 eviction policy, which would drop records"
            }
            Self::NotPersisting => "\nhelp: check the disk and the log of the server",
            Self::MissingScript | Self::Other => "",
            Self::WrongNode => {
                "\nhelp: use redis+cluster:// in REDIS_URL and build tintype with the feature \
                 `cluster`"
            }
            Self::Unauthenticated => {
                "\nhelp: put user and password into REDIS_URL, or set REDIS_PASSWORD"
            }
            Self::PermissionDenied => {
                "\nhelp: allow the user the commands evalsha, script|load, publish and those on \
                 strings, sets, sorted sets, hashes and streams, with ~visual* ~tintype:* &visual*"
            }
            Self::WrongType => {
                "\nhelp: another program uses this key; set REDIS_PREFIX to keep them apart"
            }
        }
    }
}
