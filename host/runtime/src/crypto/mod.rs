//! Digests, keys, seals and signatures.

pub(crate) mod artefact_key;
mod digest;
mod seal;
mod signature;

pub(crate) use artefact_key::ArtefactKey;
pub use digest::{Digest, NotADigest};
pub(crate) use seal::Seal;
pub use signature::{NotAKey, PublicKey, Signature, SigningKey, Unsigned};
