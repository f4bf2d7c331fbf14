//! One-time tokens on the disk: sealed with a key that is derived from the account's token, which
//! is never there. Whoever has the journal alone can open none.

use pod_platform::Secret;
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};

use crate::error::Error;

/// Seals the one-time tokens of one run.
pub(crate) struct Seal(LessSafeKey);

impl Seal {
    /// The seal of a run for the account with this token.
    pub fn of(run: &str, token: &Secret) -> Result<Self, Error> {
        let unusable = |_| Error::Engine("a one-time token's seal cannot be made".into());
        let key = Salt::new(HKDF_SHA256, run.as_bytes()).extract(token.expose().as_bytes());
        let key = key.expand(&[b"podhost one-time token"], &CHACHA20_POLY1305).map_err(unusable)?;
        Ok(Self(LessSafeKey::new(UnboundKey::from(key))))
    }

    /// Seals the one-time token of a step. There is one for each step, so no nonce comes twice.
    pub fn seal(&self, step: u64, ott: &Secret) -> Result<Vec<u8>, Error> {
        let mut bytes = ott.expose().as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(nonce(step), Aad::empty(), &mut bytes)
            .map_err(|_| Error::Engine("a one-time token cannot be sealed".into()))?;
        Ok(bytes)
    }

    /// Opens what was sealed for a step; none, if the account has another token now.
    pub fn open(&self, step: u64, mut sealed: Vec<u8>) -> Option<Secret> {
        let opened = self.0.open_in_place(nonce(step), Aad::empty(), &mut sealed).ok()?;
        std::str::from_utf8(opened).ok().map(Secret::new)
    }
}

fn nonce(step: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&step.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_token_opens_it() {
        let ours = Seal::of("run", &Secret::new("token")).expect("a seal");
        let sealed = ours.seal(3, &Secret::new("one-time")).expect("it is sealed");
        assert!(!String::from_utf8_lossy(&sealed).contains("one-time"));
        assert_eq!(ours.open(3, sealed.clone()), Some(Secret::new("one-time")));
        assert_eq!(ours.open(4, sealed.clone()), None);
        for (run, token) in [("run", "another"), ("another", "token")] {
            let other = Seal::of(run, &Secret::new(token)).expect("a seal");
            assert_eq!(other.open(3, sealed.clone()), None);
        }
    }
}
