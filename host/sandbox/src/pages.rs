//! The payment pages, where payers pay in their browsers.

use std::sync::Arc;

use axum::Router;

use crate::platform::Platform;

/// The payment pages to which clients build links themselves.
pub(crate) const PATHS: [&str; 2] = ["/v1/pbc/payinvoice/", "/v1/pbc/payInvoiceByUniqueNumber/"];

pub(crate) fn router() -> Router<Arc<Platform>> {
    Router::new()
}

/// The link of a hash that [expires](crate::handlers).
pub(crate) fn link_by_hash(root_url: &str, hash: &str) -> String {
    format!("{root_url}/v1/pbc/payInvoiceByHash/?hash={hash}")
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
