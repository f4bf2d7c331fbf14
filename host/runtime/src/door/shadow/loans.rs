//! Loans: how one comes about, gets its plan, becomes active, and ends.
//!
//! A plan's script is opaque on POD. Where it tells how many instalments there are, or somebody
//! states it, they are those that the emulator would make; otherwise a loan has none here.

use bytes::Bytes;
use pod_platform::{
    Instant, Rial,
    invoices::{Invoice, PaymentTool},
    loans::{
        BreathingPeriodType, BusinessLoanListRequest, ClearInstallmentTool, Contract, Installment,
        InstallmentStatus, Loan, LoanListRequest, LoanPlan, LoanPlanListRequest, LoanStatus,
        PreSettlement,
    },
    rules::loan::Terms,
    types::PlatformErrorKind as Kind,
};

use super::{
    Act, Refusal, Source,
    invoices::{Payment, close, must_be_payable},
    money::PODLAND_WALLET,
    written,
};

/// As many plans as a contract has.
const PLANS: u32 = 100;

fn subject_of(loan: &Loan) -> Option<u64> {
    loan.subject_invoice.as_ref().map(|invoice| invoice.id)
}

fn contract_of(loan: &Loan) -> u64 {
    loan.contract.as_ref().map(|contract| contract.id).unwrap_or_default()
}

fn user_of(loan: &Loan) -> u64 {
    loan.user.as_ref().map(|user| user.id).unwrap_or_default()
}

fn principal_of(loan: &Loan) -> u64 {
    let payable = loan.subject_invoice.as_ref().map_or(0, |invoice| invoice.payable_amount.0);
    payable.saturating_sub(loan.primary_amount.0)
}

/// Does it wait for its down payment, or for being confirmed?
fn is_pending(loan: &Loan) -> bool {
    loan.status_code == LoanStatus::LoanStatusCreated && !loan.active
}

fn is_done(part: &Installment) -> bool {
    part.status == InstallmentStatus::InstallmentStatusDone
}

fn is_open(part: &Installment) -> bool {
    matches!(
        part.status,
        InstallmentStatus::InstallmentStatusCreated
            | InstallmentStatus::InstallmentStatusWaitingForBankSettlement
    )
}

fn has_ended(contract: &Contract, now: Instant) -> bool {
    let last = contract.end_date.map(Instant::jalali_date);
    last.is_some_and(|last| last < now.jalali_date())
}

impl<S: Source> Act<'_, S> {
    /// payInvoiceByLoan
    pub(super) async fn borrow(&mut self) -> Result<Bytes, Refusal> {
        let invoice = self.invoice("invoiceId").await?;
        if let Some(loan) = self.paying(invoice.id).await? {
            return written(&loan);
        }
        must_be_payable(&invoice, self.now)?;
        if self.loan_of_down_payment(invoice.id).is_some() {
            return Err(Kind::PaymentNotAllowed.into());
        }
        let contract_id = self.number("contractId").unwrap_or_default();
        let plans = self.plans(contract_id).await?;
        let known = plans.iter().find_map(|plan| plan.contract.clone());
        if known.is_none() {
            self.assumed.insert("loan-contract-fits");
        }
        let contract = known.unwrap_or(Contract { id: contract_id, ..Contract::default() });
        let user = invoice.user_srv.clone().ok_or_else(|| {
            Refusal::argument("invoiceId", "an invoice that was issued for a user")
        })?;
        let payable = invoice.payable_amount;
        let primary = self.number("primaryAmount").unwrap_or_default();
        if primary >= payable.0 {
            let expected = format!("less than the invoice's {payable} rials");
            return Err(Refusal::argument("primaryAmount", expected));
        }
        let monthly = BreathingPeriodType::LoanPlanBreathingPeriodTypeMonthly;
        if self.text("breathingPeriodType").is_some_and(|unit| unit != monthly.code()) {
            return Err(Refusal::argument("breathingPeriodType", monthly.code()));
        }
        let breathing = self.form().get("breathingPeriodCount").and_then(|n| n.parse().ok());
        if let (Some(count), Some(most)) = (breathing, contract.max_breathing_period_count)
            && count > most
        {
            return Err(Refusal::argument("breathingPeriodCount", format!("at most {most}")));
        }
        if has_ended(&contract, self.now) {
            return Err(Refusal::argument("contractId", "a contract that has not ended"));
        }
        let principal = payable.0 - primary;
        self.state.money.check_credit(contract_id, user.id, principal, &mut self.assumed)?;
        self.assumed.insert("lender-has-the-money");

        let plan = self.chosen(&plans, &contract)?;
        let asks = plan.is_none();
        let mut loan = Loan {
            id: 0,
            creation_date: Some(self.now),
            primary_amount: Rial(primary),
            installments: Vec::new(),
            pre_settlements: Vec::new(),
            total_amount: Rial(principal),
            unique_number: None,
            status_code: LoanStatus::LoanStatusWaitingToCreate,
            business: invoice.business.clone(),
            user: Some(user),
            active: false,
            bill_number: invoice.bill_number.clone(),
            persian_creation_date: Some(self.now.jalali_date().to_string()),
            assurance_identifier: invoice.unique_number.clone(),
            subject_invoice: Some(invoice),
            plan: None,
            contract: Some(contract),
            assurance_number: self.text("assuranceNumber"),
            clear_installment_tool_id: Some(PODLAND_WALLET.to_owned()),
            clear_installment_tool_code: Some(ClearInstallmentTool::LoanClearInstallmentToolWallet),
            settled_date: None,
            canceled_date: None,
            breathing_period_type: breathing.map(|_| monthly),
            breathing_period_count: breathing,
            created_offline: asks,
            unreadable: Vec::new(),
        };
        if let Some(plan) = &plan {
            self.follow(&mut loan, plan)?;
        }
        loan.id = self.new_id();
        loan.unique_number = Some(format!("loan-{}", loan.id));
        if plan.is_some() {
            self.ask_for_down_payment(&loan);
        }
        let (contract, user) = (contract_of(&loan), user_of(&loan));
        self.state.money.borrow(contract, user, principal, false);
        self.state.loans.put(loan.clone());
        written(&loan)
    }

    /// The loan that pays, or is to pay, an invoice: cancelled ones do not.
    async fn paying(&mut self, invoice: u64) -> Result<Option<Loan>, Refusal> {
        if invoice < super::FIRST_ID {
            let list = BusinessLoanListRequest {
                size: 20,
                subject_invoice_id: Some(invoice),
                ..Default::default()
            };
            let page = self.ask(&list).await?;
            self.state.loans.see(&page.result);
        }
        Ok(self.known_paying(invoice))
    }

    fn known_paying(&self, invoice: u64) -> Option<Loan> {
        let is_it = |loan: &&Loan| {
            subject_of(loan) == Some(invoice) && loan.status_code != LoanStatus::LoanStatusCanceled
        };
        self.state.loans.all().find(is_it).cloned()
    }

    /// A contract's plans, as far as the account sees them.
    async fn plans(&mut self, contract: u64) -> Result<Vec<LoanPlan>, Refusal> {
        let of_contract =
            |plan: &&LoanPlan| plan.contract.as_ref().is_some_and(|known| known.id == contract);
        let known: Vec<LoanPlan> = self.state.plans.values().filter(of_contract).cloned().collect();
        if !known.is_empty() {
            return Ok(known);
        }
        let list =
            LoanPlanListRequest { size: PLANS, contract_id: Some(contract), ..Default::default() };
        let page = self.ask(&list).await?;
        self.state.plans.extend(page.result.iter().map(|plan| (plan.id, plan.clone())));
        Ok(page.result)
    }

    /// The plan that is asked for. None: the customer is asked for one.
    fn chosen(
        &mut self,
        plans: &[LoanPlan],
        contract: &Contract,
    ) -> Result<Option<LoanPlan>, Refusal> {
        if let Some(id) = self.number("planId") {
            return self.plan(plans, id, contract.id).map(Some);
        }
        let mut active = plans.iter().filter(|plan| plan.active);
        match (active.next(), active.next()) {
            (Some(plan), None) => Ok(Some(plan.clone())),
            (None, _) if !plans.is_empty() => {
                Err(Refusal::argument("contractId", "a contract with an active plan"))
            }
            _ => Ok(None),
        }
    }

    fn plan(&mut self, plans: &[LoanPlan], id: u64, contract: u64) -> Result<LoanPlan, Refusal> {
        match plans.iter().find(|plan| plan.id == id) {
            Some(plan) if plan.active => Ok(plan.clone()),
            Some(_) => Err(Refusal::argument("planId", "an active plan")),
            None if plans.is_empty() => {
                self.assumed.insert("loan-contract-fits");
                let contract = Some(Contract { id: contract, ..Contract::default() });
                Ok(LoanPlan { id, contract, active: true, ..LoanPlan::default() })
            }
            None => Err(Refusal::because(Kind::NotFound, format!("the contract has no plan {id}"))),
        }
    }

    /// Gives a loan its plan, and the instalments that follow from it.
    fn follow(&mut self, loan: &mut Loan, plan: &LoanPlan) -> Result<(), Refusal> {
        let principal = principal_of(loan);
        let stated = self.state.money.installments(plan.id);
        let installments = stated.or_else(|| in_script(plan.script.as_deref()?));
        let parts = match (installments, plan.interest_rate) {
            (Some(installments), Some(interest_rate)) => {
                let terms = Terms { interest_rate, installments };
                let start = loan.creation_date.unwrap_or(self.now).jalali_date();
                let breathing = loan.breathing_period_count.unwrap_or_default();
                terms.schedule(Rial(principal), start, breathing).ok_or_else(|| {
                    let expected = format!("a plan that can pay {principal} rials back");
                    Refusal::argument("planId", expected)
                })?
            }
            _ => {
                self.assumed.insert("loan-without-interest");
                Vec::new()
            }
        };
        let mut rest: u64 = parts.iter().map(|part| part.amount.0).sum();
        loan.total_amount = Rial(if parts.is_empty() { principal } else { rest });
        loan.installments.clear();
        loan.pre_settlements.clear();
        for (number, part) in (1_u32..).zip(parts) {
            loan.pre_settlements.push(PreSettlement {
                id: self.new_id(),
                paid_installment_count: number - 1,
                amount: Rial(rest),
                pre_settlement_id: number,
            });
            rest -= part.amount.0;
            loan.installments.push(Installment {
                id: self.new_id(),
                amount: part.amount,
                remain_amount: part.amount,
                due_date: part.due_date.start(),
                installment_id: number,
                status: InstallmentStatus::InstallmentStatusCreated,
                related_invoices: Vec::new(),
                penalty_list: Vec::new(),
                unreadable: Vec::new(),
            });
        }
        loan.status_code = LoanStatus::LoanStatusCreated;
        // A loan shows its contract itself.
        loan.plan = Some(LoanPlan { contract: None, ..plan.clone() });
        Ok(())
    }

    /// The down payment is an invoice of the shop's own.
    fn ask_for_down_payment(&mut self, loan: &Loan) {
        let Some(subject) = loan.subject_invoice.as_ref() else { return };
        if loan.primary_amount == Rial::ZERO {
            return;
        }
        let description = format!("بابت پیش پرداخت تسهیلات شماره {}", loan.id);
        let bill = self.bill(loan.primary_amount, description);
        let invoice = Invoice {
            business: subject.business.clone(),
            issuer_srv: subject.issuer_srv.clone(),
            guild_srv: subject.guild_srv.clone(),
            user_srv: loan.user.clone(),
            ..bill
        };
        self.state.down_payments.insert(loan.id, invoice.id);
        self.state.invoices.put(invoice);
    }

    /// updateLoanByPlan
    pub(super) async fn replan(&mut self) -> Result<Bytes, Refusal> {
        let (id, plan) = (self.number("loanId").unwrap_or_default(), self.number("planId"));
        if self.state.loans.get(id).is_none() {
            let list = LoanListRequest { size: 1, id: Some(id), ..Default::default() };
            let page = self.ask(&list).await?;
            self.state.loans.see(&page.result);
        }
        let own = |loan: &&Loan| self.user.is_none_or(|user| user_of(loan) == user);
        let loan = self.state.loans.get(id).filter(own).cloned();
        let missing = || Refusal::because(Kind::NotFound, format!("the caller has no loan {id}"));
        let mut loan = loan.ok_or_else(missing)?;
        let contract = contract_of(&loan);
        let plans = self.plans(contract).await?;
        let plan = self.plan(&plans, plan.unwrap_or_default(), contract)?;
        let waits = loan.status_code == LoanStatus::LoanStatusWaitingToCreate;
        if !waits {
            if loan.status_code != LoanStatus::LoanStatusCreated
                || self.state.replanned.contains(&id)
                || loan.installments.iter().any(is_done)
            {
                return Err(Kind::NoPermission.into());
            }
            if loan.plan.as_ref().map(|own| own.id) == Some(plan.id) {
                return Err(Refusal::argument("planId", "another plan than the loan has"));
            }
            // Whether it was changed before the run, a loan does not show.
            self.assumed.insert("loan-plan-changes-once");
        }
        self.follow(&mut loan, &plan)?;
        if waits {
            self.ask_for_down_payment(&loan);
        } else {
            self.state.replanned.insert(id);
        }
        self.state.loans.put(loan.clone());
        written(&loan)
    }

    /// The pending loan whose down payment an invoice is.
    pub(super) fn loan_of_down_payment(&self, invoice: u64) -> Option<Loan> {
        let loan = self.state.down_payments.iter().find(|(_, own)| **own == invoice)?.0;
        self.state.loans.get(*loan).filter(|loan| is_pending(loan)).cloned()
    }

    /// Can a loan pay its invoice now?
    pub(super) fn check_activation(&self, loan: &Loan) -> Result<(), Refusal> {
        let subject = subject_of(loan).and_then(|id| self.state.invoices.get(id));
        must_be_payable(subject.ok_or(Kind::InvoiceNotFound)?, self.now)?;
        Ok(())
    }

    /// An invoice is paid: a loan may pay it, or be paid by it.
    pub(super) fn loans_paid(&mut self, id: u64) -> Result<(), Refusal> {
        if let Some(loan) = self.known_paying(id) {
            // It was paid in another way: the loan is not needed any more.
            if !loan.active {
                self.cancel_loan(loan);
            }
            return Ok(());
        }
        if let Some(mut loan) = self.loan_of_down_payment(id) {
            let subject = subject_of(&loan).and_then(|id| self.state.invoices.get(id)).cloned();
            let paid = self.state.invoices.get(id).cloned();
            let (Some(subject), Some(mut paid)) = (subject, paid) else { return Ok(()) };
            let payment = Payment {
                delegated: paid.delegation_amount.map_or(0, |rials| rials.0),
                payer: loan.user.clone(),
                wallet: loan.clear_installment_tool_id.clone(),
                tool: Some(PaymentTool::PaymentToolOnlineCredit),
            };
            close(&mut paid);
            self.state.invoices.put(paid);
            loan.active = true;
            self.state.loans.put(loan);
            return self.mark_paid(subject, payment);
        }
        self.installment_paid(id);
        Ok(())
    }

    fn installment_paid(&mut self, invoice: u64) {
        let is_of = |part: &Installment| {
            is_open(part) && part.related_invoices.iter().any(|own| own.id == invoice)
        };
        let loan = self.state.loans.all().find(|loan| loan.installments.iter().any(is_of)).cloned();
        let Some(mut loan) = loan else { return };
        for part in loan.installments.iter_mut().filter(|part| is_of(part)) {
            part.status = InstallmentStatus::InstallmentStatusDone;
            part.remain_amount = Rial::ZERO;
        }
        if !loan.installments.iter().any(is_open) {
            // `settledDate` is that of a settlement before its time (S4).
            loan.status_code = LoanStatus::LoanStatusDone;
        }
        self.state.loans.put(loan);
        if let Some(mut invoice) = self.state.invoices.get(invoice).cloned() {
            close(&mut invoice);
            self.state.invoices.put(invoice);
        }
    }

    /// Cancels a loan, with everything that has not been paid of it.
    fn cancel_loan(&mut self, mut loan: Loan) {
        loan.status_code = LoanStatus::LoanStatusCanceled;
        loan.active = false;
        loan.canceled_date = Some(self.now);
        for part in loan.installments.iter_mut().filter(|part| is_open(part)) {
            part.status = InstallmentStatus::InstallmentStatusCanceled;
            part.remain_amount = Rial::ZERO;
        }
        let (contract, user) = (contract_of(&loan), user_of(&loan));
        self.state.money.borrow(contract, user, principal_of(&loan), true);
        let down_payment = self.state.down_payments.get(&loan.id).copied();
        self.state.loans.put(loan);
        let invoice = down_payment.and_then(|id| self.state.invoices.get(id));
        if let Some(invoice) = invoice.filter(|invoice| !invoice.canceled && !invoice.closed) {
            let id = invoice.id;
            self.cancel_invoice(id);
        }
    }

    /// An invoice is about to be cancelled.
    pub(super) fn subject_canceled(&mut self, id: u64) -> Result<(), Refusal> {
        if let Some(loan) = self.known_paying(id) {
            if loan.installments.iter().any(is_done) {
                return Err(Kind::NoPermission.into());
            }
            self.cancel_loan(loan);
        } else if let Some(loan) = self.loan_of_down_payment(id) {
            self.cancel_loan(loan);
        }
        Ok(())
    }

    /// An invoice is about to be reduced: a loan is made for the whole of it.
    pub(super) fn subject_reduced(&mut self, id: u64) -> Result<(), Refusal> {
        match self.known_paying(id) {
            Some(loan) if !loan.active => {
                self.cancel_loan(loan);
                Ok(())
            }
            None if !self.state.down_payments.values().any(|own| *own == id) => Ok(()),
            _ => Err(Kind::NoPermission.into()),
        }
    }
}

/// The emulator's script is `{"installments":6}`.
fn in_script(script: &str) -> Option<u32> {
    let script: serde_json::Value = serde_json::from_str(script).ok()?;
    u32::try_from(script.get("installments")?.as_u64()?).ok()
}
