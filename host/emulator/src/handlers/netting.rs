//! payInvoiceByInvoice: a debt is settled out of a paid invoice of the debtor's own.

use pod_platform::{
    CREDITOR_INVOICE_NOT_FOUND, Service, payments::PayInvoiceByInvoiceRequest, rules::netting,
    types::PlatformErrorKind as Kind,
};

use crate::{
    fork::{Need, Side},
    invoice::Record,
    ledger::{Account, rials},
    payment::{self, Payment, Source},
    service::{Context, Handle, Refusal},
};

impl Handle for PayInvoiceByInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        let creditor = Need::Invoice(self.creditor_invoice_id, Side::Issued);
        vec![creditor, Need::Invoice(self.debtor_invoice_id, Side::Owed)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let creditor = Record::find(context.connection, self.creditor_invoice_id).await?;
        let mut creditor =
            creditor.ok_or_else(|| Refusal::saying(Kind::NotFound, CREDITOR_INVOICE_NOT_FOUND))?;
        let debtor = Record::find(context.connection, self.debtor_invoice_id).await?;
        let mut debtor = debtor.ok_or_else(|| {
            let id = self.debtor_invoice_id;
            Refusal::because(Kind::NotFound, format!("no debtor invoice {id}"))
        })?;

        // The caller is the business that the debt is billed to and that the money is owed to.
        let caller = context.caller;
        if caller.business_id != Some(creditor.business_id)
            || debtor.user_id != Some(caller.user_id)
            || caller.business_id == Some(debtor.business_id)
        {
            return Err(Kind::NoPermission.into());
        }
        debtor.must_be_payable(context.now)?;
        // The documents say nothing of a creditor invoice that is cancelled or closed. Its money
        // has gone elsewhere, and the errors that POD has for that say so best.
        creditor.facts().free_for_netting()?;
        // An invoice that its issuer marked as paid outside POD has no money here to give.
        let held = Account::Invoice { id: creditor.id }.balance(context.connection).await?;
        let holds = rials(creditor.payable().min(held));
        if netting::covers(holds, rials(debtor.payable())).is_err() {
            // POD names no error for this; insufficient funds is what it is.
            return Err(Refusal::because(
                Kind::InsufficientFunds,
                format!(
                    "invoice {} holds {} rials, invoice {} needs {}",
                    creditor.id,
                    holds.0,
                    debtor.id,
                    debtor.payable()
                ),
            ));
        }

        creditor.will_be_paid = true;
        creditor.will_blocked_for = Some(debtor.id);
        creditor.save(context.connection).await?;
        debtor.will_be_blocked = true;
        let at = context.midnight();
        payment::await_settlement(context, &mut debtor, at).await?;
        let account = Account::Invoice { id: creditor.id }.to_string();
        let paying = Payment {
            sources: vec![Source { account, rials: debtor.payable() }],
            payer: Some(caller.user_id),
            ..Payment::default()
        };
        payment::pay(context, &mut debtor, Self::ROW.name, paying).await?;
        Ok(true)
    }
}
