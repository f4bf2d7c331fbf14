//! The payment pages, where payers pay in their browsers.
//!
//! A page's state is its address: the link that the payer opened, and who has logged in. Pages are
//! read by GET and acted on by POST to the same address, so nothing needs a cookie or a script. What
//! POD does elsewhere – logging in, the bank – has a stand-in here.

mod answer;
mod bank;
mod index;
mod installments;
mod loan;
mod pay;
mod persian;
mod show;
mod view;
mod visit;
mod way_back;

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawQuery, State},
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use pod_platform::wire::form::Fields;

use self::visit::{Link, Visit};
use crate::platform::Platform;

/// The payment pages to which clients build links themselves.
#[cfg(test)]
pub(crate) const PATHS: [&str; 2] = ["/v1/pbc/payinvoice/", "/v1/pbc/payInvoiceByUniqueNumber/"];

const LINKS: [(&str, Link); 5] = [
    ("/v1/pbc/payinvoice", Link::Invoice),
    // So spelled by the Node client, and by the PHP client.
    ("/v1/pbc/payInvoice", Link::Invoice),
    ("/v1/pbc/biz/payInvoice", Link::Invoice),
    ("/v1/pbc/payInvoiceByUniqueNumber", Link::UniqueNumber),
    ("/v1/pbc/payInvoiceByHash", Link::Hash),
];

pub(crate) fn router() -> Router<Arc<Platform>> {
    let mut router = Router::new().route("/", get(index::show));
    let mut route = |path: &str, handler: MethodRouter<Arc<Platform>>| {
        let taken = std::mem::take(&mut router);
        router = taken.route(path, handler.clone()).route(&format!("{path}/"), handler);
    };
    for (path, link) in LINKS {
        let opened = move |State(platform): State<Arc<Platform>>, RawQuery(query): RawQuery| {
            show::opened(platform, Visit { link, query: query.unwrap_or_default() })
        };
        let chosen =
            move |State(platform): State<Arc<Platform>>, RawQuery(query): RawQuery, body: Bytes| {
                let visit = Visit { link, query: query.unwrap_or_default() };
                pay::chosen(platform, visit, Fields::decoded(&body))
            };
        route(path, get(opened).post(chosen));
    }
    route("/emulator/bank/{token}", get(bank::show).post(bank::chosen));
    route("/emulator/receipt", get(show::receipt));
    route("/emulator/loan", get(loan::show).post(loan::chosen));
    router.route("/emulator/page.css", get(style))
}

async fn style() -> impl axum::response::IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("page.css"))
}

/// The link of a hash that [expires](crate::handlers). It ends as POD's does: clients append
/// `redirectUri`, `callbackUri` and `gateway` to it as it is.
pub(crate) fn link_by_hash(root_url: &str, hash: &str) -> String {
    format!("{root_url}/v1/pbc/payInvoiceByHash/?hash={hash}&")
}

/// A link by which anybody can pay an invoice.
pub(crate) fn link_by_unique_number(
    root_url: &str,
    unique_number: &str,
    parameters: &[(&str, Option<&str>)],
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("uniqueNumber", unique_number);
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("{root_url}/v1/pbc/payInvoiceByUniqueNumber/?{}", query.finish())
}
