//! Loan contracts: who lends, to whom, and how it is paid back.

use pod_platform::{
    JalaliDate, Rial,
    loans::{LoanGuarantor, LoanStatus},
    rules::loan::{Application, Installment, NotGranted, Offer, Terms},
    types::PlatformErrorKind as Kind,
};
use sqlx::{SqliteConnection, query, query_as, query_scalar};

use super::loan::Loan;
use crate::{
    ledger::{Account, rials},
    record::record,
    service::{Context, Refusal},
};

/// The states in which a loan takes up its member's credit.
const OPEN: [LoanStatus; 2] =
    [LoanStatus::LoanStatusCreated, LoanStatus::LoanStatusWaitingToCreate];

record! {
    /// A contract as the database holds it.
    Contract in "loan_contracts":
    id: i64,
    business_id: i64,
    name: Option<String>,
    ceiling: i64,
    commission_rate: f64,
    guarantor: String,
    end_date: Option<String>,
    max_breathing_period_count: i64,
    clear_installment_tool: String,
    guild_code: String,
    permitted_businesses: Option<String>,
    created_at: i64,
    upstream: Option<String>,
}

record! {
    /// A plan as the database holds it.
    Plan in "loan_plans":
    id: i64,
    contract_id: i64,
    name: String,
    installments: i64,
    interest_rate: f64,
    active: bool,
    created_at: i64,
    upstream: Option<String>,
}

impl Contract {
    /// The contract that a request names.
    pub(crate) async fn named(context: &mut Context<'_>, id: u64) -> Result<Self, Refusal> {
        let contract = Self::find(context.connection, id).await?;
        contract.ok_or_else(|| Refusal::because(Kind::NotFound, format!("no loan contract {id}")))
    }

    /// The contract of a loan, which is there as long as the loan.
    pub(super) async fn of(context: &mut Context<'_>, loan: &Loan) -> Result<Self, Refusal> {
        Self::named(context, loan.contract_id.unsigned_abs()).await
    }

    /// Only the grantor says who may borrow.
    pub(crate) fn must_be_granted_by_caller(&self, context: &Context<'_>) -> Result<(), Kind> {
        if context.caller.business_id == Some(self.business_id) {
            Ok(())
        } else {
            Err(Kind::NoPermission)
        }
    }

    pub(super) fn last_day(&self) -> Option<JalaliDate> {
        self.end_date.as_deref().and_then(|day| day.parse().ok())
    }

    pub(super) fn has_ended(&self, today: JalaliDate) -> bool {
        self.offer(0, 0).has_ended(today)
    }

    pub(super) fn has_guarantor(&self) -> bool {
        self.guarantor == LoanGuarantor::LoanGuarantorPasargad.code()
    }

    pub(super) fn supply(&self) -> Account<'static> {
        Account::LoanSupply { contract: self.id }
    }

    /// Do loans of this contract pay a business's invoices?
    pub(super) fn permits(&self, business: i64) -> Result<bool, serde_json::Error> {
        match &self.permitted_businesses {
            None => Ok(true),
            Some(ids) => Ok(serde_json::from_str::<Vec<i64>>(ids)?.contains(&business)),
        }
    }

    /// Refuses a loan that the contract does not cover now.
    pub(super) async fn must_cover(
        &self,
        context: &mut Context<'_>,
        loan: &Loan,
    ) -> Result<(), Refusal> {
        let credit = match credit(context.connection, self.id, loan.user_id).await? {
            None if context.fork.is_some_and(|fork| fork.gaps.known.loan_credits.is_none()) => {
                context.assumes("loan-credit-covers");
                i64::MAX
            }
            credit => credit.ok_or(Kind::NoPermission)?,
        };
        if context.assumes("lender-has-the-money") {
            context.assume_in(&self.supply(), loan.principal).await?;
        }
        // What is known of a credit in a fork is what is left of it.
        let borrowed: i64 = query_scalar(
            "SELECT COALESCE(SUM(principal), 0) FROM loans \
             WHERE contract_id = ? AND user_id = ? AND status IN (?, ?) AND id <> ? \
             AND upstream IS NULL",
        )
        .bind(self.id)
        .bind(loan.user_id)
        .bind(OPEN[0].code())
        .bind(OPEN[1].code())
        .bind(loan.id)
        .fetch_one(&mut *context.connection)
        .await?;
        let supply = self.supply().balance(context.connection).await?;
        let offer = self.offer(credit - borrowed, supply);
        let application = loan.application();
        let Some(reason) = offer.refuses(application, context.now.jalali_date()).into_iter().next()
        else {
            return Ok(());
        };
        let lacks = |whose: &str, left: Rial| {
            let what = format!("{whose} has {} of {} rials left", left.0, loan.principal);
            Refusal::because(Kind::InsufficientFunds, what)
        };
        Err(match reason {
            NotGranted::Inactive => Refusal::argument("planId", "an active plan"),
            NotGranted::Ended => Refusal::argument("contractId", "a contract that has not ended"),
            NotGranted::NothingToLend => {
                let payable = application.payable.0;
                Refusal::argument(
                    "primaryAmount",
                    format!("less than the invoice's {payable} rials"),
                )
            }
            NotGranted::CustomerCredit(left) => lacks("the customer's credit", left),
            NotGranted::GrantorCredit(left) => lacks("the contract", left),
            NotGranted::Breathing(most) => {
                Refusal::argument("breathingPeriodCount", format!("at most {most}"))
            }
        })
    }

    /// What it offers a customer who may still borrow so much, of what it has to lend.
    fn offer(&self, customer: i64, supply: i64) -> Offer {
        Offer {
            active: true,
            last_day: self.last_day(),
            most_breathing: u32::try_from(self.max_breathing_period_count).unwrap_or(u32::MAX),
            customer_credit: Some(rials(customer)),
            grantor_credit: Some(rials(supply)),
        }
    }

    /// The plan that a request names.
    pub(super) async fn plan(&self, context: &mut Context<'_>, id: u64) -> Result<Plan, Refusal> {
        let plan = Plan::find(context.connection, id).await?;
        let plan = plan.filter(|plan| plan.contract_id == self.id).ok_or_else(|| {
            Refusal::because(Kind::NotFound, format!("the contract has no plan {id}"))
        })?;
        if !plan.active {
            return Err(Refusal::argument("planId", "an active plan"));
        }
        Ok(plan)
    }

    /// Does anybody tell what its plans are?
    pub(super) async fn has_plans(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<bool, sqlx::Error> {
        query_scalar("SELECT EXISTS (SELECT 1 FROM loan_plans WHERE contract_id = ?)")
            .bind(self.id)
            .fetch_one(connection)
            .await
    }

    /// The plans that can be chosen.
    pub(super) async fn active_plans(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<Plan>, sqlx::Error> {
        query("SELECT * FROM loan_plans WHERE contract_id = ? AND active ORDER BY id")
            .bind(self.id)
            .fetch_all(connection)
            .await?
            .iter()
            .map(Plan::read)
            .collect()
    }
}

/// An instalment of a plan.
pub(crate) struct Part {
    /// In rials.
    pub(crate) amount: i64,
    /// The beginning of its day, in milliseconds since 1970.
    pub(crate) due_at: i64,
}

impl Plan {
    /// The instalments of a loan by this plan; none, if nobody tells how many it has.
    pub(super) fn schedule(&self, loan: &Loan) -> Result<Vec<Part>, Refusal> {
        if self.installments == 0 {
            return Ok(Vec::new());
        }
        let terms = Terms {
            interest_rate: self.interest_rate,
            installments: u32::try_from(self.installments).unwrap_or(u32::MAX),
        };
        let Application { breathing, .. } = loan.application();
        let principal = rials(loan.principal);
        let schedule = terms.schedule(principal, loan.created_on(), breathing);
        let parts = schedule.and_then(|schedule| {
            let part = |part: Installment| {
                let due_at = part.due_date.start()?.0.cast_signed();
                Some(Part { amount: part.amount.0.cast_signed(), due_at })
            };
            schedule.into_iter().map(part).collect::<Option<Vec<_>>>()
        });
        parts.ok_or_else(|| {
            let principal = loan.principal;
            Refusal::argument("planId", format!("a plan that can pay {principal} rials back"))
        })
    }
}

/// What a member may still borrow under a contract.
pub(crate) struct Left {
    pub(crate) contract: i64,
    pub(crate) user: i64,
    pub(crate) rials: i64,
}

/// What every member of every contract may still borrow, or one user: the most that
/// [`Contract::must_cover`] covers. The members of a contract share what it has to lend.
pub(crate) async fn left(
    connection: &mut SqliteConnection,
    today: JalaliDate,
    user: Option<i64>,
) -> Result<Vec<Left>, sqlx::Error> {
    type Row = (i64, i64, i64, i64, Option<String>);
    let rows: Vec<Row> = query_as(
        "SELECT contract_id, user_id,
                credit - (SELECT COALESCE(SUM(principal), 0) FROM loans
                          WHERE loans.contract_id = loan_members.contract_id
                            AND loans.user_id = loan_members.user_id AND status IN (?2, ?3)),
                COALESCE(balance, 0), end_date
         FROM loan_members
         JOIN loan_contracts ON id = contract_id
         LEFT JOIN accounts ON accounts.name = 'loan-supply:' || contract_id
         WHERE ?1 IS NULL OR user_id = ?1
         ORDER BY contract_id, user_id",
    )
    .bind(user)
    .bind(OPEN[0].code())
    .bind(OPEN[1].code())
    .fetch_all(connection)
    .await?;
    let left = |(contract, user, credit, supply, end_date): Row| {
        let contract_of = Contract { id: contract, end_date, ..Contract::default() };
        let offer = contract_of.offer(credit, supply);
        let most = offer.most().filter(|_| !offer.has_ended(today)).unwrap_or_default();
        Left { contract, user, rials: most.0.cast_signed() }
    };
    Ok(rows.into_iter().map(left).collect())
}

/// The most that a user may borrow; none for who is no member.
pub(super) async fn credit(
    connection: &mut SqliteConnection,
    contract: i64,
    user: i64,
) -> Result<Option<i64>, sqlx::Error> {
    query_scalar("SELECT credit FROM loan_members WHERE contract_id = ? AND user_id = ?")
        .bind(contract)
        .bind(user)
        .fetch_optional(connection)
        .await
}

/// Makes a user a member, or sets what a member may borrow.
pub(crate) async fn set_credit(
    connection: &mut SqliteConnection,
    contract: i64,
    user: i64,
    credit: i64,
) -> Result<(), sqlx::Error> {
    query("INSERT OR REPLACE INTO loan_members (contract_id, user_id, credit) VALUES (?, ?, ?)")
        .bind(contract)
        .bind(user)
        .bind(credit)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a membership; false if there was none.
pub(crate) async fn remove_member(
    connection: &mut SqliteConnection,
    contract: i64,
    user: i64,
) -> Result<bool, sqlx::Error> {
    let done = query("DELETE FROM loan_members WHERE contract_id = ? AND user_id = ?")
        .bind(contract)
        .bind(user)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}
