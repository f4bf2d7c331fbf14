//! The client: one request, one answer, within limits. It repeats nothing by itself.

use std::{any::Any, borrow::Cow, collections::HashMap, fmt, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    multipart::{self, Part},
};

use crate::{
    Clock, Request, Row, Secret, Service, SystemClock, catalogue,
    error::explained,
    files::FileContent,
    service::{Effect, Product, Reader, Route, Verb},
    types::{Doubt, Error, PlatformError},
    wire::{
        envelope::Envelope,
        form::{Fields, Form, FormValue},
    },
};

const TOKEN: HeaderName = HeaderName::from_static("_token_");
const TOKEN_ISSUER: HeaderName = HeaderName::from_static("_token_issuer_");
const OTT: HeaderName = HeaderName::from_static("_ott_");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Which of POD's installations to talk to, or which local one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Platform {
    /// Where services are called, for example `https://api.pod.ir/srv/sc`.
    pub url: String,
    /// Where payers pay, for example `https://pay.pod.ir`.
    pub pay_url: String,
    /// Where files are kept, for example `https://core.pod.ir`.
    pub file_url: String,
    /// Which of a service's numbers to send.
    pub products: Products,
}

/// Which of a service's two numbers an installation knows it by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Products {
    /// Those of `api.pod.ir`; the emulator knows them, too.
    Production,
    /// Those of POD's own sandbox.
    Sandbox,
}

impl Platform {
    /// POD itself (S1, S2).
    #[must_use]
    pub fn production() -> Self {
        Self {
            url: "https://api.pod.ir/srv/sc".into(),
            pay_url: "https://pay.pod.ir".into(),
            file_url: "https://core.pod.ir".into(),
            products: Products::Production,
        }
    }

    /// POD's own sandbox (S3). Its services and files offer no TLS.
    #[must_use]
    pub fn sandbox() -> Self {
        Self {
            url: "http://sandbox.pod.ir/srv/sc".into(),
            pay_url: "https://sandbox.pod.ir:1033".into(),
            file_url: "http://sandbox.pod.ir:8080".into(),
            products: Products::Sandbox,
        }
    }

    /// A platform at `url`, such as a local one, which has its payment pages and its files at the
    /// same origin.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        let url = url.into().trim_end_matches('/').to_owned();
        let origin = match url::Url::parse(&url) {
            Ok(parsed) => parsed.origin().ascii_serialization(),
            Err(_) => url.clone(),
        };
        Self { url, pay_url: origin.clone(), file_url: origin, products: Products::Production }
    }

    fn product(&self, product: Product) -> Option<u32> {
        match self.products {
            Products::Production => Some(product.production),
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
    /// `scVoucherHash`: vouchers against POD's fee for calls.
    pub voucher_hashes: Vec<Secret>,
}

impl Credentials {
    /// A token without API keys, which is enough for the emulator.
    pub fn token(token: impl Into<String>) -> Self {
        Self { token: Secret::new(token), api_keys: HashMap::new(), voucher_hashes: Vec::new() }
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
    /// What the answer takes as given, because nobody tells it: of a fork, by the names that receipts
    /// know. POD takes nothing as given.
    pub assumed: Vec<String>,
}

impl Answer {
    /// What was made here of what POD did not put into an envelope.
    fn made(result: String, value: Box<dyn Any + Send>) -> Self {
        let (reference_number, result) = (String::new(), Bytes::from(result));
        Self { reference_number, count: 0, result, value, assumed: Vec::new() }
    }

    /// The link that a service answered, with the fields behind it that are not
    /// [sent](Request::sent) to the service.
    ///
    /// # Errors
    /// If the service answered no link.
    pub fn appended(self, request: &Request) -> Result<Self, Error> {
        let (fields, _) = request.form.split(request.row.appended);
        let strange = |error: &dyn fmt::Display| {
            let reason = format!("{} answered no link: {error}", request.row.name);
            failed(request.row, reason, Some(self.reference_number.clone()))
        };
        if fields.iter().next().is_none() {
            return Ok(self);
        }
        let link =
            self.value.downcast_ref::<String>().map_or("", |link| link.trim_end_matches('&'));
        let mut link = url::Url::parse(link).map_err(|error| strange(&error))?;
        link.query_pairs_mut().extend_pairs(fields.iter());
        let result = serde_json::to_string(link.as_str()).map_err(|error| strange(&error))?;
        let value = (request.read)(self.count, &result).map_err(|error| strange(&error))?;
        Ok(Self { result: Bytes::from(result), value, ..self })
    }

    /// Reads the body that POD answered a service with.
    ///
    /// # Errors
    /// What POD refuses; what its documents do not say is an unknown outcome, or unavailable where
    /// nothing can have changed.
    pub fn read(row: &'static Row, read: Reader, body: &Bytes) -> Result<Self, Error> {
        let envelope = open(row, body)?;
        let reference_number = envelope.reference_number.unwrap_or_default().into_owned();
        let result = envelope.result.map_or("null", |raw| raw.get());
        let count = envelope.count.unwrap_or_default();
        let value = read(count, result).map_err(|error| {
            failed(
                row,
                format!("{} answered what its documents do not say: {error}", row.name),
                Some(reference_number.clone()),
            )
        })?;
        Ok(Self {
            reference_number,
            count,
            result: if envelope.result.is_some() {
                body.slice_ref(result.as_bytes())
            } else {
                Bytes::from_static(b"null")
            },
            value,
            assumed: envelope.assumed,
        })
    }
}

/// Says whether an answer may have so many bytes.
pub type Accepts<'a> = &'a (dyn Fn(u64) -> bool + Send + Sync);

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
#[non_exhaustive]
pub enum ClientError {
    /// TLS or the HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
    /// The platform's address is no URL.
    #[error("`{0}` is not the URL of a platform: expected http:// or https://")]
    Url(String),
}

/// What a call sends, and where.
struct Outgoing {
    method: Method,
    url: url::Url,
    headers: HeaderMap,
    body: OutgoingBody,
}

enum OutgoingBody {
    None,
    Form(String),
    File { name: String, content: Vec<u8> },
}

/// Calls the services of one platform. Cheap to clone; connections are shared.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    platform: Platform,
    /// Of `doServiceCall`.
    endpoint: url::Url,
    response_bytes: usize,
    /// Tells which days are near.
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A client for `platform`: TLS by rustls, no proxy, no redirects.
    ///
    /// # Errors
    /// If the platform's address is no URL, or TLS cannot be set up.
    pub fn new(platform: Platform, limits: Limits) -> Result<Self, ClientError> {
        // By itself first: in what is appended, a URL without a host would find one.
        for base in [&platform.url, &platform.pay_url, &platform.file_url] {
            url::Url::parse(base)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
                .ok_or_else(|| ClientError::Url(base.clone()))?;
        }
        let endpoint = address(&platform.url, "/nzh/doServiceCall")
            .map_err(|_| ClientError::Url(platform.url.clone()))?;
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
        Ok(Self {
            http,
            platform,
            endpoint,
            response_bytes: limits.response_bytes,
            clock: Arc::new(SystemClock),
        })
    }

    /// Where it calls.
    #[must_use]
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The same, by another clock than the system's: one that stands where the platform's does.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
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
        request.check_days(self.clock.now()).map_err(Error::InvalidArgument)?;
        let ott = match request.row.needs_ott {
            true => Some(self.ott(credentials).await.outcome?),
            false => None,
        };
        let answer = self.send(&request, credentials, ott.as_ref(), &|_| true).await.outcome?;
        match answer.value.downcast::<S::Response>() {
            Ok(value) => Ok(*value),
            Err(_) => unreachable!("`prepare` pairs a request with its own reader"),
        }
    }

    /// Gets a one-time token, which is good for one call.
    pub async fn ott(&self, credentials: &Credentials) -> Exchange<Secret> {
        let row = &catalogue::GET_OTT;
        let exchange = self.exchange(row, &Form::default(), credentials, None, &|_| true).await;
        let outcome = exchange.outcome.and_then(|(_, body)| {
            let envelope = open(row, &body)?;
            let ott = envelope.ott.filter(|ott| !ott.is_empty());
            ott.map(Secret::new).ok_or_else(|| {
                Error::Unavailable("getOtt answered without a one-time token".to_owned())
            })
        });
        Exchange { traffic: exchange.traffic, outcome }
    }

    /// Sends a request once. As the answer comes in, `accepts` is asked whether it may have so many
    /// bytes in all, headers included; one that may not is cut off, and not longer than this client's
    /// limit in any case.
    pub async fn send(
        &self,
        request: &Request,
        credentials: &Credentials,
        ott: Option<&Secret>,
        accepts: Accepts<'_>,
    ) -> Exchange<Answer> {
        let row = request.row;
        match row.route {
            Route::Link { path } => return self.link(request, path),
            Route::Download { .. } => return self.download(request, credentials, accepts).await,
            Route::Product(_) | Route::Path { .. } | Route::Upload { .. } => {}
        }
        let exchange = self.exchange(row, &request.sent(), credentials, ott, accepts).await;
        let outcome = exchange.outcome.and_then(|(_, body)| Answer::read(row, request.read, &body));
        let outcome = outcome.and_then(|answer| answer.appended(request));
        Exchange { traffic: exchange.traffic, outcome }
    }

    /// Builds a URL for a payer's browser. Nothing is sent.
    fn link(&self, request: &Request, path: &str) -> Exchange<Answer> {
        let build = || {
            let mut url = address(&self.platform.pay_url, path)?;
            url.query_pairs_mut().extend_pairs(spelled(request.row, &request.form));
            let result = serde_json::to_string(url.as_str()).map_err(unavailable)?;
            let value = (request.read)(0, &result).map_err(unavailable)?;
            Ok(Answer::made(result, value))
        };
        Exchange { traffic: Traffic::default(), outcome: build() }
    }

    /// Fetches a file; what POD answers is the file itself, not an envelope.
    async fn download(
        &self,
        request: &Request,
        credentials: &Credentials,
        accepts: Accepts<'_>,
    ) -> Exchange<Answer> {
        let row = request.row;
        let exchange = self.exchange(row, &request.form, credentials, None, accepts).await;
        let outcome = exchange.outcome.and_then(|(headers, body)| {
            let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let content_type = content_type.map(str::to_owned);
            let content = FileContent { content_type, content: body.to_vec() };
            let result = serde_json::to_string(&content).map_err(unavailable)?;
            let value = (request.read)(0, &result).map_err(unavailable)?;
            Ok(Answer::made(result, value))
        });
        Exchange { traffic: exchange.traffic, outcome }
    }

    async fn exchange(
        &self,
        row: &'static Row,
        fields: &Form,
        credentials: &Credentials,
        ott: Option<&Secret>,
        accepts: Accepts<'_>,
    ) -> Exchange<(HeaderMap, Bytes)> {
        let mut traffic = Traffic::default();
        let outcome = match self.outgoing(row, fields, credentials, ott) {
            Ok(outgoing) => self.try_exchange(row, outgoing, accepts, &mut traffic).await,
            Err(error) => Err(error),
        };
        Exchange { traffic, outcome }
    }

    /// Where a call goes, and what it sends.
    fn outgoing(
        &self,
        row: &'static Row,
        fields: &Form,
        credentials: &Credentials,
        ott: Option<&Secret>,
    ) -> Result<Outgoing, Error> {
        let mut headers = headers(credentials, ott)?;
        let mut post = |form: Form| {
            headers.insert(CONTENT_TYPE, FORM);
            OutgoingBody::Form(form.encoded())
        };
        let own = || spelled(row, fields);
        let (method, url, body) = match row.route {
            Route::Product(product) => {
                let number = self.platform.product(product).ok_or_else(|| {
                    unavailable(format!("no document tells {}'s number on POD's sandbox", row.name))
                })?;
                let mut form = Form::default();
                form.push("scProductId", number.to_string());
                if let Some(key) = credentials.api_keys.get(row.name) {
                    form.push("scApiKey", key.expose());
                }
                for hash in &credentials.voucher_hashes {
                    form.push("scVoucherHash", hash.expose());
                }
                form.extend(own());
                (Method::POST, self.endpoint.clone(), post(form))
            }
            Route::Path { verb: Verb::Post, path } => {
                let mut form = Form::default();
                form.extend(own());
                (Method::POST, address(&self.platform.url, path)?, post(form))
            }
            Route::Path { verb: Verb::Get, path } => {
                let mut url = address(&self.platform.url, path)?;
                url.query_pairs_mut().extend_pairs(own());
                (Method::GET, url, OutgoingBody::None)
            }
            Route::Download { path } => {
                let mut url = address(&self.platform.file_url, path)?;
                url.query_pairs_mut().extend_pairs(own());
                (Method::GET, url, OutgoingBody::None)
            }
            Route::Upload { path } => {
                let fields = Fields::from(fields);
                let name = fields.get("fileName").unwrap_or_default().to_owned();
                let content =
                    FormValue::take("content", &fields).map_err(Error::InvalidArgument)?;
                let url = address(&self.platform.file_url, path)?;
                (Method::POST, url, OutgoingBody::File { name, content })
            }
            Route::Link { .. } => return Err(unavailable("a link is not called")),
        };
        Ok(Outgoing { method, url, headers, body })
    }

    async fn try_exchange(
        &self,
        row: &'static Row,
        outgoing: Outgoing,
        accepts: Accepts<'_>,
        traffic: &mut Traffic,
    ) -> Result<(HeaderMap, Bytes), Error> {
        let Outgoing { method, url, headers, body } = outgoing;
        let query_bytes = url.query().map_or(0, |query| query.len() + 1);
        let request = self.http.request(method, url).headers(headers);
        let request = match body {
            OutgoingBody::None => request,
            OutgoingBody::Form(form) => request.body(form),
            OutgoingBody::File { name, content } => {
                // In the part's own header, a line break would begin another one.
                let part = Part::bytes(content).file_name(name.replace(char::is_control, "_"));
                request.multipart(multipart::Form::new().text("fileName", name).part("file", part))
            }
        };
        let request = request.build().map_err(|error| unavailable(root(&error)))?;
        traffic.calls = 1;
        traffic.bytes_up =
            (body_bytes(&request) + query_bytes + header_bytes(request.headers())) as u64;
        let mut response = self.http.execute(request).await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                // Files are kept in another place than services.
                let base = match row.route {
                    Route::Upload { .. } | Route::Download { .. } => &self.platform.file_url,
                    Route::Product(_) | Route::Path { .. } | Route::Link { .. } => {
                        &self.platform.url
                    }
                };
                unavailable(format!("{base} cannot be reached: {}", root(&error)))
            } else {
                failed(row, format!("{} did not answer: {}", row.name, root(&error)), None)
            }
        })?;

        traffic.bytes_down = header_bytes(response.headers()) as u64;
        let status = response.status();
        let mut body = BytesMut::new();
        loop {
            if !accepts(traffic.bytes_down) {
                return Err(failed(
                    row,
                    format!("{} answered more bytes than are accepted", row.name),
                    None,
                ));
            }
            let chunk = response.chunk().await.map_err(|error| {
                failed(row, format!("{}'s answer is cut off: {}", row.name, root(&error)), None)
            })?;
            let Some(chunk) = chunk else { break };
            traffic.bytes_down += chunk.len() as u64;
            if body.len() + chunk.len() > self.response_bytes {
                return Err(failed(
                    row,
                    format!("{} answered more than {} bytes", row.name, self.response_bytes),
                    None,
                ));
            }
            body.extend_from_slice(&chunk);
        }
        let body = body.freeze();
        if !status.is_success() {
            // POD's refusals come as envelopes, whatever the status.
            if Envelope::read(&body).is_ok_and(|answer| answer.has_error) {
                open(row, &body)?;
            }
            return Err(failed(row, format!("{} answered HTTP status {status}", row.name), None));
        }
        Ok((std::mem::take(response.headers_mut()), body))
    }
}

/// A request's fields in POD's own spelling.
fn spelled<'a>(row: &'static Row, form: &'a Form) -> impl Iterator<Item = (&'a str, &'a str)> {
    form.iter().map(|(name, value)| {
        let own = row.spelling.iter().find(|(ours, _)| *ours == name);
        (own.map_or(name, |(_, pods)| *pods), value)
    })
}

fn address(base: &str, path: &str) -> Result<url::Url, Error> {
    url::Url::parse(&format!("{}{path}", base.trim_end_matches('/')))
        .map_err(|error| unavailable(format!("{base}{path} is no address: {error}")))
}

fn unavailable(reason: impl ToString) -> Error {
    Error::Unavailable(reason.to_string())
}

/// The length of a request's body: a multipart one is announced, not held.
fn body_bytes(request: &reqwest::Request) -> usize {
    let announced = || request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    let held = request.body().and_then(|body| body.as_bytes()).map(<[u8]>::len);
    held.or_else(announced).unwrap_or_default()
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
    if let Some(ott) = ott {
        headers.insert(OTT, sensitive(ott)?);
    }
    Ok(headers)
}

/// The envelope of a success, or the error that it says.
fn open<'a>(row: &'static Row, body: &'a Bytes) -> Result<Envelope<'a>, Error> {
    let envelope = Envelope::read(body).map_err(|error| {
        failed(row, format!("{}'s answer is not JSON: {error}", row.name), None)
    })?;
    if !envelope.has_error {
        return match envelope.error_code {
            None | Some(0) => Ok(envelope),
            Some(code) => {
                let reason = format!("{} answered error {code}, and that there is none", row.name);
                let number = envelope.reference_number.map(Cow::into_owned);
                Err(failed(row, reason, number))
            }
        };
    }
    let message = envelope.message.unwrap_or_default();
    let error = PlatformError::new(
        envelope.error_code.unwrap_or_default(),
        message.clone().into_owned(),
        envelope.reference_number.unwrap_or_default().into_owned(),
    );
    // Whoever reads a receipt is told what the emulator knows; the kind goes by POD's words.
    let explanation = envelope.explanation.as_deref();
    let error = PlatformError { message: explained(&message, explanation), ..error };
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
