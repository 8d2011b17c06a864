//! Resolves every environment variable, once, into one [`Config`].
//!
//! Nothing else in the product reads the environment: what other rooms need
//! they receive as values of this room. The environment beats the manifest,
//! which beats the defaults. An unknown value is an error that names the
//! variable and the choices; an empty value counts as unset.

mod artifact_location;
mod ci_branch;
mod error;
mod modes;
mod names;
mod overrides;
mod redis;
mod resolve;
mod secret;
mod share;
mod suggest;
mod system;
#[cfg(test)]
mod tests;
mod text_template;
mod traces;
mod variables;

pub use artifact_location::ArtifactLocation;
pub(crate) use error::ConfigError;
pub(crate) use modes::{CacheMode, LogLevel, UpdateMode};
pub(crate) use names::{BASE_URL, COORDINATOR};
pub(crate) use overrides::Overrides;
pub(crate) use redis::RedisServer;
pub use resolve::Config;
pub(crate) use resolve::RunConfig;
pub use secret::Secret;
pub use suggest::closest;
pub(crate) use system::{ProgramSearch, System};
pub(crate) use text_template::{TextTemplate, UnsetVariable};
pub(crate) use traces::TraceConfig;
#[cfg(feature = "otel")]
pub(crate) use traces::TraceParent;
pub use variables::Variables;
