//! Contracts, plans, loans and instalments as callers see them.

use pod_platform::{
    invoices::Invoice,
    loans::{
        self, BreathingPeriodType, ClearInstallmentTool, Grantor, InstallmentStatus, LoanGuarantor,
        LoanPlan, LoanStatus, PreSettlement, SupplyAmountType,
    },
    rules,
    types::PlatformErrorKind as Kind,
    wire::lenient,
};
use sha2::{Digest, Sha256};

use super::{
    contract::{Contract, Plan},
    loan::{Installment, Loan},
};
use crate::{
    invoice::{Record, instant, rial, set_or_zero},
    service::{Context, Refusal},
};

impl Contract {
    pub(crate) fn shown(
        &self,
        context: &Context<'_>,
    ) -> Result<loans::Contract, serde_json::Error> {
        match &self.upstream {
            // Contracts do not change here.
            Some(upstream) => serde_json::from_str(upstream).map(with_end_date),
            None => Ok(self.shown_here(context)),
        }
    }

    fn shown_here(&self, context: &Context<'_>) -> loans::Contract {
        let grantor = Grantor {
            // A business grants in one way only here, so its own id names the grantor.
            id: self.business_id.unsigned_abs(),
            business: Some(context.parties.business(self.business_id)),
            supply_amount_type_code: Some(SupplyAmountType::SupplyLoanAmountTypeGuild),
            supply_amount_value: Some(self.guild_code.clone()),
            enable: true,
            guild: Some(context.parties.guild(&self.guild_code)),
        };
        loans::Contract {
            id: self.id.unsigned_abs(),
            guarantor: Some(LoanGuarantor::from_code(&self.guarantor)),
            name: self.name.clone(),
            unique_id: Some(unique_id(self.id)),
            grantor: Some(grantor),
            creation_date: Some(instant(self.created_at)),
            commission_rate: Some(self.commission_rate),
            creator: context.parties.owner(self.business_id),
            active: !self.has_ended(context.now.jalali_date()),
            version_number: Some(format!("{}-1", self.id)),
            last_version: true,
            all_businesses_permitted: self.permitted_businesses.is_none(),
            all_products_permitted: true,
            all_contact_types_permitted: true,
            loan_grantor_ceiling: Some(rial(self.ceiling)),
            max_breathing_period_count: u32::try_from(self.max_breathing_period_count).ok(),
            // S4: the beginning of the last day.
            end_date: set_or_zero(self.last_day().and_then(|day| day.start())),
            ..loans::Contract::default()
        }
    }
}

impl Plan {
    /// The plan without its contract, as a loan shows it.
    pub(crate) fn shown(
        &self,
        context: &Context<'_>,
        contract: &Contract,
    ) -> Result<LoanPlan, serde_json::Error> {
        if let Some(upstream) = &self.upstream {
            // Nor do plans.
            return lenient::item(upstream);
        }
        Ok(LoanPlan {
            id: self.id.unsigned_abs(),
            name: Some(self.name.clone()),
            // Opaque on POD; here, the only place where a caller sees how many instalments there are.
            script: Some(rules::plan::script(self.installments.unsigned_abs())),
            creation_date: Some(instant(self.created_at)),
            creator: context.parties.owner(contract.business_id),
            active: self.active,
            interest_rate: Some(self.interest_rate),
            ..LoanPlan::default()
        })
    }
}

impl Loan {
    pub(crate) async fn shown(mut self, context: &mut Context<'_>) -> Result<loans::Loan, Refusal> {
        let Some(upstream) = self.upstream.take() else { return self.shown_here(context).await };
        let upstream: loans::Loan = serde_json::from_str(&upstream)?;
        let has_plan = upstream.plan.as_ref().map(|plan| plan.id.cast_signed()) == self.plan_id;
        Ok(over(upstream, self.shown_here(context).await?, has_plan))
    }

    async fn shown_here(self, context: &mut Context<'_>) -> Result<loans::Loan, Refusal> {
        let contract = Contract::of(context, &self).await?;
        let plan = match self.plan_id {
            Some(id) => Plan::find(context.connection, id.unsigned_abs()).await?,
            None => None,
        };
        let subject = self.subject_invoice_id.unsigned_abs();
        let subject = Record::find(context.connection, subject).await?;
        let subject = subject.ok_or(Kind::InvoiceNotFound)?;
        let parts = self.installments(context.connection).await?;
        let pre_settlements = self.pre_settlements(&parts);
        let mut installments = Vec::with_capacity(parts.len());
        for part in parts {
            installments.push(part.shown(context).await?);
        }
        let monthly = BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly;
        Ok(loans::Loan {
            id: self.id.unsigned_abs(),
            creation_date: Some(instant(self.created_at)),
            primary_amount: rial(self.primary_amount),
            installments,
            pre_settlements,
            total_amount: rial(self.total_amount),
            unique_number: Some(format!("loan-{}", self.id)),
            status_code: LoanStatus::from_code(&self.status),
            business: Some(context.parties.business(subject.business_id)),
            user: Some(context.parties.user(self.user_id)),
            active: self.active,
            bill_number: subject.bill_number.clone(),
            persian_creation_date: Some(self.created_on().to_string()),
            plan: plan.map(|plan| plan.shown(context, &contract)).transpose()?,
            contract: Some(contract.shown(context)?),
            assurance_number: self.assurance_number,
            // In S4's sample it is the invoice's unique number.
            assurance_identifier: Some(subject.unique_number.clone()),
            clear_installment_tool_id: Some(contract.clear_installment_tool),
            clear_installment_tool_code: Some(ClearInstallmentTool::LoanClearInstallmentToolWallet),
            settled_date: set_or_zero(self.settled_at.map(instant)),
            canceled_date: set_or_zero(self.canceled_at.map(instant)),
            breathing_period_type: self.breathing_period_count.map(|_| monthly),
            breathing_period_count: self
                .breathing_period_count
                .and_then(|count| u32::try_from(count).ok()),
            created_offline: self.created_offline,
            subject_invoice: Some(subject.shown(context.parties)?),
            unreadable: Vec::new(),
        })
    }

    /// After each number of paid instalments, what the others come to.
    fn pre_settlements(&self, parts: &[Installment]) -> Vec<PreSettlement> {
        let mut rest: i64 = parts.iter().map(|part| part.amount).sum();
        let mut settlements = Vec::with_capacity(parts.len());
        for (paid, part) in (0_u32..).zip(parts) {
            settlements.push(PreSettlement {
                // Unique while a loan has fewer than a thousand instalments.
                id: self.id.unsigned_abs() * 1000 + u64::from(paid) + 1,
                paid_installment_count: paid,
                amount: rial(rest),
                pre_settlement_id: paid + 1,
            });
            rest -= part.amount;
        }
        settlements
    }
}

impl Installment {
    pub(crate) async fn shown(
        self,
        context: &mut Context<'_>,
    ) -> Result<loans::Installment, Refusal> {
        let invoice = match self.invoice_id {
            Some(id) => Record::find(context.connection, id.unsigned_abs()).await?,
            None => None,
        };
        let related_invoices: Result<Vec<Invoice>, _> =
            invoice.into_iter().map(|invoice| invoice.shown(context.parties)).collect();
        Ok(loans::Installment {
            id: self.id.unsigned_abs(),
            amount: rial(self.amount),
            remain_amount: rial(if self.is_open() { self.amount } else { 0 }),
            due_date: Some(instant(self.due_at)),
            installment_id: u32::try_from(self.number).unwrap_or(u32::MAX),
            status: InstallmentStatus::from_code(&self.status),
            related_invoices: related_invoices?,
            penalty_list: Vec::new(),
            unreadable: Vec::new(),
        })
    }
}

/// A contract that the real platform showed. Reading takes 0 for none, and POD sends 0 (S4).
fn with_end_date(contract: loans::Contract) -> loans::Contract {
    loans::Contract { end_date: set_or_zero(contract.end_date), ..contract }
}

/// A loan as the real platform showed it, with what has become of it here. With the plan that it had,
/// its instalments are those that it had, as far as they have not changed.
fn over(upstream: loans::Loan, now: loans::Loan, has_plan: bool) -> loans::Loan {
    let loan = loans::Loan {
        status_code: now.status_code,
        active: now.active,
        settled_date: now.settled_date,
        canceled_date: now.canceled_date,
        subject_invoice: now.subject_invoice,
        contract: upstream.contract.map(with_end_date),
        ..upstream
    };
    if !has_plan {
        return loans::Loan {
            plan: now.plan,
            installments: now.installments,
            pre_settlements: now.pre_settlements,
            total_amount: now.total_amount,
            ..loan
        };
    }
    let of_now = |was: loans::Installment| {
        let is = now.installments.iter().find(|part| part.id == was.id);
        match is.filter(|part| part.status != was.status) {
            Some(part) => loans::Installment {
                status: part.status.clone(),
                remain_amount: part.remain_amount,
                ..was
            },
            None => was,
        }
    };
    loans::Loan { installments: loan.installments.into_iter().map(of_now).collect(), ..loan }
}

/// The same in every run of a scenario.
fn unique_id(contract: i64) -> String {
    let hash =
        Sha256::new().chain_update(b"contract").chain_update(contract.to_be_bytes()).finalize();
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
