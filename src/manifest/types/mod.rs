//! The values of a manifest: resolved, and within their ranges.

mod alert;
mod browser;
mod budget;
mod budget_usage;
mod capture;
mod coordination;
mod credentials;
mod device;
mod host_port;
mod key_chord;
mod known_failure;
mod login;
mod manifest;
mod quarantine;
mod request_rule;
mod retention;
mod screen;
mod snapshot_selector;
mod source;
mod step;
mod story;
mod template;
mod theme;
mod tolerances;

pub use alert::AlertSettings;
pub(crate) use alert::{
    AlertCondition, AlertLimit, AlertMetric, AlertRule, ConditionError, Webhook, WebhookFormat,
};
pub(crate) use browser::{BrowserProxy, EngineSettings, ImageContents, ImageSettings};
pub use browser::{BrowserSettings, Container};
pub(crate) use budget::Budget;
pub use budget_usage::{BudgetUsage, budget_usage};
pub use capture::{CaptureSettings, Isolation, Network, PageErrors, Target, WaitFor};
pub(crate) use coordination::{Dependency, StoryLock};
pub(crate) use credentials::{CredentialTemplates, Credentials, CredentialsError};
pub use device::{Contrast, Device, Medium};
pub use host_port::HostPort;
pub(crate) use key_chord::KeyChord;
pub(crate) use known_failure::KnownFailure;
pub(crate) use login::{Login, LoginExpiry, LoginMethod};
pub use manifest::Manifest;
pub use quarantine::Quarantine;
pub(crate) use request_rule::{RequestAction, RequestRule, StubResponse, UrlPattern};
pub(crate) use retention::RetentionSettings;
pub use screen::Screen;
pub use snapshot_selector::SnapshotSelector;
pub(crate) use source::Source;
pub(crate) use step::Step;
pub use story::StorySpec;
pub(crate) use story::StorybookDetails;
pub(crate) use template::{BaselineTemplate, TemplateValues};
pub use theme::{ColorScheme, Theme};
pub(crate) use tolerances::Tolerances;
pub(super) use tolerances::{CompareLimits, CompareSettings};
