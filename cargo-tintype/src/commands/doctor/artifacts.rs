//! Checks the artifact store: whether objects can be written, read and deleted.

use tintype::internals::artifacts::{ArtifactStore, Outbox};
use tintype::internals::manifest::Manifest;

use super::check::Check;

const NAME: &str = "artifacts";

/// Checks the store, if there is one. Tests run without it too.
pub(super) fn check(manifest: &Manifest) -> Option<Check> {
    let location = manifest.artifacts.as_ref()?;
    let checked = ArtifactStore::open(location).and_then(|store| store.check());
    Some(match checked {
        Err(error) => {
            let text = error.to_string();
            let (found, advice) = text.split_once("\nhelp: ").unwrap_or((
                &text,
                "check the address, the variables of the provider and its permissions",
            ));
            Check::warning(NAME, found, advice)
        }
        Ok(()) => match Outbox::new(&manifest.state_dir()).pending().len() {
            0 => Check::good(NAME, format!("{location} can be read and written")),
            pending => Check::warning(
                NAME,
                format!("{location} can be read and written; {pending} artifacts wait"),
                "upload them with `cargo tintype flush`",
            ),
        },
    })
}
