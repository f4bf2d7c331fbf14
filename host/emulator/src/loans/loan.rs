//! A loan and its instalments as the database holds them, and the invoices that hang on them.

use pod_platform::{
    JalaliDate,
    loans::{InstallmentStatus, LoanStatus},
    rules::{loan::Application, repayment},
};
use sqlx::{SqliteConnection, query};

use crate::{
    invoice::{Record, instant},
    ledger::rials,
    record::record,
};

record! {
    /// A loan as the database holds it.
    Loan in "loans":
    id: i64,
    contract_id: i64,
    plan_id: Option<i64>,
    user_id: i64,
    subject_invoice_id: i64,
    pre_paid_invoice_id: Option<i64>,
    pre_settlement_invoice_id: Option<i64>,
    principal: i64,
    primary_amount: i64,
    total_amount: i64,
    status: String,
    active: bool,
    plan_changed: bool,
    created_offline: bool,
    breathing_period_count: Option<i64>,
    assurance_number: Option<String>,
    created_at: i64,
    settled_at: Option<i64>,
    canceled_at: Option<i64>,
    upstream: Option<String>,
}

record! {
    /// An instalment as the database holds it.
    Installment in "installments":
    id: i64,
    loan_id: i64,
    number: i64,
    amount: i64,
    due_at: i64,
    status: String,
    invoice_id: Option<i64>,
}

impl Loan {
    /// The loan that pays, or is to pay, an invoice: cancelled ones do not.
    pub(crate) async fn paying(
        connection: &mut SqliteConnection,
        invoice: i64,
    ) -> Result<Option<Self>, sqlx::Error> {
        query("SELECT * FROM loans WHERE subject_invoice_id = ? AND status <> ?")
            .bind(invoice)
            .bind(LoanStatus::LoanStatusCanceled.code())
            .fetch_optional(connection)
            .await?
            .map(|row| Self::read(&row))
            .transpose()
    }

    pub(super) fn is(&self, status: &LoanStatus) -> bool {
        self.status == status.code()
    }

    /// Does it wait for its down payment, or for being confirmed?
    pub(super) fn is_pending(&self) -> bool {
        self.is(&LoanStatus::LoanStatusCreated) && !self.active
    }

    /// How far it is.
    pub(super) async fn facts(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<repayment::Loan, sqlx::Error> {
        let done = InstallmentStatus::InstallmentStatusDone;
        let parts = self.installments(connection).await?;
        let subject = Record::find(connection, self.subject_invoice_id.unsigned_abs()).await?;
        Ok(repayment::Loan {
            created: self.is(&LoanStatus::LoanStatusCreated),
            active: self.active,
            subject_payed: subject.is_some_and(|subject| subject.payed),
            plan_changed: self.plan_changed,
            installment_paid: parts.iter().any(|part| part.is(&done)),
        })
    }

    /// What was asked for.
    pub(super) fn application(&self) -> Application {
        let breathing = self.breathing_period_count.unwrap_or_default();
        Application {
            payable: rials(self.principal.saturating_add(self.primary_amount)),
            down_payment: rials(self.primary_amount),
            breathing: u32::try_from(breathing).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn created_on(&self) -> JalaliDate {
        instant(self.created_at).jalali_date()
    }

    /// Its instalments in their order, but for those that another plan has replaced.
    pub(crate) async fn installments(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<Installment>, sqlx::Error> {
        query("SELECT * FROM installments WHERE loan_id = ? AND status <> ? ORDER BY number")
            .bind(self.id)
            .bind(InstallmentStatus::InstallmentStatusDeleted.code())
            .fetch_all(connection)
            .await?
            .iter()
            .map(Installment::read)
            .collect()
    }
}

impl Installment {
    pub(super) fn is(&self, status: &InstallmentStatus) -> bool {
        self.status == status.code()
    }

    /// Does it have to be paid yet?
    pub(super) fn is_open(&self) -> bool {
        use InstallmentStatus::{
            InstallmentStatusCreated, InstallmentStatusWaitingForBankSettlement,
        };
        self.is(&InstallmentStatusCreated) || self.is(&InstallmentStatusWaitingForBankSettlement)
    }
}

/// How an invoice hangs on a loan.
pub(super) enum Role {
    /// The loan pays it.
    Subject(Loan),
    /// It is the loan's down payment.
    DownPayment(Loan),
    /// It pays an instalment.
    Installment(Installment),
    /// It pays what is left of the loan before its time.
    EarlySettlement(Loan),
}

impl Role {
    pub(super) async fn of(
        connection: &mut SqliteConnection,
        invoice: i64,
    ) -> Result<Option<Self>, sqlx::Error> {
        if let Some(loan) = Loan::paying(connection, invoice).await? {
            return Ok(Some(Self::Subject(loan)));
        }
        let loan = query("SELECT * FROM loans WHERE pre_paid_invoice_id = ?")
            .bind(invoice)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = loan {
            return Ok(Some(Self::DownPayment(Loan::read(&row)?)));
        }
        let loan = query("SELECT * FROM loans WHERE pre_settlement_invoice_id = ?")
            .bind(invoice)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = loan {
            return Ok(Some(Self::EarlySettlement(Loan::read(&row)?)));
        }
        let installment = query("SELECT * FROM installments WHERE invoice_id = ?")
            .bind(invoice)
            .fetch_optional(connection)
            .await?;
        installment.map(|row| Ok(Self::Installment(Installment::read(&row)?))).transpose()
    }
}
