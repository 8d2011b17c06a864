//! The address of an artifact store.

use std::fmt;

use url::Url;

use super::variables::Variables;

/// The schemes of the stores that can be used.
#[cfg(feature = "artifacts")]
const SCHEMES: [&str; 4] = ["file", "s3", "gs", "az"];

/// The address of an artifact store, with the variables that hold the
/// credentials for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactLocation {
    url: Url,
    variables: Variables,
}

impl ArtifactLocation {
    /// Reads an address such as `s3://bucket/prefix`. The error is a reason
    /// without the address.
    #[cfg(feature = "artifacts")]
    pub(crate) fn parse(text: &str, variables: &Variables) -> Result<Self, String> {
        const EXPECTED: &str = "expected `file:///…`, `s3://bucket/prefix`, `gs://bucket/prefix` or \
             `az://container/prefix`";
        let url = Url::parse(text).map_err(|error| format!("{error}: {EXPECTED}"))?;
        if !SCHEMES.contains(&url.scheme()) {
            return Err(format!(
                "the scheme `{}` is not supported: {EXPECTED}",
                url.scheme()
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "it contains credentials\nhelp: remove them, and set the variables of the \
                 provider, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned(),
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("it has a query or a fragment: {EXPECTED}"));
        }
        let is_file = url.scheme() == "file";
        if is_file == url.host_str().is_some_and(|host| !host.is_empty()) {
            let problem = match is_file {
                true => "a `file:` address has three slashes",
                false => "the name of the bucket is missing",
            };
            return Err(format!("{problem}: {EXPECTED}"));
        }
        Ok(Self {
            url,
            variables: variables.clone(),
        })
    }

    /// Refuses every address, as this build has no artifact store.
    #[cfg(not(feature = "artifacts"))]
    pub(crate) fn parse(_text: &str, _variables: &Variables) -> Result<Self, String> {
        Err("an artifact store needs the cargo feature `artifacts`\n\
             help: enable it in Cargo.toml: tintype = { version = \"…\", features = \
             [\"artifacts\"] }"
            .to_owned())
    }

    /// The address.
    #[cfg(feature = "artifacts")]
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The variables of the process whose names begin with `prefix`.
    #[cfg(feature = "artifacts")]
    pub(crate) fn variables(&self, prefix: &str) -> Vec<(String, String)> {
        let names = self.variables.names();
        let names = names.filter(|name| name.starts_with(prefix));
        names
            .filter_map(|name| Some((name.to_owned(), self.variables.text(name)?.to_owned())))
            .collect()
    }
}

impl fmt::Display for ArtifactLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

#[cfg(all(test, feature = "artifacts"))]
mod tests {
    use super::ArtifactLocation;
    use crate::config::Variables;

    fn parse(text: &str) -> Result<String, String> {
        let location = ArtifactLocation::parse(text, &Variables::default());
        location.map(|location| location.to_string())
    }

    #[test]
    fn addresses_of_each_provider_are_read() {
        for address in [
            "file:///var/artifacts",
            "s3://bucket",
            "s3://bucket/a/b",
            "gs://bucket/a",
            "az://container/a",
        ] {
            assert_eq!(parse(address).unwrap(), address);
        }
    }

    #[test]
    fn other_addresses_are_refused_without_showing_them() {
        for (address, reason) in [
            ("artifacts", "relative URL without a base"),
            ("https://a/b", "the scheme `https` is not supported"),
            ("s3:///a", "the name of the bucket is missing"),
            ("file://host/a", "has three slashes"),
            ("s3://key:hunter2secret@bucket", "contains credentials"),
            ("s3://bucket?x=hunter2secret", "a query"),
        ] {
            let error = parse(address).unwrap_err();
            assert!(error.contains(reason), "{address}: {error}");
            assert!(!error.contains("hunter2secret"), "{error}");
        }
    }
}

#[cfg(all(test, not(feature = "artifacts")))]
mod tests_without_a_store {
    use super::ArtifactLocation;
    use crate::config::Variables;

    #[test]
    fn an_address_names_the_feature_that_it_needs() {
        let error = ArtifactLocation::parse("s3://bucket", &Variables::default()).unwrap_err();
        assert!(
            error.contains("needs the cargo feature `artifacts`"),
            "{error}"
        );
        assert!(error.contains("features = [\"artifacts\"]"), "{error}");
    }
}
