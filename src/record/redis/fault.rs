//! What the server says, sorted into the known faults.

use ::redis::{ErrorKind, RedisError};

use crate::record::error::{Fault, FaultKind};

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        Self {
            kind: kind_of(&error),
            message: words(&error),
        }
    }
}

/// The server's own words, as it sends them.
fn words(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    }
}

fn kind_of(error: &RedisError) -> FaultKind {
    match error.code() {
        Some("LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN") => FaultKind::Loading,
        Some("BUSY") => FaultKind::Busy,
        Some("READONLY" | "UNBLOCKED") => FaultKind::ReadOnly,
        Some("OOM") => FaultKind::Full,
        Some("MISCONF" | "NOREPLICAS") => FaultKind::NotSaving,
        Some("NOSCRIPT") => FaultKind::NoScript,
        Some("MOVED" | "ASK" | "CROSSSLOT") => FaultKind::Elsewhere,
        Some("NOAUTH" | "WRONGPASS") => FaultKind::Stranger,
        Some("NOPERM") => FaultKind::Forbidden,
        Some("WRONGTYPE") => FaultKind::WrongType,
        _ => by_kind(error),
    }
}

fn by_kind(error: &RedisError) -> FaultKind {
    // A command that fails inside a script is reported as ERR, with its own
    // code in the text.
    let says = |word: &str| error.to_string().contains(word);
    match error.kind() {
        _ if error.is_timeout() => FaultKind::Silent,
        ErrorKind::AuthenticationFailed => FaultKind::Stranger,
        // Half an answer (Parse): the connection was cut while it was sent.
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => FaultKind::Away,
        _ if error.is_connection_dropped() || error.is_connection_refusal() => FaultKind::Away,
        _ if says("WRONGTYPE") => FaultKind::WrongType,
        _ if says("NOPERM") || says("ACL failure") => FaultKind::Forbidden,
        _ if says("max number of clients") => FaultKind::Loading,
        _ => FaultKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind};
    use crate::record::error::WayOn;

    /// Reads a reply as the client does.
    fn fault(line: &str) -> Fault {
        let reply = format!("-{line}\r\n");
        let value = ::redis::parse_redis_value(reply.as_bytes()).unwrap();
        Fault::from(value.extract_error().unwrap_err())
    }

    #[test]
    fn every_reply_has_its_kind_and_its_way_on() {
        let lines = [
            (
                "LOADING Redis is loading the dataset in memory",
                FaultKind::Loading,
            ),
            ("MASTERDOWN Link with MASTER is down", FaultKind::Loading),
            ("CLUSTERDOWN The cluster is down", FaultKind::Loading),
            (
                "TRYAGAIN Multiple keys request during rehashing of slot",
                FaultKind::Loading,
            ),
            ("BUSY Redis is busy running a script", FaultKind::Busy),
            (
                "READONLY You can't write against a read only replica.",
                FaultKind::ReadOnly,
            ),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                FaultKind::Full,
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots, but",
                FaultKind::NotSaving,
            ),
            (
                "NOREPLICAS Not enough good replicas to write.",
                FaultKind::NotSaving,
            ),
            ("NOSCRIPT No matching script.", FaultKind::NoScript),
            ("MOVED 3999 127.0.0.1:6381", FaultKind::Elsewhere),
            ("ASK 3999 127.0.0.1:6381", FaultKind::Elsewhere),
            (
                "CROSSSLOT Keys in request don't hash to the same slot",
                FaultKind::Elsewhere,
            ),
            ("NOAUTH Authentication required.", FaultKind::Stranger),
            (
                "WRONGPASS invalid username-password pair",
                FaultKind::Stranger,
            ),
            (
                "NOPERM this user has no permissions to run the 'evalsha' command",
                FaultKind::Forbidden,
            ),
            (
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                FaultKind::WrongType,
            ),
            ("ERR max number of clients reached", FaultKind::Loading),
            ("ERR unknown command 'EVALSHA'", FaultKind::Other),
        ];
        for (line, kind) in lines {
            assert_eq!(fault(line).kind, kind, "{line}");
        }
        assert_eq!(FaultKind::ReadOnly.way_on(), WayOn::Reconnect);
        assert_eq!(FaultKind::Full.way_on(), WayOn::Park);
    }

    #[test]
    fn a_fault_says_what_to_do() {
        insta::assert_snapshot!(fault("NOAUTH Authentication required."), @"reach the record: NOAUTH Authentication required. (put user and password into REDIS_URL, or set REDIS_PASSWORD)");
        insta::assert_snapshot!(fault("WRONGTYPE Operation against a key"), @"reach the record: WRONGTYPE Operation against a key (another program keeps something else under this key: set REDIS_PREFIX)");
    }
}
