//! POD's wire format: forms out, JSON envelopes back. Used by the client and by the emulator,
//! so that both speak the same.

pub mod envelope;
pub mod form;
pub mod json;
pub mod lenient;
pub mod object;
