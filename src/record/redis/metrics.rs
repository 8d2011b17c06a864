//! Windows, machines and alerts in Redis.

use std::collections::{BTreeMap, HashMap};

use ::redis::{Pipeline, Value, cmd};

use super::client::RedisStore;
use super::scripts::call;
use super::write::reply_words;
use crate::model::Status;
use crate::record::alert_log::{ALERTS_LENGTH, AlertChange, AlertEntry, AlertState};
use crate::record::metrics_store::MetricsStore;
use crate::record::operation::parse_word;
use crate::record::store::StoreFuture;
use crate::record::windows::{
    Gauges, MetricsWindow, NodeReport, OutcomeCounts, OutcomeSample, WindowLength, duration_bucket,
};
use crate::redis::{StoreError, StoreErrorKind};

/// How many outcomes one request reads, and one script counts.
const FOLD_PAGE: usize = 500;
/// The approximate number of outcomes that the buffer keeps if they are not read.
const BUFFER_LENGTH: usize = 1_000_000;
/// How long the state of a machine is kept, in seconds.
const NODE_LIFETIME: u64 = 300;

/// The counts of a project in a window, in the order of [`counts_of`].
const COUNTS: [&str; 8] = [
    "passed",
    "failed",
    "changed",
    "new",
    "skipped",
    "flaky",
    "ms",
    "durations",
];
/// The measurements of a window, in the order of [`gauges_of`].
const GAUGES: [&str; 5] = [
    "gauge/memory",
    "gauge/memory_limit",
    "gauge/evicted_before",
    "gauge/evicted",
    "gauge/journal_lag",
];

/// The fields of a stream's entry or of a hash.
type Fields = HashMap<String, String>;

impl RedisStore {
    /// Adds an outcome to the buffer. It comes before the operation that has it, so
    /// that no applied operation is missing in the windows.
    pub(super) fn add_to_buffer(&self, pipeline: &mut Pipeline, sample: &OutcomeSample) {
        let mut add = cmd("XADD");
        add.arg(self.keys.metrics_buffer())
            .arg("MAXLEN")
            .arg("~")
            .arg(BUFFER_LENGTH)
            .arg("*");
        add.arg("id").arg(&sample.id).arg("at").arg(sample.at);
        add.arg("project").arg(&sample.project);
        add.arg("status").arg(sample.status.as_str());
        add.arg("flaky").arg(u8::from(sample.flaky));
        if let Some(ms) = sample.duration_ms {
            add.arg("durationMs").arg(ms);
        }
        pipeline.add_command(add);
    }

    async fn fold(&self) -> Result<usize, StoreError> {
        let mut folded = 0;
        loop {
            let mut range = cmd("XRANGE");
            range.arg(self.keys.metrics_buffer()).arg("-").arg("+");
            range.arg("COUNT").arg(FOLD_PAGE);
            let entries: Vec<(String, Fields)> = self.query(range).await?;
            if entries.is_empty() {
                return Ok(folded);
            }
            let samples = entries.iter().filter_map(|(id, fields)| {
                let sample = sample_of(fields);
                if sample.is_none() {
                    let name = format_args!("the outcome {id} of the buffer");
                    self.skipped.add(name, "it is invalid");
                }
                sample
            });
            let samples: Vec<_> = samples.collect();
            if !samples.is_empty() {
                self.count_in_windows(&samples).await?;
            }
            let mut delete = cmd("XDEL");
            delete.arg(self.keys.metrics_buffer());
            for (id, _) in &entries {
                delete.arg(id);
            }
            let _: u64 = self.query(delete).await?;
            folded += samples.len();
        }
    }

    /// Counts outcomes in their windows. A window of another type is skipped.
    async fn count_in_windows(&self, samples: &[OutcomeSample]) -> Result<(), StoreError> {
        let mut windows: BTreeMap<(WindowLength, i64), Vec<&OutcomeSample>> = BTreeMap::new();
        for sample in samples {
            for length in WindowLength::ALL {
                let window = (length, length.start(sample.at));
                windows.entry(window).or_default().push(sample);
            }
        }
        let mut pipeline = ::redis::pipe();
        for ((length, start), samples) in &windows {
            let mut fold = call(&self.scripts.fold, &[&self.keys.window(*length, *start)]);
            fold.arg(length.expiry(*start));
            for sample in samples {
                let ms = sample.duration_ms;
                let text = |ms: Option<u64>| ms.map_or(String::new(), |ms| ms.to_string());
                fold.arg(&sample.id).arg(&sample.project);
                fold.arg(sample.status.as_str()).arg(text(ms));
                fold.arg(text(ms.map(duration_bucket)));
                fold.arg(u8::from(sample.flaky));
            }
            pipeline.add_command(fold);
        }
        let replies = self.send(pipeline.ignore_errors()).await?;
        for ((length, start), reply) in windows.keys().zip(replies) {
            let Err(error) = reply.map_err(StoreError::from) else {
                continue;
            };
            if error.kind != StoreErrorKind::WrongType {
                return Err(error);
            }
            let key = self.keys.window(*length, *start);
            self.skipped.add(format_args!("`{key}`"), error.message);
        }
        Ok(())
    }

    async fn read_windows(
        &self,
        project: &str,
        length: WindowLength,
        from: i64,
        to: i64,
    ) -> Result<Vec<MetricsWindow>, StoreError> {
        let mut starts = Vec::new();
        let mut start = length.start(from + length.ms() - 1);
        while start <= to {
            starts.push(start);
            start += length.ms();
        }
        if starts.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = ::redis::pipe();
        for start in &starts {
            let mut get = cmd("HMGET");
            get.arg(self.keys.window(length, *start));
            for name in COUNTS {
                get.arg(format!("{project}/{name}"));
            }
            get.arg(&GAUGES);
            pipeline.add_command(get);
        }
        let replies = self.send(pipeline.ignore_errors()).await?;
        let mut windows = Vec::new();
        for (start, reply) in starts.into_iter().zip(replies) {
            let values = match reply.map_err(StoreError::from) {
                Err(error) if error.kind == StoreErrorKind::WrongType => {
                    let key = self.keys.window(length, start);
                    self.skipped.add(format_args!("`{key}`"), error.message);
                    continue;
                }
                reply => texts(reply?),
            };
            if values.iter().any(Option::is_some) {
                let (counts, gauges) = values.split_at(COUNTS.len().min(values.len()));
                windows.push(MetricsWindow {
                    start,
                    counts: counts_of(counts),
                    gauges: gauges_of(gauges),
                });
            }
        }
        Ok(windows)
    }

    async fn write_node(&self, node: &NodeReport) -> Result<(), StoreError> {
        let key = self.keys.node(&node.host);
        let mut set = cmd("HSET");
        set.arg(&key).arg("cores").arg(node.cores);
        set.arg("journal_lag").arg(node.journal_lag);
        set.arg("last_seen").arg(self.time().await?);
        if let Some(load) = node.load {
            set.arg("load").arg(format!("{load:.3}"));
        }
        for (name, bytes) in [
            ("memory_available", node.memory_available),
            ("memory_total", node.memory_total),
        ] {
            if let Some(bytes) = bytes {
                set.arg(name).arg(bytes);
            }
        }
        let mut expire = cmd("EXPIRE");
        expire.arg(&key).arg(NODE_LIFETIME);
        let mut pipeline = ::redis::pipe();
        pipeline.add_command(set).add_command(expire);
        self.send_all(&mut pipeline).await
    }

    async fn read_nodes(&self, hosts: &[String]) -> Result<Vec<NodeReport>, StoreError> {
        let mut nodes = Vec::new();
        for host in hosts {
            let mut get = cmd("HGETALL");
            get.arg(self.keys.node(host));
            let fields: Fields = self.query(get).await?;
            if !fields.is_empty() {
                nodes.push(node_of(host, &fields));
            }
        }
        Ok(nodes)
    }

    async fn time(&self) -> Result<i64, StoreError> {
        let (seconds, micros): (i64, i64) = self.query(cmd("TIME")).await?;
        Ok(seconds * 1000 + micros / 1000)
    }

    async fn write_alert(&self, change: &AlertChange) -> Result<bool, StoreError> {
        let mut alert = call(&self.scripts.alert, &[&self.keys.alerts()]);
        alert.arg(ALERTS_LENGTH).arg(&change.project);
        alert.arg(&change.name).arg(change.state.as_str());
        alert.arg(change.at).arg(&change.when).arg(&change.value);
        let reply = reply_words(self.query(alert).await?)?;
        Ok(reply[0] == "OK")
    }

    async fn read_alerts(&self) -> Result<Vec<AlertEntry>, StoreError> {
        let mut range = cmd("XRANGE");
        range.arg(self.keys.alerts()).arg("-").arg("+");
        let entries: Vec<(String, Fields)> = self.query(range).await?;
        let entries = entries.into_iter().filter_map(|(id, fields)| {
            let change = change_of(&fields);
            if change.is_none() {
                self.skipped
                    .add(format_args!("the alert {id}"), "it is invalid");
            }
            Some(AlertEntry {
                id,
                change: change?,
            })
        });
        Ok(entries.collect())
    }
}

impl MetricsStore for RedisStore {
    fn server_time(&self) -> StoreFuture<'_, i64> {
        Box::pin(self.time())
    }

    fn fold_outcomes(&self) -> StoreFuture<'_, usize> {
        Box::pin(self.fold())
    }

    fn windows<'a>(
        &'a self,
        project: &'a str,
        length: WindowLength,
        from: i64,
        to: i64,
    ) -> StoreFuture<'a, Vec<MetricsWindow>> {
        Box::pin(self.read_windows(project, length, from, to))
    }

    fn note_gauges<'a>(&'a self, at: i64, gauges: &'a Gauges) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let start = WindowLength::Minute.start(at);
            let key = self.keys.window(WindowLength::Minute, start);
            let mut note = call(&self.scripts.gauges, &[&key]);
            note.arg(WindowLength::Minute.expiry(start));
            note.arg(gauges.memory).arg(gauges.memory_limit);
            note.arg(gauges.evicted).arg(gauges.journal_lag);
            let _: u64 = self.query(note).await?;
            Ok(())
        })
    }

    fn note_node<'a>(&'a self, node: &'a NodeReport) -> StoreFuture<'a, ()> {
        Box::pin(self.write_node(node))
    }

    fn nodes<'a>(&'a self, hosts: &'a [String]) -> StoreFuture<'a, Vec<NodeReport>> {
        Box::pin(self.read_nodes(hosts))
    }

    fn change_alert<'a>(&'a self, change: &'a AlertChange) -> StoreFuture<'a, bool> {
        Box::pin(self.write_alert(change))
    }

    fn alerts(&self) -> StoreFuture<'_, Vec<AlertEntry>> {
        Box::pin(self.read_alerts())
    }
}

fn sample_of(fields: &Fields) -> Option<OutcomeSample> {
    let status: Status = parse_word(fields.get("status")?)?;
    let duration = fields.get("durationMs").map(|ms| ms.parse());
    let sample = OutcomeSample {
        id: fields.get("id")?.clone(),
        at: fields.get("at")?.parse().ok()?,
        project: fields.get("project")?.clone(),
        status,
        duration_ms: duration.transpose().ok()?,
        flaky: fields.get("flaky").is_some_and(|flaky| flaky == "1"),
    };
    status.is_final().then_some(sample)
}

/// The values of a reply of `HMGET`.
fn texts(reply: Value) -> Vec<Option<String>> {
    ::redis::from_redis_value(reply).unwrap_or_default()
}

fn counts_of(values: &[Option<String>]) -> OutcomeCounts {
    let text = |at: usize| values.get(at).and_then(Option::as_deref);
    let number = |at: usize| text(at).and_then(|text| text.parse().ok()).unwrap_or(0);
    OutcomeCounts {
        passed: number(0),
        failed: number(1),
        changed: number(2),
        new: number(3),
        skipped: number(4),
        flaky: number(5),
        duration_ms: number(6),
        durations: OutcomeCounts::parse_durations(text(7).unwrap_or_default()),
    }
}

fn gauges_of(values: &[Option<String>]) -> Option<Gauges> {
    let number = |at: usize| values.get(at)?.as_deref()?.parse().ok();
    Some(Gauges {
        memory: number(0)?,
        memory_limit: number(1)?,
        evicted_before: number(2)?,
        evicted: number(3)?,
        journal_lag: number(4)?,
    })
}

fn node_of(host: &str, fields: &Fields) -> NodeReport {
    let text = |name: &str| fields.get(name).map(String::as_str);
    let number = |name: &str| text(name).and_then(|text| text.parse().ok());
    NodeReport {
        host: host.to_owned(),
        load: text("load").and_then(|load| load.parse().ok()),
        cores: number("cores").unwrap_or(0),
        memory_available: number("memory_available"),
        memory_total: number("memory_total"),
        journal_lag: number("journal_lag").unwrap_or(0),
        last_seen: text("last_seen")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
    }
}

fn change_of(fields: &Fields) -> Option<AlertChange> {
    let text = |name: &str| fields.get(name).cloned();
    Some(AlertChange {
        project: text("project")?,
        name: text("name")?,
        state: parse_word::<AlertState>(&text("state")?)?,
        at: text("at")?.parse().ok()?,
        when: text("when")?,
        value: text("value")?,
    })
}
