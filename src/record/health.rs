//! How the server is, and what its owner should know.

use std::collections::HashMap;
use std::fmt::Write;

use serde::Serialize;

/// Whether the record can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Whether it answered.
    pub healthy: bool,
    /// How long the answer took, in milliseconds.
    pub response_time: u64,
}

/// What a server tells of itself. All of it comes from `INFO` and `TIME`,
/// which managed services answer, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerFacts {
    /// `redis` or `valkey`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// `master` or `slave`, in the server's words.
    pub role: String,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: String,
    /// Whether every change is appended to a file.
    pub append_only: bool,
    /// Whether the last save went well.
    pub saved_well: bool,
    /// When it was last saved, in seconds since the Unix epoch; 0 for never.
    pub last_save: u64,
    /// What it drops when its memory is full.
    pub eviction_policy: String,
    /// How many keys it has dropped for want of memory.
    pub evicted_keys: u64,
    /// Bytes in use.
    pub used_memory: u64,
    /// Bytes it may use; 0 for no limit.
    pub max_memory: u64,
    /// Its clock less ours, in milliseconds.
    pub clock_ahead: i64,
}

impl ServerFacts {
    /// Reads the answer of `INFO`. What a server keeps to itself stays empty.
    pub fn from_info(info: &str, clock_ahead: i64) -> Self {
        let fields: HashMap<_, _> = info
            .lines()
            .filter_map(|line| line.trim_end().split_once(':'))
            .collect();
        let text = |name: &str| fields.get(name).copied().unwrap_or_default().to_owned();
        let number = |name: &str| text(name).parse().unwrap_or_default();
        let valkey = text("valkey_version");
        let is_valkey = !valkey.is_empty();
        Self {
            program: if is_valkey { "valkey" } else { "redis" }.to_owned(),
            version: if is_valkey {
                valkey
            } else {
                text("redis_version")
            },
            role: text("role"),
            mode: text("redis_mode"),
            append_only: text("aof_enabled") == "1",
            saved_well: text("rdb_last_bgsave_status") != "err"
                && text("aof_last_write_status") != "err",
            last_save: number("rdb_last_save_time"),
            eviction_policy: text("maxmemory_policy"),
            evicted_keys: number("evicted_keys"),
            used_memory: number("used_memory"),
            max_memory: number("maxmemory"),
            clock_ahead,
        }
    }

    /// What threatens the record, one sentence each, with what to do.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.eviction_policy.starts_with("allkeys") {
            warnings.push(format!(
                "the server's eviction policy is `{}`, under which a full server drops records \
                 in silence: set `maxmemory-policy noeviction`, or `volatile-lru` where caches \
                 share the server",
                self.eviction_policy
            ));
        }
        if self.evicted_keys > 0 {
            warnings.push(format!(
                "the server has dropped {} keys for want of memory, records may be among them: \
                 raise `maxmemory` or run `cargo tintype prune`",
                self.evicted_keys
            ));
        }
        warnings
    }

    /// What else could be better, one sentence each, with what to do.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        let mut say = |when: bool, text: String| advice.extend(when.then_some(text));
        let major = self.version.split('.').next().and_then(|v| v.parse().ok());
        say(
            self.program == "redis" && major.is_some_and(|v: u32| v < 7),
            format!(
                "the server is Redis {}, Tintype's scripts need 7.0 or later: upgrade it",
                self.version
            ),
        );
        say(
            self.role == "slave",
            "the server is a replica and takes no records: name the primary, or use \
             redis+sentinel://"
                .to_owned(),
        );
        say(
            !self.append_only,
            "the server keeps no append-only file: what it loses is sent again from journals, \
             as long as the machines that hold them live; `appendonly yes` is safer"
                .to_owned(),
        );
        say(
            !self.saved_well,
            "the server's last save failed: look at its disk and its log".to_owned(),
        );
        say(
            self.max_memory > 0 && self.used_memory * 10 > self.max_memory * 9,
            format!(
                "the server uses {} of {} MB: raise `maxmemory` or run `cargo tintype prune`",
                self.used_memory >> 20,
                self.max_memory >> 20
            ),
        );
        say(
            self.clock_ahead.abs() > 5000,
            format!(
                "the server's clock is {} ms {} this machine's: durations and order in the \
                 record suffer; let both follow NTP",
                self.clock_ahead.abs(),
                if self.clock_ahead > 0 {
                    "ahead of"
                } else {
                    "behind"
                }
            ),
        );
        advice
    }
}

/// Numbers for Prometheus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    lines: String,
}

impl Metrics {
    /// Adds a number with its name, `counter` or `gauge`, and what it counts.
    pub fn add(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        let _ = writeln!(
            self.lines,
            "# HELP tintype_{name} {help}\n# TYPE tintype_{name} {kind}\ntintype_{name} {value}"
        );
    }

    /// The text exposition format.
    pub fn text(&self) -> &str {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::ServerFacts;

    #[test]
    fn a_server_that_drops_records_is_told_of() {
        let info = "# Server\r\nredis_version:6.2.1\r\nrole:slave\r\nmaxmemory_policy:allkeys-lru\r\n\
                    evicted_keys:7\r\nmaxmemory:1073741824\r\nused_memory:1063741824\r\n\
                    rdb_last_bgsave_status:err\r\n";
        let facts = ServerFacts::from_info(info, -9000);
        let mut all = facts.warnings();
        assert_eq!(all.len(), 2);
        all.extend(facts.advice());
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn a_server_in_good_order_needs_no_word() {
        let info = "redis_version:7.2.0\nrole:master\naof_enabled:1\n\
                    maxmemory_policy:noeviction\nrdb_last_bgsave_status:ok\n";
        let facts = ServerFacts::from_info(info, 3);
        assert_eq!((facts.warnings(), facts.advice()), (vec![], vec![]));
    }
}
