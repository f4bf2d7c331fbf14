//! verifyInvoice, verifyAndCloseInvoice, closeInvoice and cancelInvoice: what an issuer does with an
//! invoice after it was issued.

use pod_platform::{
    Service,
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, Invoice, VerifyAndCloseInvoiceRequest,
        VerifyInvoiceRequest,
    },
    types::PlatformErrorKind as Kind,
};
use sqlx::query_scalar;

use crate::{
    fork::{Need, Side},
    invoice::Record,
    loans, payment,
    service::{Context, Handle, Refusal, calling_business},
};

impl Handle for VerifyInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        vec![match (self.id, &self.bill_number) {
            (Some(id), _) => Need::Invoice(id, Side::Issued),
            (None, number) => Need::Numbered(number.clone().unwrap_or_default()),
        }]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<Invoice, Refusal> {
        let id = match (self.id, self.bill_number) {
            (Some(id), _) => id,
            (None, number) => numbered(context, number.unwrap_or_default()).await?,
        };
        let mut invoice = issued(context, id).await?;
        payment::verify(context, &mut invoice).await?;
        Ok(invoice.shown(context.parties)?)
    }
}

impl Handle for VerifyAndCloseInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.id, Side::Issued)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<Invoice, Refusal> {
        let mut invoice = issued(context, self.id).await?;
        payment::verify(context, &mut invoice).await?;
        payment::close(context, &mut invoice, Self::ROW.name).await?;
        Ok(invoice.shown(context.parties)?)
    }
}

impl Handle for CloseInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.id, Side::Issued)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let mut invoice = issued(context, self.id).await?;
        invoice.facts().closable()?;
        payment::close(context, &mut invoice, Self::ROW.name).await?;
        Ok(true)
    }
}

impl Handle for CancelInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.id, Side::Issued)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let mut invoice = issued(context, self.id).await?;
        invoice.facts().cancelable()?;
        loans::subject_canceled(context, &invoice).await?;
        payment::cancel(context, &mut invoice, Self::ROW.name).await?;
        Ok(true)
    }
}

/// An invoice that the caller issued.
pub(super) async fn issued(context: &mut Context<'_>, id: u64) -> Result<Record, Refusal> {
    let business = calling_business(context)?;
    let invoice = Record::find(context.connection, id).await?.ok_or(Kind::NotFound)?;
    if invoice.business_id != business {
        return Err(Kind::NoPermission.into());
    }
    Ok(invoice)
}

/// An invoice that the caller issued, or that was issued for it.
pub(super) async fn of_party(context: &mut Context<'_>, id: u64) -> Result<Record, Refusal> {
    let invoice = Record::find(context.connection, id).await?.ok_or(Kind::NotFound)?;
    let caller = context.caller;
    let is_party =
        caller.business_id == Some(invoice.business_id) || invoice.user_id == Some(caller.user_id);
    if is_party { Ok(invoice) } else { Err(Kind::NoPermission.into()) }
}

async fn numbered(context: &mut Context<'_>, number: String) -> Result<u64, Refusal> {
    let id: Option<i64> =
        query_scalar("SELECT id FROM invoices WHERE business_id = ? AND bill_number = ?")
            .bind(calling_business(context)?)
            .bind(number)
            .fetch_optional(&mut *context.connection)
            .await?;
    Ok(id.ok_or(Kind::NotFound)?.unsigned_abs())
}
