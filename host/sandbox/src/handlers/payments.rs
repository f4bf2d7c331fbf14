//! payAnyInvoiceByCredit: from wallet and delegated credit. payInvoice: outside POD.

use pod_platform::{
    Service,
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceRequest},
    types::{InvalidArgument, PlatformErrorKind as Kind},
};
use sqlx::{SqliteConnection, query, query_as};

use crate::{
    invoice::Record,
    ledger::{self, Account, Move},
    service::{Context, Handle, Refusal},
};

impl Handle for PayAnyInvoiceByCreditRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        if !self.delegation_hash.is_empty() && self.delegation_hash.len() != self.delegator_id.len()
        {
            // With fewer, nobody could tell which delegator a hash belongs to.
            return Err(Refusal::argument("delegationHash", "absent, or as long as delegatorId"));
        }
        let invoice =
            Record::find(context.connection, self.invoice_id).await?.ok_or(Kind::NotFound)?;
        // A business may pay its own invoice for nobody; it cannot pay itself for its customer.
        if context.caller.business_id == Some(invoice.business_id) && invoice.user_id.is_some() {
            return Err(Kind::NoPermission.into());
        }
        invoice.must_be_open()?;

        let payable = invoice.payable();
        let mut rest = payable;
        let mut credits: Vec<(String, i64)> = Vec::new();
        for (index, delegator) in self.delegator_id.iter().enumerate() {
            if rest == 0 {
                break;
            }
            let hash = self.delegation_hash.get(index);
            for (hash, balance) in
                matching(context, &invoice, *delegator, hash.map(String::as_str)).await?
            {
                // A credit that the caller names twice is there only once.
                if !credits.iter().any(|(used, _)| *used == hash) {
                    let rials = balance.min(rest);
                    rest -= rials;
                    credits.push((hash, rials));
                }
            }
        }
        let delegated = payable - rest;
        if rest > 0 {
            if self.force_delegation == Some(true) {
                return Err(Refusal::because(
                    Kind::InsufficientFunds,
                    format!("delegated credit pays {delegated} of {payable} rials"),
                ));
            }
            let wallet = Account::Wallet { user: context.caller.user_id, code: &self.wallet };
            let balance = wallet.balance(context.connection).await?;
            if balance < rest {
                return Err(Refusal::because(
                    Kind::InsufficientFunds,
                    format!("{} holds {balance} of {rest} rials", self.wallet),
                ));
            }
        }

        let to = Account::Invoice { id: invoice.id };
        let mut moves: Vec<Move<'_>> = credits
            .iter()
            .map(|(hash, rials)| Move {
                from: Account::Delegation { hash },
                to: to.clone(),
                rials: *rials,
            })
            .collect();
        moves.push(Move {
            from: Account::Wallet { user: context.caller.user_id, code: &self.wallet },
            to: to.clone(),
            rials: rest,
        });
        ledger::post(context.connection, context.now, Self::ROW.name, context.reference, &moves)
            .await?;
        // Until its issuer verifies a three-step payment, the invoice does not count as paid (S1).
        query(
            "UPDATE invoices SET payed = NOT verification_needed, \
             unverified = verification_needed, paid_at = ?, wallet = ?, \
             payment_tool = 'PAYMENT_TOOL_CREDIT', payment_reference = ?, delegated = ? \
             WHERE id = ?",
        )
        .bind(context.millis())
        .bind(&self.wallet)
        .bind(context.reference.to_string())
        .bind(delegated)
        .bind(invoice.id)
        .execute(&mut *context.connection)
        .await?;
        Ok(true)
    }

    fn refuse(argument: InvalidArgument) -> Refusal {
        if argument.field == "wallet" { Kind::WalletMissing.into() } else { argument.into() }
    }
}

/// The credits of a delegator that may pay this invoice, in the order of use: what is left of each.
/// A credit for another guild, for somebody else, expired or unknown is none.
async fn matching(
    context: &mut Context<'_>,
    invoice: &Record,
    delegator: u64,
    hash: Option<&str>,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let Ok(delegator) = i64::try_from(delegator) else {
        return Ok(Vec::new());
    };
    let now = context.millis();
    let connection: &mut SqliteConnection = context.connection;
    query_as(
        "SELECT hash, balance FROM delegations JOIN accounts ON name = 'delegation:' || hash
         WHERE delegate_id = ?1 AND delegator_id = ?2 AND (?3 IS NULL OR hash = ?3)
           AND (guild_code IS NULL OR guild_code = ?4)
           AND (expires_at IS NULL OR expires_at > ?5)
           AND balance > 0
         ORDER BY position",
    )
    .bind(context.caller.user_id)
    .bind(delegator)
    .bind(hash)
    .bind(&invoice.guild_code)
    .bind(now)
    .fetch_all(connection)
    .await
}

impl Handle for PayInvoiceRequest {
    async fn handle(self, context: &mut Context<'_>) -> Result<bool, Refusal> {
        let invoice =
            Record::find(context.connection, self.invoice_id).await?.ok_or(Kind::NotFound)?;
        if context.caller.business_id != Some(invoice.business_id) {
            return Err(Kind::NoPermission.into());
        }
        invoice.must_be_open()?;
        // The money was paid elsewhere: nothing for the ledger, and nothing left to verify.
        query("UPDATE invoices SET payed = 1, paid_at = ?, payment_reference = ? WHERE id = ?")
            .bind(context.millis())
            .bind(context.reference.to_string())
            .bind(invoice.id)
            .execute(&mut *context.connection)
            .await?;
        Ok(true)
    }
}
