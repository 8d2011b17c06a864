//! Sorts the errors of a server into [`StoreErrorKind`]s.

use ::redis::{ErrorKind, RedisError};

use super::error::{StoreError, StoreErrorKind};
use crate::model::{MAX_LINE, bounded};

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        Self {
            kind: kind_of(&error),
            message: bounded(message_of(&error), MAX_LINE),
        }
    }
}

/// Whether one value is of another type, so that the others can be used.
pub(crate) fn is_wrong_type(error: &RedisError) -> bool {
    kind_of(error) == StoreErrorKind::WrongType
}

/// The message as the server sent it.
fn message_of(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    }
}

fn kind_of(error: &RedisError) -> StoreErrorKind {
    match error.code() {
        Some("LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN") => StoreErrorKind::Loading,
        Some("BUSY") => StoreErrorKind::Busy,
        Some("READONLY" | "UNBLOCKED") => StoreErrorKind::ReadOnly,
        Some("OOM") => StoreErrorKind::OutOfMemory,
        Some("MISCONF" | "NOREPLICAS") => StoreErrorKind::NotPersisting,
        Some("NOSCRIPT") => StoreErrorKind::MissingScript,
        Some("MOVED" | "ASK" | "CROSSSLOT") => StoreErrorKind::WrongNode,
        Some("NOAUTH" | "WRONGPASS") => StoreErrorKind::Unauthenticated,
        Some("NOPERM") => StoreErrorKind::PermissionDenied,
        Some("WRONGTYPE") => StoreErrorKind::WrongType,
        _ => by_kind(error),
    }
}

fn by_kind(error: &RedisError) -> StoreErrorKind {
    // A command that fails inside a script is reported as ERR, with its own
    // code in the message.
    let says = |word: &str| error.to_string().contains(word);
    match error.kind() {
        _ if error.is_timeout() => StoreErrorKind::Timeout,
        ErrorKind::AuthenticationFailed => StoreErrorKind::Unauthenticated,
        // Parse: the connection was cut in the middle of a reply.
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => StoreErrorKind::Unreachable,
        _ if error.is_connection_dropped() || error.is_connection_refusal() => {
            StoreErrorKind::Unreachable
        }
        _ if says("WRONGTYPE") => StoreErrorKind::WrongType,
        _ if says("NOPERM") || says("ACL failure") => StoreErrorKind::PermissionDenied,
        _ if says("max number of clients") => StoreErrorKind::Loading,
        _ => StoreErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{StoreError, StoreErrorKind};
    use crate::redis::Recovery;

    /// Parses an error reply as the client does.
    fn error(line: &str) -> StoreError {
        let reply = format!("-{line}\r\n");
        let value = ::redis::parse_redis_value(reply.as_bytes()).unwrap();
        StoreError::from(value.extract_error().unwrap_err())
    }

    #[test]
    fn every_error_reply_has_a_kind_and_a_recovery() {
        let lines = [
            (
                "LOADING Redis is loading the dataset in memory",
                StoreErrorKind::Loading,
            ),
            (
                "MASTERDOWN ServerConnection with MASTER is down",
                StoreErrorKind::Loading,
            ),
            ("CLUSTERDOWN The cluster is down", StoreErrorKind::Loading),
            (
                "TRYAGAIN Multiple keys request during rehashing of slot",
                StoreErrorKind::Loading,
            ),
            ("BUSY Redis is busy running a script", StoreErrorKind::Busy),
            (
                "READONLY You can't write against a read only replica.",
                StoreErrorKind::ReadOnly,
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                StoreErrorKind::OutOfMemory,
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots, but",
                StoreErrorKind::NotPersisting,
            ),
            (
                "NOREPLICAS Not enough good replicas to write.",
                StoreErrorKind::NotPersisting,
            ),
            (
                "NOSCRIPT No matching script.",
                StoreErrorKind::MissingScript,
            ),
            ("MOVED 3999 127.0.0.1:6381", StoreErrorKind::WrongNode),
            ("ASK 3999 127.0.0.1:6381", StoreErrorKind::WrongNode),
            (
                "CROSSSLOT Keys in request don't hash to the same slot",
                StoreErrorKind::WrongNode,
            ),
            (
                "NOAUTH Authentication required.",
                StoreErrorKind::Unauthenticated,
            ),
            (
                "WRONGPASS invalid username-password pair",
                StoreErrorKind::Unauthenticated,
            ),
            (
                "NOPERM this user has no permissions to run the 'evalsha' command",
                StoreErrorKind::PermissionDenied,
            ),
            (
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                StoreErrorKind::WrongType,
            ),
            ("ERR max number of clients reached", StoreErrorKind::Loading),
            ("ERR unknown command 'EVALSHA'", StoreErrorKind::Other),
        ];
        for (line, kind) in lines {
            assert_eq!(error(line).kind, kind, "{line}");
        }
        assert_eq!(StoreErrorKind::ReadOnly.recovery(), Recovery::Reconnect);
        assert_eq!(StoreErrorKind::OutOfMemory.recovery(), Recovery::Park);
    }

    #[test]
    fn an_error_has_a_help_text() {
        insta::assert_snapshot!(error("NOAUTH Authentication required."), @r"
        the record store requires authentication: NOAUTH Authentication required.
        help: put user and password into REDIS_URL, or set REDIS_PASSWORD
        ");
        insta::assert_snapshot!(error("WRONGTYPE Operation against a key"), @r"
        the record store has a value of another type under one of its keys: WRONGTYPE Operation against a key
        help: another program uses this key; set REDIS_PREFIX to keep them apart
        ");
    }

    #[test]
    fn the_message_of_a_server_is_bounded() {
        let error = error(&format!("ERR {}", "x".repeat(12_000_000)));
        assert!(error.message.len() <= 2048, "{}", error.message.len());
        assert!(error.message.ends_with("… 11.9 MB more"));
    }
}
