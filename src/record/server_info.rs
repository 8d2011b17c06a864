//! The status of a Redis server, and warnings derived from it.

use std::collections::HashMap;

use serde::Serialize;

/// The status that a Redis server reports in `INFO` and `TIME`, which managed
/// services support too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// `redis` or `valkey`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The role: `master` or `slave`.
    pub role: String,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: String,
    /// Whether the append-only file is on.
    pub append_only: bool,
    /// Whether the last save succeeded.
    pub save_succeeded: bool,
    /// The time of the last save in seconds since the Unix epoch; 0 for never.
    pub last_save: u64,
    /// The eviction policy (`maxmemory-policy`).
    pub eviction_policy: String,
    /// The number of keys evicted because the memory was full.
    pub evicted_keys: u64,
    /// Memory in use, in bytes.
    pub used_memory: u64,
    /// The memory limit in bytes; 0 for none.
    pub max_memory: u64,
    /// How far its clock is ahead of this machine's, in milliseconds.
    pub clock_ahead: i64,
}

impl ServerInfo {
    /// Parses the reply of `INFO`. Missing fields stay empty.
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
            save_succeeded: text("rdb_last_bgsave_status") != "err"
                && text("aof_last_write_status") != "err",
            last_save: number("rdb_last_save_time"),
            eviction_policy: text("maxmemory_policy"),
            evicted_keys: number("evicted_keys"),
            used_memory: number("used_memory"),
            max_memory: number("maxmemory"),
            clock_ahead,
        }
    }

    /// Risks for the record: a sentence each, with a help text.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.eviction_policy.starts_with("allkeys") {
            warnings.push(format!(
                "the eviction policy of the Redis server is `{}`, so a full server drops records \
                 silently; set `maxmemory-policy noeviction`, or `volatile-lru` if caches share \
                 the server",
                self.eviction_policy
            ));
        }
        if self.evicted_keys > 0 {
            warnings.push(format!(
                "the Redis server has evicted {} keys because its memory was full, possibly \
                 records among them; raise `maxmemory` or run `cargo tintype prune`",
                self.evicted_keys
            ));
        }
        warnings
    }

    /// Possible improvements: a sentence each, with a help text.
    pub fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        let mut add = |when: bool, text: String| advice.extend(when.then_some(text));
        let major = self.version.split('.').next().and_then(|v| v.parse().ok());
        add(
            self.program == "redis" && major.is_some_and(|v: u32| v < 7),
            format!(
                "the server is Redis {}, but Redis 7.0 or later is required; upgrade it",
                self.version
            ),
        );
        add(
            self.role == "slave",
            "the server is a read-only replica; name the primary in REDIS_URL, or use \
             redis+sentinel://"
                .to_owned(),
        );
        add(
            !self.append_only,
            "the server has no append-only file, so what it loses can be restored only from the \
             journals of the machines that ran the tests; set `appendonly yes`"
                .to_owned(),
        );
        add(
            !self.save_succeeded,
            "the last save of the server failed; check its disk and its log".to_owned(),
        );
        add(
            self.max_memory > 0 && self.used_memory * 10 > self.max_memory * 9,
            format!(
                "the server uses {} of {} MB; raise `maxmemory` or run `cargo tintype prune`",
                self.used_memory >> 20,
                self.max_memory >> 20
            ),
        );
        add(
            self.clock_ahead.abs() > 5000,
            format!(
                "the clock of the server is {} ms {} the clock of this machine, which makes \
                 durations and the order of runs wrong; synchronise both with NTP",
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

#[cfg(test)]
mod tests {
    use super::ServerInfo;

    #[test]
    fn risks_and_improvements_are_reported() {
        let info = "# Server\r\nredis_version:6.2.1\r\nrole:slave\r\nmaxmemory_policy:allkeys-lru\r\n\
                    evicted_keys:7\r\nmaxmemory:1073741824\r\nused_memory:1063741824\r\n\
                    rdb_last_bgsave_status:err\r\n";
        let server = ServerInfo::from_info(info, -9000);
        let mut all = server.warnings();
        assert_eq!(all.len(), 2);
        all.extend(server.advice());
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn a_healthy_server_has_no_warnings() {
        let info = "redis_version:7.2.0\nrole:master\naof_enabled:1\n\
                    maxmemory_policy:noeviction\nrdb_last_bgsave_status:ok\n";
        let server = ServerInfo::from_info(info, 3);
        assert_eq!((server.warnings(), server.advice()), (vec![], vec![]));
    }
}
