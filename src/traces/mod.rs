//! Exports OpenTelemetry traces of a run to a collector, with the feature `otel`.
//!
//! - `warnings`: tells at the start of a run what keeps traces from being exported.
//! - `spans`: the spans of a run and its snapshots.
//! - `collector`: sends requests to the collector.
//! - `queue`: sends spans in the background.
//! - `exporter`: turns events into spans, as a subscriber.

#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod queue;
#[cfg(feature = "otel")]
mod spans;
mod warnings;

use std::sync::Arc;

use crate::config::TraceConfig;
use crate::events::Bus;
use crate::manifest::Manifest;
use warnings::TraceWarnings;

/// Subscribes the export of traces, if the environment names a collector. Nothing of
/// it can fail or delay a run.
pub(crate) fn subscribe(bus: &Bus, config: &TraceConfig, manifest: &Manifest) {
    let mut problems = config.problems.clone();
    if config.is_on {
        problems.extend(start(bus, config, manifest).err());
    }
    if !problems.is_empty() {
        bus.subscribe(Arc::new(TraceWarnings::new(problems)));
    }
}

#[cfg(feature = "otel")]
fn start(bus: &Bus, config: &TraceConfig, manifest: &Manifest) -> Result<(), String> {
    // A trace that is not recorded gets no spans.
    if config.parent.is_some_and(|parent| !parent.is_sampled) {
        return Ok(());
    }
    let exporter = exporter::TraceExporter::start(config, manifest);
    let exporter = exporter.map_err(|reason| format!("traces are not exported: {reason}"))?;
    bus.subscribe(Arc::new(exporter));
    Ok(())
}

#[cfg(not(feature = "otel"))]
fn start(_: &Bus, _: &TraceConfig, _: &Manifest) -> Result<(), String> {
    Err(
        "traces are not exported: tintype lacks the feature `otel`; write \
         tintype = { version = \"…\", features = [\"otel\"] }, or unset \
         OTEL_EXPORTER_OTLP_ENDPOINT"
            .to_owned(),
    )
}
