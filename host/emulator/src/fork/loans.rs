//! Contracts, plans and loans that POD shows, as the database holds them.

use pod_platform::{
    Instant,
    loans::{Contract, Loan, LoanGuarantor, LoanPlan},
    rules,
};
use sqlx::{SqliteConnection, query};

use super::{Known, identity::NOBODY, import, met::Met, pristine};
use crate::{
    handlers::payments::PODLAND_WALLET,
    invoice::Record,
    loans::{self, Installment, Plan},
    service::Refusal,
};

/// A contract, with what is known of its customers' credit. `tool`: the wallet that its instalments
/// are paid from, where a loan shows it. `most_breathing`: so many months it lets go by.
pub(super) async fn contract(
    connection: &mut SqliteConnection,
    known: &Known,
    met: &Met,
    contract: &Contract,
    tool: Option<&str>,
    most_breathing: u32,
) -> Result<(), Refusal> {
    let lender = contract.grantor.as_ref().and_then(|grantor| grantor.business.as_ref());
    if let Some(lender) = lender {
        import::business(connection, met, lender, None).await?;
    }
    let guild = contract.grantor.as_ref().and_then(|grantor| {
        grantor
            .guild
            .as_ref()
            .map(|guild| guild.code.clone())
            .or(grantor.supply_amount_value.clone())
    });
    let no_guarantor = LoanGuarantor::LoanGuarantorNoGuarantor;
    let id = contract.id.cast_signed();
    let row = loans::Contract {
        id,
        business_id: lender.map_or(NOBODY, |lender| lender.id.cast_signed()),
        name: contract.name.clone(),
        ceiling: contract.loan_grantor_ceiling.unwrap_or_default().0.cast_signed(),
        commission_rate: contract.commission_rate.unwrap_or_default(),
        guarantor: contract.guarantor.as_ref().unwrap_or(&no_guarantor).code().to_owned(),
        end_date: contract
            .end_date
            .filter(|end| end.0 > 0)
            .map(|end| end.jalali_date().to_string()),
        max_breathing_period_count: most_breathing.into(),
        clear_installment_tool: tool.unwrap_or(PODLAND_WALLET).to_owned(),
        guild_code: guild.unwrap_or_default(),
        permitted_businesses: None,
        created_at: contract.creation_date.unwrap_or(Instant(0)).0.cast_signed(),
        upstream: Some(serde_json::to_string(contract)?),
    };
    row.save(connection).await?;
    for credit in known.loan_credits.iter().flatten() {
        if credit.contract_id == contract.id {
            query("INSERT OR IGNORE INTO loan_members (contract_id, user_id, credit) VALUES (?, ?, ?)")
                .bind(id)
                .bind(credit.user_id.cast_signed())
                .bind(credit.credit.0.cast_signed())
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// A plan. How many instalments it has is known or stands in its script, which is opaque on POD.
pub(super) async fn plan(
    connection: &mut SqliteConnection,
    known: &Known,
    contract: u64,
    plan: &LoanPlan,
) -> Result<(), Refusal> {
    let stated = known.installments.get(&plan.id).copied();
    let installments = rules::plan::installments(stated, plan.script.as_deref());
    let (installments, interest_rate) = match (installments, plan.interest_rate) {
        (Some(installments), Some(rate)) => (installments, rate),
        (_, rate) => (0, rate.unwrap_or_default()),
    };
    let row = Plan {
        id: plan.id.cast_signed(),
        contract_id: contract.cast_signed(),
        name: plan.name.clone().unwrap_or_default(),
        installments: installments.into(),
        interest_rate,
        active: plan.active,
        created_at: plan.creation_date.unwrap_or(Instant(0)).0.cast_signed(),
        // A loan shows its contract itself.
        upstream: Some(serde_json::to_string(&LoanPlan { contract: None, ..plan.clone() })?),
    };
    row.save(connection).await?;
    Ok(())
}

/// A loan with its contract, its plan, the invoice that it pays and its instalments. One that shows no
/// such invoice, or no contract, is none that anything can be done with.
pub(super) async fn loan(
    connection: &mut SqliteConnection,
    now: Instant,
    known: &Known,
    met: &Met,
    loan: &Loan,
) -> Result<(), Refusal> {
    let (Some(subject), Some(own_contract)) = (&loan.subject_invoice, &loan.contract) else {
        return Ok(());
    };
    let tool = loan.clear_installment_tool_id.as_deref();
    let breathing = rules::plan::most_breathing(own_contract.max_breathing_period_count);
    contract(connection, known, met, own_contract, tool, breathing).await?;
    if let Some(own) = &loan.plan {
        plan(connection, known, own_contract.id, own).await?;
    }
    if let Some(user) = &loan.user {
        import::user(connection, met, user).await?;
    }
    take_in(connection, now, met, subject).await?;
    let principal = subject.payable_amount.0.saturating_sub(loan.primary_amount.0);
    let id = loan.id.cast_signed();
    let millis = |at: Option<Instant>| at.filter(|at| at.0 > 0).map(|at| at.0.cast_signed());
    let row = loans::Loan {
        id,
        contract_id: own_contract.id.cast_signed(),
        plan_id: loan.plan.as_ref().map(|plan| plan.id.cast_signed()),
        user_id: loan.user.as_ref().map_or(NOBODY, |user| user.id.cast_signed()),
        subject_invoice_id: subject.id.cast_signed(),
        pre_paid_invoice_id: None,
        pre_settlement_invoice_id: None,
        principal: principal.max(1).cast_signed(),
        primary_amount: loan.primary_amount.0.cast_signed(),
        total_amount: loan.total_amount.0.cast_signed(),
        status: loan.status_code.code().to_owned(),
        active: loan.active,
        plan_changed: false,
        created_offline: loan.created_offline,
        breathing_period_count: loan.breathing_period_count.map(i64::from),
        assurance_number: loan.assurance_number.clone(),
        created_at: loan.creation_date.unwrap_or(now).0.cast_signed(),
        settled_at: millis(loan.settled_date),
        canceled_at: millis(loan.canceled_date),
        upstream: Some(serde_json::to_string(loan)?),
    };
    row.save(connection).await?;
    pristine::keep(connection, "loans", id).await?;
    for part in &loan.installments {
        let invoice = part.related_invoices.first();
        if let Some(invoice) = invoice {
            take_in(connection, now, met, invoice).await?;
        }
        let row = Installment {
            id: part.id.cast_signed(),
            loan_id: id,
            number: part.installment_id.into(),
            amount: part.amount.0.max(1).cast_signed(),
            due_at: part.due_date.unwrap_or(Instant(0)).0.cast_signed(),
            status: part.status.code().to_owned(),
            invoice_id: invoice.map(|invoice| invoice.id.cast_signed()),
        };
        row.save(connection).await?;
        pristine::keep(connection, "installments", row.id).await?;
    }
    Ok(())
}

/// An invoice that came with something else. One that is there already came by itself, and says more.
async fn take_in(
    connection: &mut SqliteConnection,
    now: Instant,
    met: &Met,
    invoice: &pod_platform::invoices::Invoice,
) -> Result<(), Refusal> {
    if Record::find(connection, invoice.id).await?.is_none() {
        import::invoice(connection, now, met, invoice).await?;
    }
    Ok(())
}
