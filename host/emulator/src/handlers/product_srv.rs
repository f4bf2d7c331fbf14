//! `productSrv`: a line's registered product, as POD's typed clients read it in lists. The contract
//! has the short form, which S4 shows.

use pod_platform::invoices::{Invoice, InvoiceItem, InvoicePage, ProductShort};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use sqlx::query_scalar;

use crate::service::{Context, Refusal, stored};

/// Adds it to each line of a page that has a registered product.
pub(super) async fn add(
    context: &mut Context<'_>,
    page: &InvoicePage,
    written: Box<RawValue>,
) -> Result<Box<RawValue>, Refusal> {
    let has_registered =
        |invoice: &Invoice| invoice.invoice_item_srvs.iter().any(|line| registered(line).is_some());
    // Most invoices have none, and are not read again.
    if !page.result.iter().any(has_registered) {
        return Ok(written);
    }
    let mut result: Vec<Value> = serde_json::from_str(written.get())?;
    for (invoice, shown) in page.result.iter().zip(&mut result) {
        let items = shown["invoiceItemSrvs"].as_array_mut().into_iter().flatten();
        for (line, item) in invoice.invoice_item_srvs.iter().zip(items) {
            if let Some(short) = registered(line) {
                item["productSrv"] = product(context, invoice, short).await?;
            }
        }
    }
    Ok(to_raw_value(&result)?)
}

fn registered(line: &InvoiceItem) -> Option<&ProductShort> {
    line.product_short_srv.as_ref().filter(|product| product.id != 0)
}

/// The fields are those of recorded answers; what has no meaning here is 0, as it is there.
async fn product(
    context: &mut Context<'_>,
    invoice: &Invoice,
    short: &ProductShort,
) -> Result<Value, Refusal> {
    let code: Option<String> = query_scalar("SELECT guild_code FROM products WHERE id = ?")
        .bind(stored("productId", short.id)?)
        .fetch_optional(&mut *context.connection)
        .await?
        .flatten();
    let guild = match code {
        Some(code) => Some(context.parties.guild(&code)),
        None => invoice.guild_srv.clone(),
    };
    Ok(json!({
        "id": 0,
        "version": 0,
        "timelineId": 0,
        "entityId": short.id,
        "numOfLikes": 0,
        "numOfDisLikes": 0,
        "numOfFavorites": 0,
        "numOfComments": 0,
        "timestamp": 0,
        "enable": true,
        "hide": false,
        "business": invoice.business,
        "latitude": 0,
        "longitude": 0,
        "name": short.name,
        "categoryList": [],
        "unlimited": true,
        "availableCount": 0,
        "price": short.price,
        "discount": 0,
        "rate": {"rate": 0, "rateCount": 0},
        "attributeValues": short.attribute_values,
        "guild": guild,
        "allowUserInvoice": false,
        "allowUserPrice": false,
        "currency": {"name": "ریال", "code": "IRR"},
    }))
}
