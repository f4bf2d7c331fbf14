//! Secrets that merchants' servers want: the host writes them into headers, and takes them out of
//! whatever comes back.

use std::collections::{BTreeMap, BTreeSet};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use pod_platform::{Secret, types};
use reqwest::header::HeaderValue;
use url::Url;

use crate::{
    contract::{Header, HttpResponse},
    grant::UrlPattern,
};

/// What stands where a secret stood.
const HIDDEN: &[u8] = b"***";

/// How many letters of Base64 there are at least of a secret that is hidden within a longer text:
/// fewer stand in many a text by chance.
const BASE64_LETTERS: usize = 8;

/// A secret, and where it may be sent.
#[derive(Clone, Debug)]
pub struct HttpSecret {
    /// The secret.
    pub value: Secret,
    /// The URLs that it is for.
    pub urls: BTreeSet<UrlPattern>,
}

/// A policy's secrets, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct HttpSecrets(pub BTreeMap<String, HttpSecret>);

impl HttpSecrets {
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The secret, if it is for this URL.
    pub fn value(&self, name: &str, url: &Url) -> Option<&HttpSecret> {
        let secret = self.0.get(name)?;
        secret.urls.iter().any(|pattern| pattern.matches_url(url)).then_some(secret)
    }
}

impl HttpSecret {
    /// A header's value; none, if it would be none.
    pub(super) fn after(&self, prefix: &str) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", self.value.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Hides secrets in what comes back.
#[derive(Default)]
pub(super) struct Veil(Vec<Vec<u8>>);

impl Veil {
    /// Hides a secret from now on: as it is, and as servers would show it.
    pub fn hide(&mut self, secret: &HttpSecret, prefix: &str) {
        let value = secret.value.expose();
        let whole = format!("{prefix}{value}");
        let mut forms = vec![value.to_owned(), percent_encoded(value)];
        for text in [value, &whole] {
            forms.extend([
                BASE64_STANDARD.encode(text),
                BASE64_STANDARD_NO_PAD.encode(text),
                BASE64_URL_SAFE.encode(text),
                BASE64_URL_SAFE_NO_PAD.encode(text),
            ]);
        }
        for before in 0..3 {
            let inner = within_base64(value, before);
            if inner.len() >= BASE64_LETTERS {
                forms.extend([inner.replace('+', "-").replace('/', "_"), inner]);
            }
        }
        if let Ok(json) = serde_json::to_string(value) {
            forms.push(json.trim_matches('"').to_owned());
        }
        self.0.extend(forms.into_iter().map(String::into_bytes));
        // Of two that begin alike, the longer is taken out first.
        self.0.sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.0.dedup();
    }

    pub fn over(&self, response: HttpResponse) -> HttpResponse {
        if self.0.is_empty() {
            return response;
        }
        let header = |Header { name, value }: Header| Header {
            name: self.over_name(name),
            value: self.over_text(value),
        };
        HttpResponse {
            headers: response.headers.into_iter().map(header).collect(),
            body: self.over_bytes(response.body),
            ..response
        }
    }

    pub fn over_error(&self, error: types::Error) -> types::Error {
        match error {
            types::Error::Unavailable(reason) => types::Error::Unavailable(self.over_text(reason)),
            types::Error::OutcomeUnknown(doubt) => types::Error::OutcomeUnknown(types::Doubt {
                reason: self.over_text(doubt.reason),
                ..doubt
            }),
            types::Error::Denied(denial) => types::Error::Denied(types::Denial {
                reason: self.over_text(denial.reason),
                ..denial
            }),
            other => other,
        }
    }

    /// A header's name, which comes in small letters.
    fn over_name(&self, name: String) -> String {
        let shown = |form: &Vec<u8>| {
            !form.is_empty()
                && memchr::memmem::find(name.as_bytes(), &form.to_ascii_lowercase()).is_some()
        };
        if self.0.iter().any(shown) { String::from_utf8_lossy(HIDDEN).into_owned() } else { name }
    }

    fn over_text(&self, text: String) -> String {
        String::from_utf8_lossy(&self.over_bytes(text.into_bytes())).into_owned()
    }

    fn over_bytes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        for form in self.0.iter().filter(|form| !form.is_empty()) {
            bytes = replaced(&bytes, form);
        }
        bytes
    }
}

/// What a text is in the Base64 of a longer one, where so many bytes stand before it, but for the
/// letters that depend on its neighbours.
fn within_base64(text: &str, before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text.as_bytes());
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    BASE64_STANDARD_NO_PAD.encode(bytes)[first..end].to_owned()
}

fn percent_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn replaced(bytes: &[u8], form: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, form) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(HIDDEN);
        rest = &rest[at + form.len()..];
    }
    out.extend_from_slice(rest);
    out
}
