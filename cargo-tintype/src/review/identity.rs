//! The identity of a review server: a random key in the project's state folder.
//!
//! Servers of other projects have other keys, so sessions are worth nothing to
//! them, even if they share a Redis server or a hostname.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use tintype::internals::config::Secret;
use tintype::internals::files;

const KEY_BYTES: usize = 32;

/// A random key that only this user can read.
pub(super) struct ServerIdentity([u8; KEY_BYTES]);

impl ServerIdentity {
    /// Reads `review/server.key` in the state folder, or creates it.
    pub(super) fn load(state_dir: &Path) -> Result<Self> {
        let path = state_dir.join("review/server.key");
        let read = || files::read(&path, KEY_BYTES as u64).ok();
        if let Some(key) = read().and_then(|bytes| bytes.try_into().ok()) {
            return Ok(Self(key));
        }
        let key = random()?;
        files::replace_privately(&path, &key)
            .with_context(|| format!("failed to write {}", path.display()))?;
        // Another process may have replaced it.
        let read = read().and_then(|bytes| bytes.try_into().ok());
        Ok(Self(read.unwrap_or(key)))
    }

    /// The public name of the server.
    pub(super) fn name(&self) -> String {
        let hash = blake3::derive_key("tintype review: name of the server", &self.0);
        hex(&hash[..8])
    }

    /// The key for sessions that users of this token have. Without a token, for
    /// sessions of the link.
    pub(super) fn session_key(&self, token: Option<&Secret>) -> SessionKey {
        let mut material = self.0.to_vec();
        material.push(u8::from(token.is_some()));
        material.extend_from_slice(token.map_or("", Secret::reveal).as_bytes());
        SessionKey(blake3::derive_key("tintype review: sessions", &material))
    }
}

/// Authenticates sessions of one server and one token.
pub(super) struct SessionKey([u8; KEY_BYTES]);

impl SessionKey {
    /// The authentication code of a session's id, in hexadecimal. Without the key
    /// it can be neither computed nor checked.
    pub(super) fn code(&self, id: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.0, id.as_bytes())
    }
}

/// A random id in hexadecimal.
pub(super) fn random_id() -> Result<String> {
    Ok(hex(&random()?))
}

fn random() -> Result<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("failed to get random bytes: {error}"))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_depend_on_the_server_and_on_the_token() {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [ours, theirs] = folders
            .each_ref()
            .map(|folder| ServerIdentity::load(folder.path()).unwrap());
        let token = |text: &str| Secret::new(text);
        let code = |identity: &ServerIdentity, token: Option<&str>| {
            let token = token.map(Secret::new);
            identity.session_key(token.as_ref()).code("id")
        };
        let good = code(&ours, Some("token"));
        assert_ne!(good, code(&theirs, Some("token")));
        assert_ne!(good, code(&ours, Some("another")));
        assert_ne!(good, code(&ours, None));
        assert_ne!(code(&ours, Some("")), code(&ours, None));
        let again = ServerIdentity::load(folders[0].path()).unwrap();
        assert_eq!(good, again.session_key(Some(&token("token"))).code("id"));
        assert_ne!(ours.name(), theirs.name());
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_private_and_never_written_through_a_link() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("review/server.key");
        let outside = folder.path().join("notes");
        std::fs::write(&outside, "precious").unwrap();
        std::fs::create_dir(folder.path().join("review")).unwrap();
        std::os::unix::fs::symlink(&outside, &key).unwrap();
        ServerIdentity::load(folder.path()).unwrap();
        assert_eq!(std::fs::read(&outside).unwrap(), b"precious");
        let found = std::fs::symlink_metadata(&key).unwrap();
        assert!(found.is_file());
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
    }
}
