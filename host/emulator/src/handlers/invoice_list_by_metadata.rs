//! getInvoiceListByMetadata: the caller's invoices whose metadata says something.

use std::borrow::Cow;

use pod_platform::{
    MetaQuery,
    invoices::{GetInvoiceListByMetadataRequest, InvoicePage},
    wire::form::Fields,
};
use serde_json::{Value, value::RawValue};
use sqlx::query;

use super::{
    invoice_list::{DEFAULT_SIZE, first_page_unless_told},
    product_srv,
};
use crate::{
    fork::{Kind, Reads},
    invoice::Record,
    service::{Context, Handle, Refusal},
};

impl Handle for GetInvoiceListByMetadataRequest {
    const READS: Reads = Reads::Both(Kind::Invoices);

    async fn handle(self, context: &mut Context<'_>) -> Result<InvoicePage, Refusal> {
        let wanted: MetaQuery = serde_json::from_str(&self.meta_query)
            .map_err(|error| Refusal::argument("metaQuery", format!("a query: {error}")))?;
        let rows = query(
            "SELECT * FROM invoices WHERE (business_id = ?1 OR user_id = ?2) \
             AND metadata IS NOT NULL AND (?3 IS NULL OR payed = ?3) \
             AND (?4 IS NULL OR canceled = ?4) \
             AND (?5 IS NULL OR id IN (SELECT value FROM json_each(?5))) ORDER BY id DESC",
        )
        .bind(context.caller.business_id)
        .bind(context.caller.user_id)
        .bind(self.is_payed)
        .bind(self.is_cancelled)
        .bind(context.only)
        .fetch_all(&mut *context.connection)
        .await?;
        let mut matches = Vec::new();
        for row in &rows {
            let invoice = Record::read(row)?;
            let metadata = invoice.metadata.as_deref().map(serde_json::from_str::<Value>);
            if metadata.transpose()?.is_some_and(|metadata| wanted.holds(&metadata)) {
                matches.push(invoice);
            }
        }
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let count = matches.len() as u64;
        let page = matches.into_iter().skip(offset).take(self.size as usize);
        let result = page.map(|invoice| Ok(invoice.shown(context.parties)?));
        Ok(InvoicePage { count, result: result.collect::<Result<_, Refusal>>()? })
    }

    async fn dress(
        context: &mut Context<'_>,
        page: &InvoicePage,
        written: Box<RawValue>,
    ) -> Result<Box<RawValue>, Refusal> {
        product_srv::add(context, page, written).await
    }

    /// Clients leave the page out.
    fn receive(fields: &Fields) -> Cow<'_, Fields> {
        let mut fields = fields.clone();
        first_page_unless_told(&mut fields, "offset", 0);
        first_page_unless_told(&mut fields, "size", DEFAULT_SIZE);
        Cow::Owned(fields)
    }
}
