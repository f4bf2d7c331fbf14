//! payInvoiceByCredit and payAnyInvoiceByCredit: from wallet and delegated credit. payInvoice:
//! outside POD. payInvoiceInFuture. payInvoiceByPos.

use pod_platform::{
    REGISTERED_FOR_FUTURE, Service,
    payments::{
        PayAnyInvoiceByCreditRequest, PayInvoiceByCreditRequest, PayInvoiceByPosRequest,
        PayInvoiceInFutureRequest, PayInvoiceRequest,
    },
    types::{InvalidArgument, PlatformErrorKind as Kind},
};
use sqlx::query_scalar;

use super::invoice_states::issued;
use crate::{
    fork::{FIRST_ID, Need, Side},
    future,
    invoice::{CardReceipt, Record, unique_number},
    ledger::Account,
    payment::{self, Delegations, Payment, Source},
    service::{Context, Handle, Refusal, calling_business, stored},
};

/// The wallet that is meant where none is named.
pub(crate) const PODLAND_WALLET: &str = "PODLAND_WALLET";

impl Handle for PayInvoiceByCreditRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Owed)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let invoice = find(context, self.invoice_id).await?;
        if invoice.user_id != Some(context.caller.user_id) {
            return Err(Kind::InvoiceNotIssuedForCaller.into());
        }
        let wallet = self.wallet.as_deref().unwrap_or(PODLAND_WALLET);
        let delegations = Delegations {
            delegators: self.delegator_id,
            hashes: self.delegation_hash,
            force: self.force_delegation == Some(true),
        };
        pay_by_credit(context, invoice, wallet, &delegations, Self::ROW.name).await
    }
}

impl Handle for PayAnyInvoiceByCreditRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Either)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let invoice = match Record::find(context.connection, self.invoice_id).await? {
            Some(invoice) => invoice,
            None => return pay_unseen(context, self.invoice_id).await,
        };
        let delegations = Delegations {
            delegators: self.delegator_id,
            hashes: self.delegation_hash,
            force: self.force_delegation == Some(true),
        };
        pay_by_credit(context, invoice, &self.wallet, &delegations, Self::ROW.name).await
    }

    fn refuse(argument: InvalidArgument) -> Refusal {
        if argument.field == "wallet" { Kind::WalletMissing.into() } else { argument.into() }
    }
}

/// In a fork, an invoice between others may be there all the same: its parties alone see it.
async fn pay_unseen(context: &mut Context<'_>, id: u64) -> Result<bool, Refusal> {
    if id >= FIRST_ID || !context.assumes("unseen-invoice-is-open") {
        return Err(Kind::NotFound.into());
    }
    context.assumes("wallet-covers");
    let invoice = Record {
        id: stored("invoiceId", id)?,
        unique_number: unique_number(stored("invoiceId", id)?),
        lines: "[]".to_owned(),
        payed: true,
        paid_at: Some(context.millis()),
        payer_id: Some(context.caller.user_id),
        ..Record::default()
    };
    invoice.save(context.connection).await?;
    Ok(true)
}

async fn pay_by_credit(
    context: &mut Context<'_>,
    mut invoice: Record,
    wallet: &str,
    delegations: &Delegations,
    service: &str,
) -> Result<bool, Refusal> {
    invoice.must_be_payable(context.now)?;
    let payer = context.caller.user_id;
    let paying = payment::by_credit(context, payer, &invoice, wallet, delegations).await?;
    payment::pay(context, &mut invoice, service, paying).await?;
    Ok(true)
}

impl Handle for PayInvoiceRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Issued)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let mut invoice = issued(context, self.invoice_id).await?;
        invoice.must_be_payable(context.now)?;
        // The money was paid elsewhere: nothing for the ledger, and nothing left to verify.
        invoice.verification_needed = false;
        payment::mark_paid(context, &mut invoice, Payment::default()).await?;
        Ok(true)
    }
}

impl Handle for PayInvoiceInFutureRequest {
    const MAY_OMIT_OTT: bool = true;

    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Owed)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let business = calling_business(context)?;
        let mut invoice = find(context, self.invoice_id).await?;
        if invoice.user_id != Some(context.caller.user_id) {
            return Err(Kind::InvoiceNotIssuedForCaller.into());
        }
        invoice.must_be_payable(context.now).map_err(|kind| match kind {
            Kind::WaitingForGuarantee => Refusal::saying(kind, REGISTERED_FOR_FUTURE),
            kind => kind.into(),
        })?;
        if self.date < context.now.jalali_date() {
            return Err(Refusal::argument("date", "today or later"));
        }
        let from = match (&self.guild_code, &self.wallet) {
            (Some(code), _) => Account::Guild { business, code },
            (None, wallet) => Account::Wallet {
                user: context.caller.user_id,
                code: wallet.as_deref().unwrap_or(PODLAND_WALLET),
            },
        };
        future::guarantee(context, &mut invoice, from, self.date, Self::ROW.name).await?;
        Ok(true)
    }
}

impl Handle for PayInvoiceByPosRequest {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Invoice(self.invoice_id, Side::Issued)]
    }

    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let mut invoice = issued(context, self.invoice_id).await?;
        invoice.must_be_payable(context.now)?;
        // POD asks the terminal's bank; here, the bank is a table.
        let amount: Option<i64> = query_scalar(
            "SELECT amount FROM pos_transactions WHERE invoice_id = ? AND terminal_number = ? \
             AND merchant_code = ? AND reference_number = ? AND tracking_number = ? \
             AND transaction_date = ?",
        )
        .bind(stored("invoiceId", self.invoice_id)?)
        .bind(&self.terminal_number)
        .bind(&self.merchant_code)
        .bind(&self.reference_number)
        .bind(&self.tracking_number)
        .bind(self.transaction_date.to_string())
        .fetch_optional(&mut *context.connection)
        .await?;
        let payable = invoice.payable();
        let amount = match amount {
            None if context.assumes("terminal-was-paid") => payable,
            amount => amount.ok_or_else(|| {
                Refusal::because(Kind::NotFound, "the terminal's bank knows no such transaction")
            })?,
        };
        if amount != payable {
            return Err(Refusal::because(
                Kind::InvalidNumber,
                format!("the terminal was paid {amount} rials, the invoice is for {payable}"),
            ));
        }
        let paying = Payment {
            sources: vec![Source { account: Account::Outside.to_string(), rials: payable }],
            payer: invoice.user_id,
            wallet: Some(self.wallet.unwrap_or_else(|| PODLAND_WALLET.to_owned())),
            card_receipt: Some(CardReceipt {
                terminal_number: Some(self.terminal_number),
                rrn: Some(self.reference_number),
                tref: Some(self.tracking_number),
                ..CardReceipt::default()
            }),
            ..Payment::default()
        };
        payment::pay(context, &mut invoice, Self::ROW.name, paying).await?;
        Ok(true)
    }
}

async fn find(context: &mut Context<'_>, id: u64) -> Result<Record, Refusal> {
    Ok(Record::find(context.connection, id).await?.ok_or(Kind::NotFound)?)
}
