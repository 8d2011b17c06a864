//! Encrypts logins for storage in Redis.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::config::Secret;

/// The length of the nonce that precedes the ciphertext.
const NONCE: usize = 24;

/// Encrypts and decrypts logins with the key of `TINTYPE_LOGIN_KEY`.
#[derive(Clone)]
pub(super) struct LoginCipher {
    cipher: XChaCha20Poly1305,
    names: [u8; 32],
}

impl fmt::Debug for LoginCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginCipher(…)")
    }
}

impl LoginCipher {
    /// A cipher with this key.
    pub(super) fn new(key: &Secret) -> Self {
        let key = key.reveal();
        // Each purpose has its own derived key.
        let derived = |what: &str| blake3::derive_key(what, key.as_bytes());
        let cipher = derived("tintype 2026 log-in state, encryption");
        Self {
            cipher: XChaCha20Poly1305::new(&cipher.into()),
            names: derived("tintype 2026 log-in state, names"),
        }
    }

    /// A keyed hash of `secret`, used as its name.
    pub(super) fn name_of(&self, secret: &[u8]) -> String {
        blake3::keyed_hash(&self.names, secret).to_hex()[..32].to_owned()
    }

    /// Encrypts a value and binds it to its name. `None` only if the system has
    /// no randomness.
    pub(super) fn encrypt(&self, name: &str, clear: &[u8]) -> Option<Vec<u8>> {
        let nonce = XNonce::generate();
        let message = Payload {
            msg: clear,
            aad: name.as_bytes(),
        };
        let mut encrypted = nonce.to_vec();
        encrypted.extend(self.cipher.encrypt(&nonce, message).ok()?);
        Some(encrypted)
    }

    /// Decrypts a value with this name; `None` if the key, the name or the
    /// ciphertext is another.
    pub(super) fn decrypt(&self, name: &str, encrypted: &[u8]) -> Option<Vec<u8>> {
        let (nonce, message) = encrypted.split_first_chunk::<NONCE>()?;
        let message = Payload {
            msg: message,
            aad: name.as_bytes(),
        };
        self.cipher.decrypt(&XNonce::from(*nonce), message).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{LoginCipher, Secret};

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_the_same_key_and_name_decrypt() {
        let cipher = LoginCipher::new(&Secret::new(KEY));
        let encrypted = cipher.encrypt("name", b"session=swordfish").unwrap();
        assert!(!encrypted.windows(9).any(|part| part == b"swordfish"));
        assert_eq!(
            cipher.decrypt("name", &encrypted).unwrap(),
            b"session=swordfish"
        );
        assert_eq!(cipher.decrypt("other", &encrypted), None);
        let other = LoginCipher::new(&Secret::new(KEY.replace('0', "9")));
        assert_eq!(other.decrypt("name", &encrypted), None);
        for at in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[at] ^= 1;
            assert_eq!(cipher.decrypt("name", &changed), None, "byte {at}");
            assert_eq!(cipher.decrypt("name", &encrypted[..at]), None, "{at} bytes");
        }
        let again = cipher.encrypt("name", b"session=swordfish").unwrap();
        assert_ne!(encrypted, again, "every ciphertext has its own nonce");
        assert_ne!(cipher.name_of(b"a"), other.name_of(b"a"));
    }
}
