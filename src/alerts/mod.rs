//! Evaluates alert rules, and sends alerts to a webhook.
//!
//! - `measure`: measures what a rule is about, in the windows of the record.
//! - `evaluate`: raises and resolves alerts in the record.
//! - `payload`: an alert as Slack, Microsoft Teams or a program receives it.
//! - `notifier`: sends alerts in the background.
//! - `watch`: evaluates the rules during a run.

mod evaluate;
mod measure;
mod notifier;
mod payload;
mod watch;

pub use evaluate::{Evaluation, evaluate};
pub use notifier::Notifier;
pub(crate) use watch::AlertWatch;
