//! What POD allows, by the rules that the host decides by.

use pod_sdk::{
    clock,
    rules::invoice::{Invoice, Shown},
    values::Instant,
};
use rhai::{Array, Engine, Map};

use crate::{
    call::{Answer, unfit},
    convert::{FromScript, Mismatch},
};

/// Registers them all. An invoice is one that a service answered; what is not needed of it may be
/// missing.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("is_payable", |invoice: &mut Map| -> Answer<bool> {
            let invoice = facts("is_payable", invoice)?;
            // The clock is looked at only if it matters.
            Ok(invoice.open().is_ok()
                && (invoice.deadline.is_none()
                    || invoice.payable(Instant(clock::now()).jalali_date()).is_ok()))
        })
        .register_fn("is_free_for_netting", |invoice: &mut Map| -> Answer<bool> {
            Ok(facts("is_free_for_netting", invoice)?.free_for_netting().is_ok())
        });
}

fn facts(function: &str, invoice: &Map) -> Answer<Invoice> {
    // Fields that decide may be missing then.
    let unreadable = invoice.get("unreadable").and_then(|fields| fields.read_lock::<Array>());
    if unreadable.is_some_and(|fields| !fields.is_empty()) {
        return Ok(Invoice { unreadable: true, ..Invoice::default() });
    }
    shown(invoice).map(Invoice::from).map_err(|mismatch| unfit(function, "invoice", mismatch))
}

fn shown(invoice: &Map) -> Result<Shown, Mismatch> {
    Ok(Shown {
        payed: field(invoice, "payed")?,
        canceled: field(invoice, "canceled")?,
        closed: field(invoice, "closed")?,
        waiting: field(invoice, "waiting")?,
        verification_needed: field(invoice, "verification_needed")?,
        payment_date: instant(invoice, "payment_date")?,
        verification_date: instant(invoice, "verification_date")?,
        will_be_paid: field(invoice, "will_be_paid")?,
        will_be_paid_at: instant(invoice, "will_be_paid_at")?,
        delivery_date: instant(invoice, "delivery_date")?,
        unreadable: false,
    })
}

fn instant(invoice: &Map, name: &str) -> Result<Option<Instant>, Mismatch> {
    Ok(field::<Option<u64>>(invoice, name)?.map(Instant))
}

/// A key that is missing is not taken for one that holds nothing: the answer would be a guess.
fn field<T: FromScript>(invoice: &Map, name: &str) -> Result<T, Mismatch> {
    let value = invoice.get(name).cloned();
    value
        .ok_or_else(|| Mismatch::new("is missing"))
        .and_then(T::from_script)
        .map_err(|mismatch| mismatch.in_field(name))
}
