//! The client: one request, one answer, within limits. It repeats nothing by itself.

use std::{any::Any, collections::HashMap, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::{
    Request, Row, Secret, Service, catalogue,
    service::{Effect, Product},
    types::{Doubt, Error, PlatformError},
    wire::{envelope::Envelope, form::Form},
};

const TOKEN: HeaderName = HeaderName::from_static("_token_");
const TOKEN_ISSUER: HeaderName = HeaderName::from_static("_token_issuer_");
const OTT: HeaderName = HeaderName::from_static("_ott_");

/// Which of POD's installations to talk to, or which local one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Platform {
    /// Where services are called, for example `https://api.pod.ir/srv/sc`.
    pub url: String,
    /// Which of a service's numbers to send.
    pub products: Products,
}

/// Which of a service's two numbers an installation knows it by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Products {
    /// Those of `api.pod.ir`; the local platform knows them, too.
    Production,
    /// Those of POD's own sandbox.
    Sandbox,
}

impl Platform {
    /// POD itself (S1).
    #[must_use]
    pub fn production() -> Self {
        Self::at("https://api.pod.ir/srv/sc")
    }

    /// POD's own sandbox. It offers no TLS.
    #[must_use]
    pub fn sandbox() -> Self {
        Self { url: "http://sandbox.pod.ir/srv/sc".into(), products: Products::Sandbox }
    }

    /// A platform at `url`, such as a local one.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into().trim_end_matches('/').to_owned(), products: Products::Production }
    }

    fn product(&self, product: Product) -> u32 {
        match self.products {
            Products::Production => product.production,
            Products::Sandbox => product.sandbox,
        }
    }
}

/// Whom a call acts for.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `_token_`: a business's API token or a user's access token.
    pub token: Secret,
    /// `scApiKey` by the service's POD name. A service without one is called without.
    pub api_keys: HashMap<String, Secret>,
}

impl Credentials {
    /// A token without API keys, which is enough for the local platform.
    pub fn token(token: impl Into<String>) -> Self {
        Self { token: Secret::new(token), api_keys: HashMap::new() }
    }
}

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To connect.
    pub connect: Duration,
    /// For the whole exchange, the answer's last byte included.
    pub total: Duration,
    /// The largest answer, in bytes.
    pub response_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            response_bytes: 16 * 1024 * 1024,
        }
    }
}

/// What a call cost on the wire, headers included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traffic {
    /// Calls sent.
    pub calls: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.bytes_up += other.bytes_up;
        self.bytes_down += other.bytes_down;
    }
}

/// POD's answer to one request.
#[derive(Debug)]
pub struct Answer {
    /// What POD's support asks for.
    pub reference_number: String,
    /// All matches of a list.
    pub count: u64,
    /// The envelope's `result`, as POD wrote it.
    pub result: Bytes,
    /// The same, read into the service's response type.
    pub value: Box<dyn Any + Send>,
}

/// What came of one exchange, and what it cost, whatever came of it.
#[derive(Debug)]
pub struct Exchange<T> {
    /// The cost.
    pub traffic: Traffic,
    /// What came of it.
    pub outcome: Result<T, Error>,
}

/// A client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS or the HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
    /// The platform's address is no URL.
    #[error("`{0}` is not the URL of a platform: expected http:// or https://")]
    Url(String),
}

/// Calls the services of one platform. Cheap to clone; connections are shared.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    platform: Platform,
    endpoint: url::Url,
    response_bytes: usize,
}

impl Client {
    /// A client for `platform`: TLS by rustls, no proxy, no redirects.
    ///
    /// # Errors
    /// If the platform's address is no URL, or TLS cannot be set up.
    pub fn new(platform: Platform, limits: Limits) -> Result<Self, ClientError> {
        // By itself first: in what is appended, a URL without a host would find one.
        let endpoint = url::Url::parse(&platform.url)
            .and_then(|_| url::Url::parse(&format!("{}/nzh/doServiceCall", platform.url)))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| ClientError::Url(platform.url.clone()))?;
        // Fails only if the program chose a provider of its own, which then serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .tcp_nodelay(true)
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self { http, platform, endpoint, response_bytes: limits.response_bytes })
    }

    /// Calls a service, with a one-time token of its own if it needs one.
    ///
    /// # Errors
    /// See [`Error`]; an argument that breaks a rule is refused before anything is sent.
    pub async fn call<S: Service>(
        &self,
        request: &S,
        credentials: &Credentials,
    ) -> Result<S::Response, Error> {
        let request = request.prepare().map_err(Error::InvalidArgument)?;
        let ott = match request.row.needs_ott {
            true => Some(self.ott(credentials).await.outcome?),
            false => None,
        };
        let answer =
            self.send(&request, credentials, ott.as_ref(), self.response_bytes).await.outcome?;
        match answer.value.downcast::<S::Response>() {
            Ok(value) => Ok(*value),
            Err(_) => unreachable!("`prepare` pairs a request with its own reader"),
        }
    }

    /// Gets a one-time token, which is good for one call.
    pub async fn ott(&self, credentials: &Credentials) -> Exchange<Secret> {
        let row = &catalogue::GET_OTT;
        let exchange =
            self.post(row, &Form::default(), credentials, None, self.response_bytes).await;
        let outcome = exchange.outcome.and_then(|body| {
            let envelope = open(row, &body)?;
            let ott = envelope.ott.filter(|ott| !ott.is_empty());
            ott.map(Secret::new).ok_or_else(|| {
                Error::Unavailable("getOtt answered without a one-time token".to_owned())
            })
        });
        Exchange { traffic: exchange.traffic, outcome }
    }

    /// The largest answer that this client accepts, in bytes.
    #[must_use]
    pub fn response_bytes(&self) -> usize {
        self.response_bytes
    }

    /// Sends a request once, and accepts an answer of `at_most` so many bytes.
    pub async fn send(
        &self,
        request: &Request,
        credentials: &Credentials,
        ott: Option<&Secret>,
        at_most: usize,
    ) -> Exchange<Answer> {
        let exchange = self.post(request.row, &request.form, credentials, ott, at_most).await;
        let outcome = exchange.outcome.and_then(|body| {
            let envelope = open(request.row, &body)?;
            let reference_number = envelope.reference_number.unwrap_or_default().into_owned();
            let result = envelope.result.map_or("null", |raw| raw.get());
            let count = envelope.count.unwrap_or_default();
            let value = (request.read)(count, result).map_err(|error| {
                failed(
                    request.row,
                    format!("{} answered what its documents do not say: {error}", request.row.name),
                    Some(reference_number.clone()),
                )
            })?;
            Ok(Answer {
                reference_number,
                count,
                result: if envelope.result.is_some() {
                    body.slice_ref(result.as_bytes())
                } else {
                    Bytes::from_static(b"null")
                },
                value,
            })
        });
        Exchange { traffic: exchange.traffic, outcome }
    }

    async fn post(
        &self,
        row: &'static Row,
        fields: &Form,
        credentials: &Credentials,
        ott: Option<&Secret>,
        at_most: usize,
    ) -> Exchange<Bytes> {
        let mut traffic = Traffic::default();
        let outcome = self.try_post(row, fields, credentials, ott, at_most, &mut traffic).await;
        Exchange { traffic, outcome }
    }

    async fn try_post(
        &self,
        row: &'static Row,
        fields: &Form,
        credentials: &Credentials,
        ott: Option<&Secret>,
        at_most: usize,
        traffic: &mut Traffic,
    ) -> Result<Bytes, Error> {
        let mut form = Form::default();
        form.push("scProductId", self.platform.product(row.product).to_string());
        if let Some(key) = credentials.api_keys.get(row.name) {
            form.push("scApiKey", key.expose());
        }
        for (name, value) in fields.iter() {
            form.push(name.to_owned(), value);
        }
        let body = form.encoded();
        let headers = headers(credentials, ott)?;

        traffic.calls = 1;
        traffic.bytes_up = (body.len() + header_bytes(&headers)) as u64;
        let request = self.http.post(self.endpoint.clone()).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                Error::Unavailable(format!(
                    "{} cannot be reached: {}",
                    self.platform.url,
                    root(&error)
                ))
            } else {
                failed(row, format!("{} did not answer: {}", row.name, root(&error)), None)
            }
        })?;

        traffic.bytes_down = header_bytes(response.headers()) as u64;
        let status = response.status();
        let mut body = BytesMut::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| {
                failed(row, format!("{}'s answer is cut off: {}", row.name, root(&error)), None)
            })?;
            let Some(chunk) = chunk else { break };
            traffic.bytes_down += chunk.len() as u64;
            if body.len() + chunk.len() > at_most {
                return Err(failed(
                    row,
                    format!("{} answered more than {at_most} bytes", row.name),
                    None,
                ));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(failed(row, format!("{} answered HTTP status {status}", row.name), None));
        }
        Ok(body.freeze())
    }
}

fn headers(credentials: &Credentials, ott: Option<&Secret>) -> Result<HeaderMap, Error> {
    let sensitive = |secret: &Secret| {
        let mut value = HeaderValue::from_str(secret.expose())
            .map_err(|_| Error::Unavailable("a token holds characters no header can".to_owned()))?;
        value.set_sensitive(true);
        Ok::<_, Error>(value)
    };
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(TOKEN, sensitive(&credentials.token)?);
    headers.insert(TOKEN_ISSUER, HeaderValue::from_static("1"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    if let Some(ott) = ott {
        headers.insert(OTT, sensitive(ott)?);
    }
    Ok(headers)
}

/// The envelope of a success, or the error that it says.
fn open<'a>(row: &'static Row, body: &'a Bytes) -> Result<Envelope<'a>, Error> {
    let envelope: Envelope<'a> = serde_json::from_slice(body).map_err(|error| {
        failed(row, format!("{}'s answer is not JSON: {error}", row.name), None)
    })?;
    if !envelope.has_error {
        return Ok(envelope);
    }
    let error = PlatformError::new(
        envelope.error_code.unwrap_or_default(),
        envelope.message.unwrap_or_default().into_owned(),
        envelope.reference_number.unwrap_or_default().into_owned(),
    );
    if error.is_outcome_unknown() {
        let reason = format!("{} answered {}, “{}”", row.name, error.code, error.message);
        return Err(failed(row, reason, Some(error.reference_number)));
    }
    Err(Error::Platform(error))
}

/// A failure after sending: a mutation may have taken effect, a read has none.
fn failed(row: &Row, reason: String, reference_number: Option<String>) -> Error {
    let reference_number = reference_number.filter(|number| !number.is_empty());
    match row.effect {
        Effect::Read => Error::Unavailable(match reference_number {
            Some(number) => format!("{reason}, reference number {number}"),
            None => reason,
        }),
        Effect::Mutation { .. } => Error::OutcomeUnknown(Doubt { reason, reference_number }),
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

/// The innermost cause says what happened; the layers around it repeat the address.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
