//! What a customer texts back about a loan (S4): the number of the plan that is chosen, behind that
//! of the loan where more than one may be meant.

use pod_platform::loans::LoanStatus;
use sqlx::{SqliteConnection, query};

use super::loan::Loan;

/// A plan that a text chooses for a loan.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Choice {
    pub(crate) loan: i64,
    pub(crate) plan: u64,
}

/// The choices that a customer's text may mean. A loan that waits for its plan is meant rather than
/// one whose plan could be changed.
pub(crate) async fn choices(
    connection: &mut SqliteConnection,
    user: i64,
    text: &str,
) -> Result<Vec<Choice>, sqlx::Error> {
    let numbers: Option<Vec<u32>> =
        text.split_whitespace().map(|number| number.parse().ok()).collect();
    let (named, plan) = match numbers.as_deref() {
        Some([plan]) => (None, *plan),
        Some([loan, plan]) => (Some(*loan), *plan),
        _ => return Ok(Vec::new()),
    };
    let rows = query(
        "SELECT loans.* FROM loans JOIN loan_plans AS plan USING (contract_id)
         WHERE loans.user_id = ?1 AND plan.id = ?2 AND plan.active
           AND loans.plan_id IS NOT ?2 AND (?3 IS NULL OR loans.id = ?3)
         ORDER BY loans.id",
    )
    .bind(user)
    .bind(plan)
    .bind(named)
    .fetch_all(&mut *connection)
    .await?;
    let (mut waiting, mut changeable) = (Vec::new(), Vec::new());
    for row in rows {
        let loan = Loan::read(&row)?;
        let choice = Choice { loan: loan.id, plan: u64::from(plan) };
        if loan.is(&LoanStatus::LoanStatusWaitingToCreate) {
            waiting.push(choice);
        } else if loan.facts(connection).await?.may_change_plan() {
            changeable.push(choice);
        }
    }
    Ok(if waiting.is_empty() { changeable } else { waiting })
}
