//! What POD sent in another shape, told to people.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use crate::{
    bills::BillPage,
    client::Answer,
    invoices::InvoicePage,
    loans::LoanPage,
    types::UnreadableField,
    wire::lenient::{self, Item},
};

/// What is shown of a value, in bytes.
const LARGEST_SHOWN: usize = 100;

impl UnreadableField {
    /// What of an item could not be read, and what POD sent there: `payableAmount 16.35, vat 1.35`, or,
    /// of what stands deeper in it, `invoiceItemSrvs[0].amount 1.5`.
    #[must_use]
    pub fn in_words<T: Item>(item: &T) -> String {
        let fields = item.unreadable();
        // Of an item that cannot be taken apart, there is nothing else to say.
        let whole = fields.iter().find(|field| field.name == lenient::WHOLE);
        let told: Vec<String> = match whole {
            Some(all) => vec![shown(&all.name, &all.value)],
            None => fields.iter().map(in_place::<T>).collect(),
        };
        told.join(", ")
    }
}

/// A field, down to what is strange in it.
fn in_place<T: Item>(field: &UnreadableField) -> String {
    let (mut path, mut value) = (field.name.clone(), field.value.as_str());
    for segment in lenient::path::<T>(field) {
        let within = match &segment {
            Segment::Map { key } => serde_json::from_str::<BTreeMap<String, &RawValue>>(value)
                .ok()
                .and_then(|fields| fields.get(key.as_str()).copied()),
            Segment::Seq { index } => serde_json::from_str::<Vec<&RawValue>>(value)
                .ok()
                .and_then(|items| items.get(*index).copied()),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        // What is needed and was not sent stands nowhere.
        let Some(within) = within else { break };
        let dot = if matches!(segment, Segment::Map { .. }) { "." } else { "" };
        path = format!("{path}{dot}{segment}");
        value = within.get();
    }
    shown(&path, value)
}

fn shown(name: &str, value: &str) -> String {
    let shown = &value[..value.floor_char_boundary(LARGEST_SHOWN)];
    let more = if shown.len() < value.len() { "…" } else { "" };
    format!("{name} {shown}{more}")
}

impl Answer {
    /// The first invoice, loan or payment of a bill in it of which POD sent something in another
    /// shape, and what. Nobody knows what a call changes of such a thing, or whether it did.
    #[must_use]
    pub fn unreadable(&self) -> Option<String> {
        if let Some(page) = self.value.downcast_ref::<InvoicePage>() {
            return first(&page.result, "invoice", |invoice| invoice.id);
        }
        if let Some(page) = self.value.downcast_ref::<LoanPage>() {
            return first(&page.result, "loan", |loan| loan.id);
        }
        let page = self.value.downcast_ref::<BillPage>()?;
        first(&page.result, "the payment of a bill", |bill| bill.id)
    }
}

fn first<T: Item>(items: &[T], what: &str, id: fn(&T) -> u64) -> Option<String> {
    let strange = items.iter().find(|item| !item.unreadable().is_empty())?;
    let fields = UnreadableField::in_words(strange);
    Some(format!("{what} {} cannot be read: POD sent {fields}", id(strange)))
}
