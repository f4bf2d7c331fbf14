//! sendInvoicePaymentSMS and verifyPaymentSMS.

use pod_platform::{
    Rial, Service,
    payments::{SendInvoicePaymentSMSRequest, VerifyPaymentSMSRequest},
    types::PlatformErrorKind as Kind,
};
use sqlx::query_as;

use super::{invoice_states::of_party, payments::PODLAND_WALLET};
use crate::{
    fork::{Need, Side},
    invoice::Record,
    ledger::Account,
    pages,
    payment::{self, Delegations, Payment, Source},
    service::{Context, Handle, Refusal, stored},
    sms,
};

/// What an SMS holds, by POD's numbers.
const CODE: u32 = 1;
const LINK: u32 = 2;
const BOTH: u32 = 3;

impl Handle for SendInvoicePaymentSMSRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Either)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let invoice = of_party(context, self.invoice_id).await?;
        invoice.must_be_payable(context.now)?;
        let user = invoice.user_id.ok_or_else(|| {
            Refusal::argument("invoiceId", "an invoice that was issued for a user")
        })?;
        let number = match context.parties.cellphone_number(user) {
            // Nobody can text back what went to a number that nobody tells.
            None if context.assumes("user-has-a-mobile") => return Ok(true),
            number => number.ok_or_else(|| {
                Refusal::argument("invoiceId", "an invoice of a user with a verified mobile number")
            })?,
        };
        // No document tells what `delegationId` counts; here it is a credit's place in the scenario.
        let mut delegations = Delegations {
            delegators: self.delegator_id,
            hashes: self.delegation_hash,
            force: self.force_delegation == Some(true),
        };
        for id in &self.delegation_id {
            let (delegator, hash) = delegation(context, user, stored("delegationId", *id)?).await?;
            delegations.hashes.resize(delegations.delegators.len(), String::new());
            delegations.delegators.push(delegator.unsigned_abs());
            delegations.hashes.push(hash);
        }

        let content = self.sms_content_type.unwrap_or(BOTH);
        let has_link = content == LINK || content == BOTH;
        let mut text = greeting(context, &invoice);
        if content == CODE || content == BOTH {
            let wallet = self.wallet.as_deref().unwrap_or(PODLAND_WALLET);
            let code = sms::issue_code(context, &invoice, user, wallet, &delegations).await?;
            // A text pays from POD's own wallet only; of another, the code is told to the business,
            // which verifies it (S1).
            text.push_str(&if wallet == PODLAND_WALLET {
                format!("\nجهت پرداخت از کیف پول خود، کد {code} را به همین شماره پیامک کنید")
            } else {
                format!("\nکد {code} برای تایید پرداخت از کیف پول شما")
            });
            let named: Vec<&str> =
                delegations.hashes.iter().map(String::as_str).filter(|h| !h.is_empty()).collect();
            if !named.is_empty() {
                text.push_str(&format!("\nاعتبارات مورد استفاده: {}", named.join("، ")));
            }
            if has_link {
                text.push_str("\nیا بر روی لینک زیر کلیک نمایید.");
            }
        } else {
            text.push_str("\nجهت پرداخت بر روی لینک زیر کلیک نمایید.");
        }
        if has_link {
            let link = pages::link_by_unique_number(
                context.root_url,
                &invoice.unique_number,
                &[
                    ("redirectUri", self.redirect_uri.as_deref()),
                    ("callUri", self.callback_uri.as_deref()),
                ],
            );
            text.push('\n');
            text.push_str(&link);
        }
        sms::send(context, Self::ROW.name, &number, &text).await?;
        Ok(true)
    }
}

/// Who bills how much (S1 quotes the text).
fn greeting(context: &Context<'_>, invoice: &Record) -> String {
    let issuer = context.parties.business_name(invoice.business_id);
    let payable = Rial(invoice.payable().unsigned_abs()).grouped();
    format!(
        "*سرزمین هوشمند پاد*\n{issuer} برای شما فاکتور شماره {} به مبلغ {payable} ریال صادر نموده است.",
        invoice.id
    )
}

async fn delegation(
    context: &mut Context<'_>,
    delegate: i64,
    position: i64,
) -> Result<(i64, String), Refusal> {
    let row: Option<(i64, String)> = query_as(
        "SELECT delegator_id, hash FROM delegations WHERE position = ? AND delegate_id = ?",
    )
    .bind(position)
    .bind(delegate)
    .fetch_optional(&mut *context.connection)
    .await?;
    row.ok_or_else(|| Refusal::because(Kind::NotFound, format!("no delegated credit {position}")))
}

impl Handle for VerifyPaymentSMSRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Either)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<String, Refusal> {
        let invoice = stored("invoiceId", self.invoice_id)?;
        let mut found =
            Record::find(context.connection, self.invoice_id).await?.ok_or(Kind::NotFound)?;
        let caller = context.caller;
        let is_party =
            caller.business_id == Some(found.business_id) || found.user_id == Some(caller.user_id);
        if !is_party {
            return Err(Kind::NoPermission.into());
        }
        found.must_be_payable(context.now)?;
        // POD sent the codes, in a fork.
        if context.assumes("code-is-right") {
            let account = Account::Assumed.to_string();
            let paying = Payment {
                sources: vec![Source { account, rials: found.payable() }],
                payer: found.user_id,
                tool: Some(payment::CREDIT),
                ..Payment::default()
            };
            payment::pay(context, &mut found, Self::ROW.name, paying).await?;
            return Ok("true".to_owned());
        }
        sms::pay_by_code(context, &self.code, Some(invoice), None, Self::ROW.name).await?;
        Ok("true".to_owned())
    }
}
