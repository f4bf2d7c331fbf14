//! What is on the lists that deciders decide about: invoices that can be paid, and apart from them what
//! could not be read.

use std::fmt;

use pod_platform::{
    invoices::{GetInvoiceListRequest, Invoice},
    rules, types,
    wire::lenient::Item,
};
use serde_json::{Value, json};

use super::{Broken, PAGE};
use crate::door::Door;

/// What nothing is decided about, because some of it could not be read.
#[derive(Debug)]
pub(crate) struct LeftOut {
    /// What its id is told as: `invoice` or `planId`.
    what: &'static str,
    pub id: u64,
    /// What of it, and how POD sent it.
    pub unreadable: String,
}

impl LeftOut {
    pub fn new<T: Item>(what: &'static str, id: u64, item: &T) -> Self {
        Self { what, id, unreadable: types::UnreadableField::in_words(item) }
    }

    /// Says it beside what became of the others, if there is anything to say.
    pub fn tell(left_out: &[Self], output: &mut Value) {
        let told =
            |Self { what, id, unreadable }: &Self| json!({ *what: id, "unreadable": unreadable });
        if !left_out.is_empty() {
            output["leftOut"] = left_out.iter().map(told).collect();
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {} could not be read: {}", self.what, self.id, self.unreadable)
    }
}

/// What a list shows.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub invoices: Vec<Invoice>,
    pub left_out: Vec<LeftOut>,
}

impl Listed {
    pub fn add(&mut self, invoice: Invoice) {
        if invoice.unreadable.is_empty() {
            self.invoices.push(invoice);
        } else {
            self.left_out.push(LeftOut::new("invoice", invoice.id, &invoice));
        }
    }
}

/// The invoices that the account sees and that are not cancelled. A count that POD leaves out, or that is
/// less than what was seen, says nothing: then only an empty page is the end.
pub(crate) async fn invoices(door: &Door, payed: bool) -> Result<Listed, Broken> {
    let (mut listed, mut seen, mut total) = (Listed::default(), 0, 0);
    loop {
        let request = GetInvoiceListRequest {
            offset: Some(seen),
            size: PAGE,
            is_payed: Some(payed),
            is_canceled: Some(false),
            ..Default::default()
        };
        let page = door.call(&request).await??;
        let last = page.result.is_empty();
        seen += page.result.len() as u64;
        page.result.into_iter().for_each(|invoice| listed.add(invoice));
        total = total.max(page.count);
        if last || seen == total {
            return Ok(listed);
        }
    }
}

/// Those of the account's unpaid invoices that can be paid today.
pub(crate) async fn payable(door: &Door) -> Result<Listed, Broken> {
    let Listed { invoices, left_out } = invoices(door, false).await?;
    Ok(Listed { invoices: keep_payable(door, invoices).await?, left_out })
}

/// Leaves out what cannot be paid today. The clock is looked at only for an invoice that has a
/// deadline.
pub(crate) async fn keep_payable(
    door: &Door,
    mut invoices: Vec<Invoice>,
) -> Result<Vec<Invoice>, Broken> {
    let facts = |invoice: &Invoice| rules::invoice::Invoice::from(invoice);
    invoices.retain(|invoice| facts(invoice).open().is_ok());
    if invoices.iter().any(|invoice| facts(invoice).deadline.is_some()) {
        let today = door.now().await?.jalali_date();
        invoices.retain(|invoice| facts(invoice).payable(today).is_ok());
    }
    Ok(invoices)
}
