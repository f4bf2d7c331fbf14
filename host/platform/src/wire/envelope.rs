//! The envelope around every answer of POD (S3, S4).

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{json, object::Object};

/// An envelope as received. Either case of a field's first letter is read (S3 writes `Count`).
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// Did POD refuse?
    #[serde(rename = "hasError", alias = "HasError", default, deserialize_with = "json::flag")]
    pub has_error: bool,
    /// What POD's support asks for.
    #[serde(
        borrow,
        rename = "referenceNumber",
        alias = "ReferenceNumber",
        default,
        deserialize_with = "json::cow"
    )]
    pub reference_number: Option<Cow<'a, str>>,
    /// 0 where POD gives a message only.
    #[serde(
        rename = "errorCode",
        alias = "ErrorCode",
        default,
        deserialize_with = "json::optional_integer"
    )]
    pub error_code: Option<i32>,
    /// POD's message, in Persian.
    #[serde(borrow, alias = "Message", default, deserialize_with = "json::cow")]
    pub message: Option<Cow<'a, str>>,
    /// What the emulator adds of its own; POD has no such field.
    #[serde(borrow, default, deserialize_with = "json::cow")]
    pub explanation: Option<Cow<'a, str>>,
    /// What a fork of the emulator's takes as given, because nobody tells it: by the names that receipts
    /// know. POD has no such field, so whatever else stands there says nothing.
    #[serde(default, deserialize_with = "codes")]
    pub assumed: Vec<String>,
    /// All matches of a list, not only this page's.
    #[serde(alias = "Count", default, deserialize_with = "json::optional_integer")]
    pub count: Option<u64>,
    /// A fresh one-time token.
    #[serde(borrow, alias = "Ott", default, deserialize_with = "json::cow")]
    pub ott: Option<Cow<'a, str>>,
    /// The service's own answer, not read yet.
    #[serde(borrow, alias = "Result", default)]
    pub result: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads the body of an answer.
    ///
    /// # Errors
    /// If it is no JSON, no object, or none that is an envelope.
    pub fn read(body: &'a [u8]) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let envelope = Self::deserialize(Object(&mut reader))?;
        reader.end()?;
        Ok(envelope)
    }
}

/// So many things are assumed at most.
const MOST_ASSUMED: usize = 32;

/// Names such as `wallet-covers`.
fn codes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let sent = <&RawValue>::deserialize(deserializer)?;
    let codes: Vec<String> = serde_json::from_str(sent.get()).unwrap_or_default();
    let is_code = |code: &String| {
        code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    Ok(codes.into_iter().filter(is_code).take(MOST_ASSUMED).collect())
}

/// An envelope to send.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutgoingEnvelope {
    /// Does the platform refuse?
    pub has_error: bool,
    /// Always 0.
    pub message_id: i32,
    /// The platform's number for this call.
    pub reference_number: String,
    /// 0 if nothing is wrong.
    pub error_code: i32,
    /// What is wrong, in POD's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What else there is to say of it, in English. POD has no such field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// What a fork takes as given. POD has no such field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<&'static str>,
    /// All matches of a list.
    pub count: u64,
    /// A fresh one-time token.
    pub ott: String,
    /// The service's own answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<RawValue>>,
}
