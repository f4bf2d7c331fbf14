//! getInvoicePaymentLink, sendPaymentLinkToUser and getGatewayLink: how somebody else comes to the
//! payment page. (The other two links are built by clients.)

use pod_platform::{
    Service as _,
    bills::GetGatewayLinkRequest,
    payments::{Gateway, GetInvoicePaymentLinkRequest, SendPaymentLinkToUserRequest},
    types::PlatformErrorKind as Kind,
};
use sha2::{Digest, Sha256};
use sqlx::query;

use super::invoice_states::of_party;
use crate::{
    fork::{Need, Side},
    invoice::Record,
    pages,
    service::{Context, Handle, Refusal, stored},
    sms,
};

/// A link's hash is good for so many milliseconds (S0: 300 seconds).
const LINK_TIME: u64 = 300_000;

impl Handle for GetInvoicePaymentLinkRequest {
    const WRITES: bool = true;

    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Either)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<String, Refusal> {
        let invoice = of_party(context, self.invoice_id).await?;
        let hash = Sha256::new()
            .chain_update(b"link")
            .chain_update(invoice.id.to_be_bytes())
            .chain_update(context.reference.to_be_bytes())
            .finalize();
        let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        query(
            "INSERT INTO payment_links (hash, invoice_id, redirect_uri, callback_uri, gateway, \
             expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&hash)
        .bind(invoice.id)
        .bind(self.redirect_uri)
        .bind(self.callback_uri)
        .bind(self.gateway.as_ref().map(Gateway::code))
        .bind(context.after(LINK_TIME).0.cast_signed())
        .execute(&mut *context.connection)
        .await?;
        Ok(pages::link_by_hash(context.root_url, &hash))
    }
}

impl Handle for SendPaymentLinkToUserRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Owed)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let invoice =
            Record::find(context.connection, self.invoice_id).await?.ok_or(Kind::NotFound)?;
        if invoice.user_id != Some(context.caller.user_id) {
            return Err(Kind::InvoiceNotIssuedForCaller.into());
        }
        invoice.must_be_payable(context.now)?;
        let user = stored("userId", self.user_id)?;
        if context.parties.cellphone_number(user).is_none() && context.assumes("user-has-a-mobile")
        {
            return Ok(true);
        }
        if !context.parties.is_user(user) {
            return Err(Refusal::because(Kind::NotFound, format!("no user {user}")));
        }
        let number = context
            .parties
            .cellphone_number(user)
            .ok_or_else(|| Refusal::argument("userId", "a user with a verified mobile number"))?;
        let redirect = Some(self.redirect_uri.as_str());
        let link = pages::link_by_unique_number(
            context.root_url,
            &invoice.unique_number,
            &[("redirectUri", redirect)],
        );
        sms::send(context, Self::ROW.name, &number, &link).await?;
        Ok(true)
    }
}

impl Handle for GetGatewayLinkRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<String, Refusal> {
        // S3: a wrong number is no error here; its link leads to the page "page not found".
        let gateway = self.gateway.unwrap_or(Gateway::PEP);
        Ok(pages::link_by_unique_number(
            context.root_url,
            &self.unique_number,
            &[
                ("redirectUri", Some(self.redirect_uri.as_str())),
                ("callUri", Some(self.call_uri.as_str())),
                ("gateway", Some(gateway.code())),
            ],
        ))
    }
}
