//! What a buyer may choose from at the gateway: the contracts whose member the buyer is and that
//! allow the invoice, with their plans (S4).

use super::{
    contract::{Contract, Part, Plan, left},
    loan::{Loan, Role},
};
use crate::{
    invoice::Record,
    service::{Context, Refusal},
};

/// A contract that may pay an invoice.
pub(crate) struct Offer {
    pub(crate) contract: Contract,
    /// What the buyer may still borrow under it.
    pub(crate) left: i64,
    pub(crate) plans: Vec<Plan>,
}

/// The contracts from which an invoice's buyer can choose. None, if a loan is to pay it already.
pub(crate) async fn offers(
    context: &mut Context<'_>,
    invoice: &Record,
) -> Result<Vec<Offer>, Refusal> {
    let mut offers = Vec::new();
    let Some(user) = invoice.user_id else { return Ok(offers) };
    if Role::of(context.connection, invoice.id).await?.is_some() {
        return Ok(offers);
    }
    let today = context.now.jalali_date();
    for left in left(context.connection, today, Some(user)).await? {
        let contract = Contract::named(context, left.contract.unsigned_abs()).await?;
        if left.rials > 0 && contract.permits(invoice.business_id)? {
            let plans = contract.active_plans(context.connection).await?;
            if !plans.is_empty() {
                offers.push(Offer { contract, left: left.rials, plans });
            }
        }
    }
    Ok(offers)
}

/// The instalments by which a plan would pay so much back, if it were lent now.
pub(crate) fn installments(
    context: &Context<'_>,
    plan: &Plan,
    principal: i64,
) -> Result<Vec<Part>, Refusal> {
    plan.schedule(&Loan { principal, created_at: context.millis(), ..Loan::default() })
}
