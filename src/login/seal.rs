//! Encryption of what must not be read by whoever can read Redis.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::config::Secret;

/// How many bytes of nonce stand before what is sealed.
const NONCE: usize = 24;

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
    /// The seal of a key.
    pub fn new(key: &Secret) -> Self {
        let key = key.reveal();
        // Each use of the key has a key of its own.
        let derived = |what: &str| blake3::derive_key(what, key.as_bytes());
        let cipher = derived("tintype 2026 log-in state, encryption");
        Self {
            cipher: XChaCha20Poly1305::new(&cipher.into()),
            names: derived("tintype 2026 log-in state, names"),
        }
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
    use super::{Seal, Secret};

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_the_same_key_under_the_same_name_opens() {
        let seal = Seal::new(&Secret::new(KEY));
        let sealed = seal.seal("name", b"session=swordfish").unwrap();
        assert!(!sealed.windows(9).any(|part| part == b"swordfish"));
        assert_eq!(seal.open("name", &sealed).unwrap(), b"session=swordfish");
        assert_eq!(seal.open("other", &sealed), None);
        let other = Seal::new(&Secret::new(KEY.replace('0', "9")));
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
}
