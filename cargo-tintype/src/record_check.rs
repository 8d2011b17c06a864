//! Checks the record and its server, for `doctor` and `health`.

use tintype::internals::record::ServerInfo;

use crate::record_access::RecordAccess;

/// The result of one check.
pub(crate) struct Finding {
    pub(crate) good: bool,
    pub(crate) text: String,
}

/// Checks the record and its server, without changing anything.
pub(crate) fn check(record: &RecordAccess) -> Vec<Finding> {
    let place = record.records.describe();
    match record.wait(record.records.server_info()) {
        Err(error) => vec![bad(format!("{place}: {error:#}"))],
        Ok(None) => vec![good(format!(
            "{place}: `cargo tintype` reads past runs from their journals"
        ))],
        Ok(Some(facts)) => {
            let mut findings = vec![good(format!("{place}: {}", summary(&facts)))];
            findings.extend(facts.warnings().into_iter().map(bad));
            findings.extend(facts.advice().into_iter().map(bad));
            findings.extend(pending(record));
            findings
        }
    }
}

fn summary(facts: &ServerInfo) -> String {
    let persistence = if facts.append_only {
        "append-only file"
    } else {
        "no append-only file"
    };
    format!(
        "{} {}, {}, {}, {persistence}, {}, {} MB in use",
        facts.program,
        facts.version,
        facts.mode,
        facts.role,
        facts.eviction_policy,
        facts.used_memory >> 20
    )
}

fn pending(record: &RecordAccess) -> Option<Finding> {
    match record.wait(record.records.pending_operations()) {
        Ok(0) => None,
        Ok(n) => Some(bad(format!(
            "{n} operations are pending in journals (help: `cargo tintype flush` sends those of dead processes)"
        ))),
        Err(error) => Some(bad(format!("{error:#}"))),
    }
}

fn good(text: String) -> Finding {
    Finding { good: true, text }
}

fn bad(text: String) -> Finding {
    Finding { good: false, text }
}
