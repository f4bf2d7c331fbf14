//! reduceInvoice: lines become cheaper, fewer, or go; what was paid too much goes back.

use pod_platform::{
    Rial, Service,
    invoices::{Invoice, ReduceInvoiceRequest},
    types::PlatformErrorKind as Kind,
};

use super::{invoice_states::issued, issue_invoice::Sums};
use crate::{
    fork::{Need, Side},
    ledger::Account,
    loans, payment,
    service::{Context, Handle, Refusal},
};

impl Handle for ReduceInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.id, Side::Issued)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<Invoice, Refusal> {
        let mut invoice = issued(context, self.id).await?;
        invoice.facts().reducible()?;
        loans::subject_reduced(context, &invoice).await?;

        let mut lines = invoice.items()?;
        for (index, id) in self.invoice_item_id.iter().enumerate() {
            let line = lines.iter_mut().find(|line| line.id == *id).ok_or_else(|| {
                Refusal::because(Kind::NotFound, format!("the invoice has no line {id}"))
            })?;
            // The catalogue's rules have seen to it that the lists are as long as one another.
            line.amount = self.price.get(index).copied().unwrap_or(line.amount);
            line.quantity = self.quantity.get(index).copied().unwrap_or(line.quantity);
            line.description = self.item_description.get(index).cloned();
            if line.quantity == 0.0 {
                line.discount = Some(Rial::ZERO);
            }
        }
        lines.retain(|line| line.quantity > 0.0);
        if let Some(rate) = self.preferred_tax_rate {
            invoice.tax_rate = rate;
        }
        let before = invoice.payable();
        let Sums { amount, discount, vat, vat_exact } = Sums::of(&lines, invoice.tax_rate)?;
        let less = before - amount - vat;
        if less < 0 {
            return Err(Refusal::because(
                Kind::InvalidNumber,
                format!("a reduced invoice is for at most {before} rials, not {}", amount + vat),
            ));
        }
        let lines = serde_json::to_string(&lines)?;
        if less == 0 && lines == invoice.lines {
            // It is as asked for already.
            return Ok(invoice.shown(context.parties)?);
        }
        invoice.amount = amount;
        invoice.discount = discount;
        invoice.vat = vat;
        invoice.vat_exact = vat_exact;
        invoice.lines = lines;
        invoice.edited = true;
        invoice.save(context.connection).await?;

        let account = Account::Invoice { id: invoice.id };
        let held = account.balance(context.connection).await?;
        payment::refund(context, account, invoice.id, less.min(held), Self::ROW.name).await?;
        Ok(invoice.shown(context.parties)?)
    }
}
