//! A merchant's own servers. What may be asked is what the grant names, URL and method by
//! themselves; the address that a name stands for is looked up once, and that one is connected to.

mod address;
mod egress;
mod secrets;

use std::{any::Any, borrow::Cow, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::BytesMut;
use futures_util::future::BoxFuture;
use pod_platform::{EffectClass, types, wire::form::Form};
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, LOCATION};
use serde::{Deserialize, Serialize};
use url::Url;

pub use egress::Resolve;
pub(crate) use egress::{Egress, SystemResolver};
pub use secrets::HttpSecret;
pub(crate) use secrets::HttpSecrets;

use super::{Capability, Cost, Counted, Effect, MUTATION_BYTES_DOWN};
use crate::{
    contract::{Header, HttpRequest, HttpResponse, Method},
    door::{
        call::{Call, Reply, Returned},
        context::Context,
        intake::Intake,
    },
    error::Error,
    grant::{Amounts, url_pattern},
    journal::{FETCH, HTTP},
};
use secrets::Veil;

/// The largest response, in bytes.
const LARGEST_RESPONSE: u64 = 16 * 1024 * 1024;
/// What of a response's head is read at most, in bytes: hyper's own limit. One that is longer counts as
/// so much, for nobody tells how much of it came.
const LARGEST_HEAD: u64 = 8192 + 100 * 4096;
/// How long a request may take, redirects included.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many redirects are followed.
const REDIRECTS: usize = 5;
/// The longest URL that a redirect may lead to, in bytes: errors show it.
const LONGEST_LOCATION: usize = 8 * 1024;
/// How many headers a policy may set.
const HEADERS: usize = 64;

/// Headers that say how the message is sent, or how it is to be answered so that a secret in it could
/// not be recognised: the host writes them, or nobody.
const OF_THE_HOST: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "if-range",
    "proxy-authorization",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Does a request with this method change something on the server?
fn changes_something(method: Method) -> bool {
    !matches!(method, Method::Get | Method::Head)
}

fn of_http(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// A request, as journals have it.
fn form(request: &HttpRequest) -> Form {
    let mut form = Form::default();
    form.push("method", of_http(request.method).as_str());
    form.push("url", &request.url);
    for Header { name, value } in &request.headers {
        form.push("header", format!("{name}: {value}"));
    }
    for header in &request.secret_headers {
        let prefix = header.prefix.as_deref().unwrap_or_default();
        form.push("secretHeader", format!("{}: {prefix}{{{}}}", header.name, header.secret));
    }
    match request.body.as_deref().map(|body| (std::str::from_utf8(body), body)) {
        None => {}
        Some((Ok(text), _)) => form.push("body", text),
        Some((Err(_), body)) => form.push("bodyBase64", BASE64_STANDARD.encode(body)),
    }
    form
}

/// A response, as journals have it.
#[derive(Deserialize, Serialize)]
struct Written {
    status: u16,
    headers: Vec<(String, String)>,
    /// In Base64.
    body: String,
}

impl Written {
    fn of(response: &HttpResponse) -> Self {
        let header = |header: &Header| (header.name.clone(), header.value.clone());
        Self {
            status: response.status,
            headers: response.headers.iter().map(header).collect(),
            body: BASE64_STANDARD.encode(&response.body),
        }
    }

    /// Reads a response back from the journal.
    fn read(text: &str) -> serde_json::Result<HttpResponse> {
        let Self { status, headers, body } = serde_json::from_str(text)?;
        let header = |(name, value)| Header { name, value };
        Ok(HttpResponse {
            status,
            headers: headers.into_iter().map(header).collect(),
            body: BASE64_STANDARD.decode(body).map_err(serde::de::Error::custom)?,
        })
    }
}

/// A request to a merchant's own server.
pub(in crate::door) struct Fetch(pub HttpRequest);

impl Capability for Fetch {
    fn name(&self) -> Cow<'static, str> {
        FETCH.into()
    }

    fn arguments(&self) -> String {
        form(&self.0).encoded()
    }

    fn effect(&self) -> Effect {
        match changes_something(self.0.method) {
            true => Effect::Mutation(EffectClass::NoEvidence),
            false => Effect::Read,
        }
    }

    fn denied(&self, ctx: &Context) -> Option<String> {
        ctx.http.denies(&ctx.grant.scope, &self.0)
    }

    fn counted(&self) -> Counted {
        Counted::Budget
    }

    fn cost(&self, _: &Context) -> Option<Cost> {
        let needed = Amounts {
            http_calls: 1,
            bytes_up: self.arguments().len() as u64,
            bytes_down: match changes_something(self.0.method) {
                true => MUTATION_BYTES_DOWN,
                false => 1,
            },
            ..Amounts::default()
        };
        Some(Cost { needed, looks_up: false })
    }

    fn perform<'a>(
        &'a self,
        ctx: &'a Context,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move { Ok(send(ctx, call, &self.0).await) })
    }

    fn decode(&self, _: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        Ok(Box::new(Written::read(text)?))
    }

    fn service(&self) -> Cow<'static, str> {
        HTTP.into()
    }
}

/// Sends a request that was authorised, and follows where it leads.
async fn send(ctx: &Context, call: &Call, request: &HttpRequest) -> Reply {
    let intake = Intake::new(ctx, call);
    let mut spent = Amounts::default();
    let mut veil = ctx.http.veil();
    let answer = try_send(ctx, request, &intake, &mut spent, &mut veil);
    let outcome = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let late = format!("{} did not answer within {PATIENCE:?}", request.url);
            Err(failed(request, late))
        }
    };
    let outcome = outcome.and_then(|response| {
        let response = veil.over(response);
        let written = serde_json::to_string(&Written::of(&response))
            .map_err(|error| failed(request, error.to_string()))?;
        Ok(Returned::of(written, response))
    });
    Reply::of(outcome.map_err(|error| veil.over_error(error)), spent)
}

async fn try_send(
    ctx: &Context,
    request: &HttpRequest,
    intake: &Intake<'_>,
    spent: &mut Amounts,
    veil: &mut Veil,
) -> Result<HttpResponse, types::Error> {
    ctx.http.admits(request.method)?;
    let headers = headers(request)?;
    let mut url = read_url(&request.url)?;
    for _ in 0..=REDIRECTS {
        let response = one(ctx, request, &url, headers.clone(), intake, spent, veil).await?;
        let follows = matches!(response.status, 301 | 302 | 303 | 307 | 308)
            && !changes_something(request.method);
        let location = response.headers.iter().find(|header| header.name == LOCATION.as_str());
        let Some(location) = location.filter(|_| follows) else { return Ok(response) };
        if location.value.len() > LONGEST_LOCATION {
            return Err(unavailable(format!(
                "{url} leads to a URL of more than {LONGEST_LOCATION} bytes"
            )));
        }
        let next = url
            .join(&location.value)
            .map_err(|error| unavailable(format!("{url} leads to what is no URL: {error}")))?;
        // The redirect's target has to be granted like any URL.
        let denied = ctx.http.denies_url(&ctx.grant.scope, request.method, next.as_str());
        if let Some(reason) = denied {
            let reason = format!("{url} leads elsewhere: {reason}");
            return Err(types::Error::Denied(types::Denial { function: FETCH.to_owned(), reason }));
        }
        let again = Amounts {
            http_calls: 1,
            bytes_up: sent(request, &next, &headers),
            ..Amounts::default()
        };
        ctx.reserve(again).map_err(types::Error::BudgetExhausted)?;
        url = next;
    }
    Err(unavailable(format!("{} leads on and on", request.url)))
}

/// One request, to one address.
async fn one(
    ctx: &Context,
    request: &HttpRequest,
    url: &Url,
    mut headers: HeaderMap,
    intake: &Intake<'_>,
    spent: &mut Amounts,
    veil: &mut Veil,
) -> Result<HttpResponse, types::Error> {
    ctx.http.insert_secrets(request, url, &mut headers, veil)?;
    spent.http_calls += 1;
    let client = ctx.http.client(&ctx.grant.scope).map_err(unavailable)?;
    ctx.http.check_literal(&ctx.grant.scope, url).map_err(unavailable)?;
    spent.bytes_up += sent(request, url, &headers);
    let mut asked = client.request(of_http(request.method), url.clone()).headers(headers);
    if let Some(body) = &request.body {
        asked = asked.body(body.clone());
    }
    let mut response = asked.send().await.map_err(|error| {
        if is_too_large(&error) {
            spent.bytes_down += LARGEST_HEAD;
        }
        if error.is_connect() || error.is_builder() {
            unavailable(format!("{url} cannot be reached: {}", root(&error)))
        } else {
            failed(request, format!("{url} did not answer: {}", root(&error)))
        }
    })?;

    spent.bytes_down += size(response.headers()) as u64;
    let before = spent.bytes_down;
    let mut body = BytesMut::new();
    let announced = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    loop {
        let announced = announced.filter(|_| request.method != Method::Head).unwrap_or_default();
        let took = spent.bytes_down.max(before + announced);
        intake.take(took).map_err(|exhaustion| too_long(request, exhaustion))?;
        if took > LARGEST_RESPONSE {
            return Err(failed(
                request,
                format!(
                    "{url} answered more than {LARGEST_RESPONSE} bytes, which no budget covers"
                ),
            ));
        }
        let chunk = response.chunk().await.map_err(|error| {
            failed(request, format!("{url}'s answer is cut off: {}", root(&error)))
        })?;
        let Some(chunk) = chunk else { break };
        spent.bytes_down += chunk.len() as u64;
        body.extend_from_slice(&chunk);
    }
    let header = |(name, value): (&HeaderName, &HeaderValue)| Header {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    Ok(HttpResponse {
        status: response.status().as_u16(),
        headers: response.headers().iter().map(header).collect(),
        body: body.to_vec(),
    })
}

/// The policy's own headers.
fn headers(request: &HttpRequest) -> Result<HeaderMap, types::Error> {
    if request.headers.len() + request.secret_headers.len() > HEADERS {
        return Err(invalid("headers", format!("at most {HEADERS} headers")));
    }
    let mut headers = HeaderMap::new();
    for Header { name, value } in &request.headers {
        let value = HeaderValue::from_str(value)
            .map_err(|_| invalid("headers", "values of visible ASCII letters".to_owned()))?;
        headers.append(header_name(name)?, value);
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName, types::Error> {
    let read = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| invalid("headers", "names such as `content-type`".to_owned()))?;
    if OF_THE_HOST.contains(&read.as_str()) {
        return Err(invalid("headers", format!("no `{read}`: the host writes it")));
    }
    Ok(read)
}

fn read_url(text: &str) -> Result<Url, types::Error> {
    url_pattern::plain(text).map_err(|reason| invalid("url", format!("a plain URL: {reason}")))
}

fn invalid(field: &str, expected: String) -> types::Error {
    types::Error::InvalidArgument(types::InvalidArgument { field: field.to_owned(), expected })
}

fn unavailable(reason: impl Into<String>) -> types::Error {
    types::Error::Unavailable(reason.into())
}

/// The request went out, and no response came in.
fn failed(request: &HttpRequest, reason: String) -> types::Error {
    if changes_something(request.method) {
        types::Error::OutcomeUnknown(types::Doubt { reason, reference_number: None })
    } else {
        unavailable(reason)
    }
}

fn too_long(request: &HttpRequest, exhaustion: types::Exhaustion) -> types::Error {
    if changes_something(request.method) {
        failed(request, format!("the answer is longer than the budget: {exhaustion}"))
    } else {
        types::Error::BudgetExhausted(exhaustion)
    }
}

/// What one request takes on the wire, in bytes.
fn sent(request: &HttpRequest, url: &Url, headers: &HeaderMap) -> u64 {
    let body = request.body.as_ref().map_or(0, Vec::len);
    (url.as_str().len() + size(headers) + body) as u64
}

/// What headers take on the wire, in bytes.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

/// Did the response's head not end?
fn is_too_large(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse_too_large)
    })
}

/// The innermost cause, without the URL, which may hold what is nobody else's.
fn root(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |cause| cause.source())
}
