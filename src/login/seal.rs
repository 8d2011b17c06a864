//! Encryption of what must not be read by whoever can read Redis.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// The variable that holds the key.
pub(super) const VARIABLE: &str = "TINTYPE_LOGIN_KEY";

/// The fewest characters of a key.
const LEAST: usize = 32;

/// How many bytes of nonce stand before what is sealed.
const NONCE: usize = 24;

/// A key that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment variable {VARIABLE} is too short for a key: it needs {LEAST} characters or \
     more (`openssl rand -hex 32` makes one)"
)]
pub struct KeyError;

/// What only those can open who have the same key.
#[derive(Clone)]
pub struct Seal {
    cipher: XChaCha20Poly1305,
    names: [u8; 32],
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    /// The seal of the key in `TINTYPE_LOGIN_KEY`; none where there is none.
    ///
    /// # Errors
    /// When it is too short to be a key.
    pub fn from_env() -> Result<Option<Self>, KeyError> {
        let key = std::env::var(VARIABLE).unwrap_or_default();
        (!key.is_empty()).then(|| Self::new(&key)).transpose()
    }

    /// The seal of a key.
    ///
    /// # Errors
    /// When it is too short to be one.
    pub fn new(key: &str) -> Result<Self, KeyError> {
        if key.chars().count() < LEAST {
            return Err(KeyError);
        }
        // Each use of the key has a key of its own.
        let derived = |what: &str| blake3::derive_key(what, key.as_bytes());
        let cipher = derived("tintype 2026 log-in state, encryption");
        Ok(Self {
            cipher: XChaCha20Poly1305::new(&cipher.into()),
            names: derived("tintype 2026 log-in state, names"),
        })
    }

    /// A name for something secret, which tells nothing of it.
    pub(super) fn name_of(&self, secret: &[u8]) -> String {
        blake3::keyed_hash(&self.names, secret).to_hex()[..32].to_owned()
    }

    /// Seals what stands under a name. None only where the system has no
    /// randomness.
    pub(super) fn seal(&self, name: &str, clear: &[u8]) -> Option<Vec<u8>> {
        let nonce = XNonce::generate();
        let message = Payload {
            msg: clear,
            aad: name.as_bytes(),
        };
        let mut sealed = nonce.to_vec();
        sealed.extend(self.cipher.encrypt(&nonce, message).ok()?);
        Some(sealed)
    }

    /// Opens what was sealed under this name; none where the key is another or
    /// somebody has changed it.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, message) = sealed.split_first_chunk::<NONCE>()?;
        let message = Payload {
            msg: message,
            aad: name.as_bytes(),
        };
        self.cipher.decrypt(&XNonce::from(*nonce), message).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Seal;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_the_same_key_under_the_same_name_opens() {
        let seal = Seal::new(KEY).unwrap();
        let sealed = seal.seal("name", b"session=swordfish").unwrap();
        assert!(!sealed.windows(9).any(|part| part == b"swordfish"));
        assert_eq!(seal.open("name", &sealed).unwrap(), b"session=swordfish");
        assert_eq!(seal.open("other", &sealed), None);
        let other = Seal::new(&KEY.replace('0', "9")).unwrap();
        assert_eq!(other.open("name", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open("name", &changed), None, "byte {at}");
            assert_eq!(seal.open("name", &sealed[..at]), None, "{at} bytes");
        }
        let again = seal.seal("name", b"session=swordfish").unwrap();
        assert_ne!(sealed, again, "each has a nonce of its own");
        assert_ne!(seal.name_of(b"a"), other.name_of(b"a"));
    }

    #[test]
    fn a_short_key_is_refused_with_a_way_to_make_one() {
        let error = Seal::new("secret").unwrap_err().to_string();
        assert!(error.contains("TINTYPE_LOGIN_KEY") && error.contains("openssl"));
        assert!(!error.contains("secret"));
    }
}
