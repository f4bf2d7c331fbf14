//! payInvoiceByInvoice: a debt is settled out of a paid invoice of the debtor's own.

use pod_platform::{
    Service, payments::PayInvoiceByInvoiceRequest, types::PlatformErrorKind as Kind,
};
use sqlx::query;

use crate::{
    invoice::Record,
    ledger::{self, Account, Move},
    service::{Context, Handle, Refusal},
};

impl Handle for PayInvoiceByInvoiceRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let creditor = find(context, self.creditor_invoice_id, "creditor").await?;
        let debtor = find(context, self.debtor_invoice_id, "debtor").await?;

        // The caller is the business that the debt is billed to and that the money is owed to.
        let caller = context.caller;
        if caller.business_id != Some(creditor.business_id)
            || debtor.user_id != Some(caller.user_id)
            || caller.business_id == Some(debtor.business_id)
        {
            return Err(Kind::NoPermission.into());
        }
        debtor.must_be_open()?;
        // The documents say nothing of a creditor invoice that is cancelled or closed. Its money
        // has gone elsewhere, and the errors that POD has for that say so best.
        if creditor.canceled {
            return Err(Kind::InvoiceIsCanceled.into());
        }
        if !creditor.payed {
            return Err(Kind::CreditorInvoiceNotPayed.into());
        }
        if creditor.will_be_paid {
            return Err(Kind::CreditorInvoiceEarmarked.into());
        }
        if creditor.closed {
            return Err(Kind::BillAlreadyClosed.into());
        }
        // An invoice that its issuer marked as paid outside POD has no money here to give.
        let held = Account::Invoice { id: creditor.id }.balance(context.connection).await?;
        if creditor.payable().min(held) < debtor.payable() {
            // POD names no error for this; insufficient funds is what it is.
            return Err(Refusal::because(
                Kind::InsufficientFunds,
                format!(
                    "invoice {} holds {} rials, invoice {} needs {}",
                    creditor.id,
                    creditor.payable().min(held),
                    debtor.id,
                    debtor.payable()
                ),
            ));
        }

        let money = Move {
            from: Account::Invoice { id: creditor.id },
            to: Account::Invoice { id: debtor.id },
            rials: debtor.payable(),
        };
        ledger::post(context.connection, context.now, Self::ROW.name, context.reference, &[money])
            .await?;
        query("UPDATE invoices SET will_be_paid = 1 WHERE id = ?")
            .bind(creditor.id)
            .execute(&mut *context.connection)
            .await?;
        query(
            "UPDATE invoices SET payed = 1, will_be_blocked = 1, paid_at = ?, \
             payment_reference = ? WHERE id = ?",
        )
        .bind(context.millis())
        .bind(context.reference.to_string())
        .bind(debtor.id)
        .execute(&mut *context.connection)
        .await?;
        Ok(true)
    }
}

async fn find(context: &mut Context<'_>, id: u64, side: &str) -> Result<Record, Refusal> {
    Record::find(context.connection, id)
        .await?
        .ok_or_else(|| Refusal::because(Kind::NotFound, format!("no {side} invoice {id}")))
}
