//! What POD sent in another shape, told to people.

use crate::{
    bills::BillPage, client::Answer, invoices::InvoicePage, loans::LoanPage,
    types::UnreadableField, wire::lenient::Item,
};

/// What is shown of a value, in bytes.
const LARGEST_SHOWN: usize = 100;

impl UnreadableField {
    /// `payableAmount 16.35, vat 1.35`
    #[must_use]
    pub fn in_words(fields: &[Self]) -> String {
        let one = |Self { name, value }: &Self| {
            let shown = &value[..value.floor_char_boundary(LARGEST_SHOWN)];
            let more = if shown.len() < value.len() { "…" } else { "" };
            format!("{name} {shown}{more}")
        };
        fields.iter().map(one).collect::<Vec<_>>().join(", ")
    }
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
    let fields = UnreadableField::in_words(strange.unreadable());
    Some(format!("{what} {} cannot be read: POD sent {fields}", id(strange)))
}
