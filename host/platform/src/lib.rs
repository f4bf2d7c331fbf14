//! The POD platform's services: catalogue, typed client, wire format and errors. Usable alone.
//!
//! ```no_run
//! use pod_platform::{
//!     Client, Credentials, Limits, Platform,
//!     invoices::GetInvoiceListRequest,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(Platform::at("http://127.0.0.1:8044/srv/sc"), Limits::default())?;
//! let merchant = Credentials::token("the merchant's API token");
//! let open = GetInvoiceListRequest {
//!     offset: Some(0),
//!     size: 20,
//!     is_payed: Some(false),
//!     ..Default::default()
//! };
//! let page = client.call(&open, &merchant).await?;
//! for invoice in page.result {
//!     println!("invoice {}: {} rials", invoice.id, invoice.payable_amount.grouped());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Each service is a request type ([`payments::PayInvoiceByInvoiceRequest`], …) that implements
//! [`Service`]. The types are made from the WIT files in `wit/deps/platform`; what WIT cannot say
//! about a service stands in its row of the [`catalogue`].

#![deny(missing_docs)]

pub mod catalogue;
mod client;
mod clock;
mod error;
mod evidence;
mod meta_query;
mod moved;
pub mod persian;
mod ruled;
mod secret;
mod service;
mod text;
mod unreadable;
pub mod wire;

pub use client::{
    Accepts, Answer, Client, ClientError, Credentials, Exchange, Limits, Platform, Products,
    Traffic,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use contract::{bills, files, invoices, loans, payments, types, visit_services};
pub use error::{CREDITOR_INVOICE_NOT_FOUND, REGISTERED_FOR_FUTURE, explained};
pub use evidence::{Attempt, Attribution, Before, Evidence, MARK_PREFIX, Prior, Proof, Sighting};
pub use meta_query::MetaQuery;
pub use moved::is_pending;
pub use pod_rules as rules;
pub use pod_values::{
    BillType, DistantDay, Grouped, Instant, JalaliDate, JalaliDateTime, NotABill, NotAJalaliDate,
    NotAJalaliDateTime, Rial, UtilityBill,
};
pub use secret::Secret;
pub use service::{
    Component, Effect, EffectClass, Names, Product, Reader, Request, Route, Row, Rule, Service,
    ServiceVisitor, Sms, Stakes, TokenKind, Verb,
};
pub use text::without_byte_order_mark;

#[allow(missing_docs, unused_imports, clippy::large_enum_variant)]
mod contract {
    use crate::{
        Service, ServiceVisitor,
        wire::form::{Fields, Form, FormValue},
    };

    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}
