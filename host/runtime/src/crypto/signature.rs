//! Signed receipts: ed25519 over a receipt's JSON, its fields in the order of their names and
//! without spaces, without the signature.

use std::{fmt, str::FromStr};

use pod_platform::Secret;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The operator's key, which signs receipts.
pub struct SigningKey(Ed25519KeyPair);

/// A key is wrong, or is none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAKey {
    /// It is not what `openssl genpkey -algorithm ed25519` prints.
    #[error(
        "this is no private ed25519 key in PEM; `openssl genpkey -algorithm ed25519` makes one"
    )]
    Private,
    /// It is not 64 hexadecimal digits.
    #[error("a public key is 64 hexadecimal digits")]
    Public,
}

impl NotAKey {
    /// A name of the kind of error that stays as it is.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Private => "not-a-private-key",
            Self::Public => "not-a-public-key",
        }
    }
}

impl SigningKey {
    /// Reads a key as `openssl genpkey -algorithm ed25519` writes it: PKCS#8 in PEM.
    ///
    /// # Errors
    /// If it is no such key.
    pub fn from_pem(pem: &Secret) -> Result<Self, NotAKey> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.expose().as_bytes())
            .map_err(|_| NotAKey::Private)?;
        // OpenSSL leaves the public half out.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der())
            .map(Self)
            .map_err(|_| NotAKey::Private)
    }

    /// The half that others check with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    /// Signs a receipt's JSON, which has no signature yet.
    pub(crate) fn sign_json(&self, receipt: Value) -> Signature {
        Signature {
            algorithm: ALGORITHM.into(),
            public_key: self.public_key().to_string(),
            value: hex(self.0.sign(&signed(receipt)).as_ref()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.public_key())
    }
}

const ALGORITHM: &str = "ed25519";

/// Who signed a receipt, and the signature; both in hexadecimal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Signature {
    /// `ed25519`
    pub algorithm: String,
    /// 32 bytes.
    pub public_key: String,
    /// 64 bytes.
    pub value: String,
}

/// A key that receipts are checked with, written in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PublicKey([u8; 32]);

/// Why a receipt does not count as signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsigned {
    /// It has no signature.
    #[error("the receipt is not signed")]
    NoSignature,
    /// Its signature is no signature.
    #[error("the receipt's signature cannot be read")]
    Malformed,
    /// Somebody else signed it.
    #[error("the receipt is signed with the key {0}, which is not the one expected")]
    AnotherKey(PublicKey),
    /// It was changed after it was signed.
    #[error("the receipt is not what was signed: it was changed")]
    Changed,
}

impl Unsigned {
    /// A name of the kind of error that stays as it is.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSignature => "no-signature",
            Self::Malformed => "malformed-signature",
            Self::AnotherKey(_) => "signed-with-another-key",
            Self::Changed => "changed-since-signed",
        }
    }
}

impl PublicKey {
    /// Who signed a receipt, which is JSON; if a key is expected, it must be that.
    ///
    /// # Errors
    /// If it is not signed, or not so.
    pub fn of_receipt(receipt: &Value, expected: Option<Self>) -> Result<Self, Unsigned> {
        let signature = receipt.get("signature").ok_or(Unsigned::NoSignature)?;
        let Signature { algorithm, public_key, value } =
            Signature::deserialize(signature).map_err(|_| Unsigned::Malformed)?;
        let key: Self = public_key.parse().map_err(|_| Unsigned::Malformed)?;
        let value = bytes::<64>(&value).ok_or(Unsigned::Malformed)?;
        if algorithm != ALGORITHM {
            return Err(Unsigned::Malformed);
        }
        if expected.is_some_and(|expected| expected != key) {
            return Err(Unsigned::AnotherKey(key));
        }
        let mut receipt = receipt.clone();
        if let Some(fields) = receipt.as_object_mut() {
            fields.remove("signature");
        }
        UnparsedPublicKey::new(&ED25519, key.0)
            .verify(&signed(receipt), &value)
            .map_err(|_| Unsigned::Changed)?;
        Ok(key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        bytes(text).map(Self).ok_or(NotAKey::Public)
    }
}

/// What is signed of a receipt.
fn signed(mut receipt: Value) -> Vec<u8> {
    receipt.sort_all_objects();
    receipt.to_string().into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes<const LENGTH: usize>(hex: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    if hex.len() != 2 * LENGTH || !hex.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
