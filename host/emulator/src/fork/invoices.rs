//! An invoice that POD shows, as the database holds it.

use pod_platform::{
    Instant, Rial,
    invoices::{Invoice, PaymentTool},
    rules,
};

use super::identity::NOBODY;
use crate::invoice::{CardReceipt, Record, unique_number};

/// The row of an invoice that the real platform shows. What has no column stays with what it showed.
pub(crate) fn record(invoice: &Invoice) -> Result<Record, serde_json::Error> {
    let facts = rules::invoice::Invoice::from(invoice);
    let id = invoice.id.cast_signed();
    // What has to be paid is what counts, however it comes about.
    let vat = invoice.vat.unwrap_or_default().min(invoice.payable_amount);
    let amount = Rial(invoice.payable_amount.0.saturating_sub(vat.0));
    let whole = invoice.total_amount_without_discount.unwrap_or(amount);
    let issued_at = invoice.issuance_date.unwrap_or(Instant(0));
    let card = CardReceipt {
        bank_gateway: invoice.bank_gateway.as_ref().and_then(|bank| bank.type_.clone()),
        terminal_number: invoice.terminal_number.clone(),
        masked_card_number: invoice.masked_card_number.clone(),
        rrn: invoice.transaction_reference_id.clone(),
        tref: None,
    };
    let deadline = invoice.delivery_date.filter(|at| at.0 > 0);
    let deadline = deadline.map(|at| at.jalali_date().to_string());
    Ok(Record {
        id,
        business_id: invoice.business.as_ref().map_or(NOBODY, |own| own.id.cast_signed()),
        user_id: invoice.user_srv.as_ref().map(|user| user.id.cast_signed()),
        guild_code: invoice.guild_srv.as_ref().map(|own| own.code.clone()).unwrap_or_default(),
        amount: amount.0.cast_signed(),
        discount: whole.0.saturating_sub(amount.0).cast_signed(),
        vat: vat.0.cast_signed(),
        vat_exact: None,
        tax_rate: tax_rate(vat, amount),
        bill_number: invoice.bill_number.clone(),
        payment_bill_number: invoice.payment_bill_number.clone(),
        unique_number: invoice.unique_number.clone().unwrap_or_else(|| unique_number(id)),
        description: invoice.description.clone(),
        cellphone_number: invoice.cellphone_number.clone(),
        metadata: invoice.metadata.clone(),
        redirect_url: None,
        lines: serde_json::to_string(&invoice.invoice_item_srvs)?,
        issued_at: issued_at.0.cast_signed(),
        issued_on: invoice
            .issuance_persian_date
            .clone()
            .unwrap_or_else(|| issued_at.jalali_date().to_string()),
        deadline,
        paid_at: set(invoice.payment_date),
        payed: facts.payed,
        unverified: facts.unverified,
        verified_at: set(invoice.verification_date),
        verification_needed: invoice.verification_needed,
        verify_after_timeout: false,
        canceled: facts.canceled,
        canceled_at: set(invoice.cancel_date),
        closed: facts.closed,
        close_time_out: invoice
            .unsafe_close_time_out
            .filter(|seconds| *seconds > 0)
            .map(u64::cast_signed),
        waiting: facts.at_gateway,
        edited: invoice.edited,
        safe: invoice.safe,
        post_voucher_enabled: invoice.post_voucher_enabled,
        will_be_paid: invoice.will_be_paid,
        will_be_blocked: invoice.will_be_blocked,
        will_blocked_for: invoice.will_blocked_for.map(u64::cast_signed),
        will_be_paid_at: invoice.will_be_paid_at.map(|at| at.0.cast_signed()),
        settles_at: None,
        settles_to: None,
        wallet: invoice.wallet.clone(),
        payment_tool: invoice.payment_tool_code.as_ref().map(|tool| PaymentTool::code(tool).into()),
        payment_reference: invoice.reference_number.clone(),
        payer_id: invoice.payer.as_ref().map(|payer| payer.id.cast_signed()),
        delegated: invoice.delegation_amount.unwrap_or_default().0.cast_signed(),
        card_receipt: Some(serde_json::to_string(&card)?),
        upstream: Some(serde_json::to_string(invoice)?),
    })
}

/// A date that is set: POD shows 0 for one that is not.
fn set(at: Option<Instant>) -> Option<i64> {
    at.filter(|at| at.0 > 0).map(|at| at.0.cast_signed())
}

/// The tax that an invoice bears: no field tells the rate itself. The shortest decimal that makes the
/// same tax.
#[expect(clippy::cast_precision_loss, reason = "a rate, used if the invoice is reduced")]
fn tax_rate(vat: Rial, amount: Rial) -> f64 {
    if amount == Rial::ZERO {
        return 0.0;
    }
    let exact = vat.0 as f64 / amount.0 as f64;
    let rounded = [100.0, 1_000.0, 10_000.0, 1_000_000.0].map(|unit| (exact * unit).ceil() / unit);
    let same = |rate: &f64| amount.times(*rate).is_some_and(|product| product.rials == vat);
    rounded.into_iter().find(same).unwrap_or(exact)
}
