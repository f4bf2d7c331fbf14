//! Entries and their binary form: one byte for the version of the form, then CBOR with numbered
//! fields. A field's number is for ever; a new field gets a new one.

use ::bytes::Bytes;
use minicbor::{Decode, Encode};

use super::Looks;
use crate::{crypto::Digest, grant::Amounts};

const VERSION: u8 = 1;

/// One entry of a run's journal.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub enum Entry {
    /// The run began.
    #[n(0)]
    Started(#[n(0)] Box<Started>),
    /// A mutation is about to begin. Durable before it does.
    #[n(1)]
    Intent(#[n(0)] Intent),
    /// What came of a call.
    #[n(2)]
    Outcome(#[n(0)] Outcome),
    /// What a decider answered.
    #[n(3)]
    Decided(#[n(0)] Decided),
    /// The run ended.
    #[n(4)]
    Finished(#[n(0)] Finished),
    /// The journal was found to be an older copy: the run may have gone further than it tells.
    #[n(5)]
    Restored(#[n(0)] Restored),
    /// A person decided what became of a call in doubt.
    #[n(6)]
    Settled(#[n(0)] Settled),
    /// The run was executed again and asked for something else than it had. It waits for a person.
    #[n(7)]
    Diverged(#[n(0)] Diverged),
    /// Looks at the clock, and random numbers.
    #[n(8)]
    Looks(#[n(0)] Looks),
}

/// What a run began with.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Started {
    /// The policy's name.
    #[n(0)]
    pub policy: String,
    /// The policy's version.
    #[n(1)]
    pub version: String,
    /// The world that it is run in.
    #[n(2)]
    pub world: String,
    /// The component that is run; for a script, the interpreter.
    #[n(3)]
    pub component: Digest,
    /// The script.
    #[n(4)]
    pub script: Option<Digest>,
    /// The account that it acts for.
    #[n(5)]
    pub account: String,
    /// JSON text.
    #[n(6)]
    pub input: String,
    /// The functions that are granted.
    #[n(7)]
    pub allowed: Vec<String>,
    /// The budget, as JSON text.
    #[n(8)]
    pub budget: String,
    /// The version of podhost.
    #[n(9)]
    pub host: String,
    /// Milliseconds since 1970.
    #[n(10)]
    pub at: u64,
    /// The platform's address. None: the one in the process, which ended with it.
    #[n(11)]
    pub platform: Option<String>,
    /// The account's business on the platform.
    #[n(12)]
    pub business: Option<u64>,
    /// The account's user on the platform.
    #[n(13)]
    pub user: Option<u64>,
    /// How it is run, as JSON text: what [`RunOptions`](crate::RunOptions) say beyond the input.
    #[n(14)]
    pub options: Option<String>,
    /// What was stated for the account, and by whom, as JSON text.
    #[n(15)]
    pub stated: Option<String>,
    /// The caller's own name for the run, by which it is begun once.
    #[n(16)]
    pub key: Option<String>,
    /// The digest of policy, input and options: what the key stands for.
    #[n(17)]
    pub request: Option<Digest>,
    /// The policy's files, below the store's folder `kept`.
    #[n(18)]
    pub kept: Option<String>,
    /// The functions whose repetition does no harm, says the operator.
    #[n(19)]
    pub repeatable: Option<Vec<String>>,
    /// The policy's entry as it was named when the run began.
    #[n(20)]
    pub entry: Option<String>,
    /// What its calls may name, as JSON text: [`Scope`](crate::Scope).
    #[n(21)]
    pub scope: Option<String>,
}

/// A mutation about to begin.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Intent {
    /// Counts the run's calls from 0.
    #[n(0)]
    pub step: u64,
    /// `interface.function`.
    #[n(1)]
    pub function: String,
    /// The form that is sent, without what is secret.
    #[n(2)]
    pub arguments: String,
    /// The digest of function and arguments.
    #[n(3)]
    pub call: Digest,
    /// How a doubt about it is settled.
    #[n(4)]
    pub effect_class: String,
    /// What is reserved from the budget.
    #[n(5)]
    pub reserved: Amounts,
    /// The invoice that is paid, if one is.
    #[n(6)]
    pub invoice: Option<u64>,
    /// Milliseconds since 1970.
    #[n(7)]
    pub at: u64,
    /// POD's name of the service.
    #[n(8)]
    pub service: String,
    /// What was so before the call, as JSON text: [`Before`](pod_platform::Before).
    #[n(9)]
    pub before: Option<String>,
    /// The rials that are reserved are a ceiling: nobody could read how many are at stake.
    #[n(13)]
    pub at_most: Option<bool>,
}

/// What came of a call.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Outcome {
    /// Counts the run's calls from 0.
    #[n(0)]
    pub step: u64,
    /// `interface.function`.
    #[n(1)]
    pub function: String,
    /// The digest of function and arguments.
    #[n(2)]
    pub call: Digest,
    /// The result, or the error.
    #[n(3)]
    pub recorded: Recorded,
    /// What POD's support asks for.
    #[n(4)]
    pub reference_number: Option<String>,
    /// What was used of the budget.
    #[n(5)]
    pub spent: Amounts,
    /// Milliseconds since 1970.
    #[n(6)]
    pub at: u64,
    /// All matches of a list.
    #[n(7)]
    pub count: Option<u64>,
    /// The form of a call that has no intent.
    #[n(8)]
    pub arguments: Option<String>,
    /// Of a call that was in doubt: what was read, and what was done about it.
    #[n(9)]
    pub evidence: Option<String>,
    /// What the call stored.
    #[n(10)]
    pub state: Option<StateChange>,
    /// Of a call that was in doubt, and is not any more: how it is known what came of it.
    #[n(11)]
    pub known_by: Option<KnownBy>,
    /// The rials that were used are a ceiling: nobody could read how many they were.
    #[n(12)]
    pub at_most: Option<bool>,
    /// It took effect, and waits for somebody's confirmation.
    #[n(13)]
    pub pending: Option<bool>,
    /// POD answered with what was there before the call: it changed nothing.
    #[n(14)]
    pub unchanged: Option<bool>,
}

/// How it is known what came of a call that was in doubt.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(index_only)]
pub enum KnownBy {
    /// POD answered when the call was sent again.
    #[n(0)]
    Answered,
    /// It was read: nothing else explains what the platform shows.
    #[n(1)]
    Read,
}

/// What a policy stored.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct StateChange {
    /// Under which key.
    #[n(0)]
    pub key: String,
    /// The text; none removes it.
    #[n(1)]
    pub value: Option<String>,
}

impl Outcome {
    /// Is it known what happened?
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.recorded, Recorded::Unknown(_))
    }
}

/// A call's result, as it is given to the guest again on a replay.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub enum Recorded {
    /// JSON text: POD's `result`, or the host function's.
    #[n(0)]
    Done(#[cbor(n(0), with = "bytes")] Bytes),
    /// JSON text of the contract's `error`. Nothing was done.
    #[n(1)]
    Refused(#[n(0)] String),
    /// JSON text of the contract's `error`. Nobody knows what was done.
    #[n(2)]
    Unknown(#[n(0)] String),
}

/// What a decider answered.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Decided {
    /// JSON text.
    #[n(0)]
    pub answer: String,
    /// Milliseconds since 1970.
    #[n(1)]
    pub at: u64,
    /// Units of fuel that it took.
    #[n(2)]
    pub fuel: Option<u64>,
    /// Bytes of linear memory at its peak.
    #[n(3)]
    pub memory_bytes: Option<u64>,
    /// What it logged, as JSON text.
    #[n(4)]
    pub log: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Finished {
    /// The receipt's status.
    #[n(0)]
    pub status: String,
    /// The output, as JSON text.
    #[n(1)]
    pub output: Option<String>,
    /// The error, as JSON text.
    #[n(2)]
    pub error: Option<String>,
    /// Units of fuel.
    #[n(3)]
    pub fuel: u64,
    /// Bytes of linear memory at its peak.
    #[n(4)]
    pub memory_bytes: u64,
    /// Milliseconds on the wall clock.
    #[n(5)]
    pub wall_ms: u64,
    /// Milliseconds since 1970.
    #[n(6)]
    pub at: u64,
    /// What the policy logged, as JSON text.
    #[n(7)]
    pub log: Option<String>,
}

/// A journal that was found to be an older copy.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Restored {
    /// When that was found, in milliseconds since 1970.
    #[n(0)]
    pub at: u64,
}

/// What a person decided of a call in doubt. A further one for the same call takes its place.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Settled {
    /// The call.
    #[n(0)]
    pub step: u64,
    /// Did it take effect?
    #[n(1)]
    pub happened: bool,
    /// POD's reference number, if the person found it.
    #[n(2)]
    pub reference_number: Option<String>,
    /// Why, in the person's words.
    #[n(3)]
    pub note: String,
    /// Milliseconds since 1970.
    #[n(4)]
    pub at: u64,
    /// Who decided. None, where nobody was asked for it.
    #[n(5)]
    pub by: Option<String>,
}

/// Where a run that was executed again left its journal.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Diverged {
    /// The call, counted from 0.
    #[n(0)]
    pub step: u64,
    /// The recorded function and arguments.
    #[n(1)]
    pub recorded: String,
    /// What was asked instead.
    #[n(2)]
    pub asked: String,
    /// Milliseconds since 1970.
    #[n(3)]
    pub at: u64,
}

/// Bytes as CBOR's byte string.
mod bytes {
    use ::bytes::Bytes;
    use minicbor::{Decoder, Encoder};

    pub fn encode<C, W: minicbor::encode::Write>(
        bytes: &Bytes,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(bytes)?.ok()
    }

    pub fn decode<C>(
        decoder: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Bytes, minicbor::decode::Error> {
        decoder.bytes().map(Bytes::copy_from_slice)
    }
}

/// Bytes that are no entry.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryError {
    /// Written by a version that this one does not know.
    #[error("the entry has form {0}; this podhost reads form {VERSION}")]
    Version(u8),
    /// Cut off or damaged.
    #[error("the entry is damaged: {0}")]
    Damaged(String),
}

impl EntryError {
    /// A name of the kind of error that stays as it is.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version(_) => "entry-of-another-version",
            Self::Damaged(_) => "entry-damaged",
        }
    }
}

/// The entry's binary form.
#[must_use]
pub fn encode(entry: &Entry) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    // Writing to a vector cannot fail.
    let _ = minicbor::encode(entry, &mut bytes);
    bytes
}

/// Reads an entry's binary form.
///
/// # Errors
/// If the bytes are no entry, not the whole of one, or more than one.
pub fn decode(bytes: &[u8]) -> Result<Entry, EntryError> {
    let (&version, body) =
        bytes.split_first().ok_or_else(|| EntryError::Damaged("it is empty".into()))?;
    if version != VERSION {
        return Err(EntryError::Version(version));
    }
    let mut decoder = minicbor::Decoder::new(body);
    let entry = decoder.decode().map_err(|error| EntryError::Damaged(error.to_string()))?;
    if decoder.position() != body.len() {
        return Err(EntryError::Damaged("something follows it".into()));
    }
    Ok(entry)
}
