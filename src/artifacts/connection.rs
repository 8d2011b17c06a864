//! Makes the client of a provider.

use std::error::Error;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::error::ArtifactError;
use crate::config::ArtifactLocation;
use crate::redact;

/// The client of the store, and the prefix of its objects. Nothing is sent yet.
pub(super) fn connect(
    location: &ArtifactLocation,
) -> Result<(Arc<dyn ObjectStore>, Path), ArtifactError> {
    let opened = open(location).map_err(|error| ArtifactError::Settings {
        store: location.to_string(),
        reason: redact::redact(&error.to_string()).into_owned(),
    })?;
    let prefix = match location.url().scheme() {
        "file" => Path::default(),
        _ => {
            Path::from_url_path(location.url().path()).map_err(|error| ArtifactError::Settings {
                store: location.to_string(),
                reason: error.to_string(),
            })?
        }
    };
    Ok((opened, prefix))
}

fn open(location: &ArtifactLocation) -> Result<Arc<dyn ObjectStore>, Box<dyn Error>> {
    let url = location.url();
    // The first library that asks decides; `tls` chooses the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(match url.scheme() {
        "s3" => {
            let (options, is_plain) = options(location, "AWS_", "AWS_ENDPOINT");
            let builder = AmazonS3Builder::new()
                .with_client_options(client(is_plain))
                .with_retry(retry())
                .with_url(url.as_str());
            let set = |builder: AmazonS3Builder, (key, value): (AmazonS3ConfigKey, String)| {
                builder.with_config(key, value)
            };
            Arc::new(known(options).fold(builder, set).build()?)
        }
        "gs" => {
            let (options, is_plain) = options(location, "GOOGLE_", "GOOGLE_BASE_URL");
            let builder = GoogleCloudStorageBuilder::new()
                .with_client_options(client(is_plain))
                .with_retry(retry())
                .with_url(url.as_str());
            let set = |builder: GoogleCloudStorageBuilder,
                       (key, value): (GoogleConfigKey, String)| {
                builder.with_config(key, value)
            };
            Arc::new(known(options).fold(builder, set).build()?)
        }
        "az" => {
            let (options, is_plain) = options(location, "AZURE_", "AZURE_STORAGE_ENDPOINT");
            let builder = MicrosoftAzureBuilder::new()
                .with_client_options(client(is_plain))
                .with_retry(retry())
                .with_url(url.as_str());
            let set = |builder: MicrosoftAzureBuilder, (key, value): (AzureConfigKey, String)| {
                builder.with_config(key, value)
            };
            Arc::new(known(options).fold(builder, set).build()?)
        }
        _ => {
            let folder = url
                .to_file_path()
                .map_err(|()| "the address is not a path of this system")?;
            std::fs::create_dir_all(&folder)?;
            Arc::new(LocalFileSystem::new_with_prefix(folder)?)
        }
    })
}

/// The variables of a provider, and whether its endpoint is plain HTTP. Keeps
/// the secrets among them out of messages.
fn options(
    location: &ArtifactLocation,
    prefix: &str,
    endpoint: &str,
) -> (Vec<(String, String)>, bool) {
    let options = location.variables(prefix);
    for (name, value) in &options {
        let is_secret = ["SECRET", "TOKEN", "KEY", "SAS", "PASSWORD"]
            .iter()
            .any(|word| name.contains(word));
        if is_secret && !name.ends_with("_FILE") && !name.ends_with("_ID") {
            redact::register(value);
        }
    }
    let is_plain = options
        .iter()
        .any(|(name, value)| name.starts_with(endpoint) && value.starts_with("http://"));
    (options, is_plain)
}

/// The variables that the client knows, by key.
fn known<K: FromStr>(options: Vec<(String, String)>) -> impl Iterator<Item = (K, String)> {
    let parsed = options.into_iter().map(|(name, value)| {
        let key = name.to_ascii_lowercase().parse().ok()?;
        Some((key, value))
    });
    parsed.flatten()
}

/// A store that is unavailable is noticed soon, as pictures wait in the outbox.
fn client(is_plain: bool) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(is_plain)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(Duration::from_secs(60))
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: 2,
        retry_timeout: Duration::from_secs(10),
    }
}
