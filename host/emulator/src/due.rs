//! What happens by itself when its time has come: payments in future, instalments, unverified
//! payments that go back, bills that clear.
//!
//! Events are rows, ordered by their time. They take place before the first call after it, each at
//! its own time and in a transaction of its own: moving the clock by a month is the same as a month
//! of calls.

use std::fmt;

use pod_platform::Instant;
use sqlx::{SqliteConnection, query, query_as, query_scalar};

use crate::{
    bills, future, gateway, loans, payment,
    service::{Context, Refusal},
};

/// What can become due, and of what: an invoice, a visit to the bank, a bill, a loan or
/// an instalment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// An invoice's guarantee pays it.
    GuaranteedPayment,
    /// A three-step payment was not verified in time.
    VerificationTimeOut,
    /// A payer did not come back from the bank.
    GatewayTimeOut,
    /// Shaparak settles what one invoice paid for another.
    ShaparakSettlement,
    /// A paid invoice is closed without its issuer.
    CloseTimeOut,
    /// A utility bill's payment comes one step further.
    BillClears,
    /// A customer did not choose a loan's plan in time.
    LoanAnswerTimeOut,
    /// An instalment has to be paid.
    Installment,
    /// The guarantor pays an instalment.
    BankSettlement,
}

impl Event {
    const ALL: [Self; 9] = [
        Self::GuaranteedPayment,
        Self::VerificationTimeOut,
        Self::GatewayTimeOut,
        Self::ShaparakSettlement,
        Self::CloseTimeOut,
        Self::BillClears,
        Self::LoanAnswerTimeOut,
        Self::Installment,
        Self::BankSettlement,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GuaranteedPayment => "guaranteed-payment",
            Self::VerificationTimeOut => "verification-time-out",
            Self::GatewayTimeOut => "gateway-time-out",
            Self::ShaparakSettlement => "shaparak-settlement",
            Self::CloseTimeOut => "close-time-out",
            Self::BillClears => "bill-clears",
            Self::LoanAnswerTimeOut => "loan-answer-time-out",
            Self::Installment => "installment",
            Self::BankSettlement => "bank-settlement",
        }
    }

    /// Lets it happen, if the subject is still in the state for it.
    async fn happen(self, context: &mut Context<'_>, subject: i64) -> Result<(), Refusal> {
        match self {
            Self::GuaranteedPayment => future::pay(context, subject).await,
            Self::VerificationTimeOut => payment::verification_timed_out(context, subject).await,
            Self::GatewayTimeOut => gateway::timed_out(context, subject).await,
            Self::ShaparakSettlement => payment::settled(context, subject).await,
            Self::CloseTimeOut => payment::close_timed_out(context, subject).await,
            Self::BillClears => bills::clear(context, subject).await,
            Self::LoanAnswerTimeOut => loans::answer_timed_out(context, subject).await,
            Self::Installment => loans::installment_due(context, subject).await,
            Self::BankSettlement => loans::bank_settles(context, subject).await,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Notes that something will be due.
pub(crate) async fn schedule(
    connection: &mut SqliteConnection,
    at: Instant,
    event: Event,
    subject: i64,
) -> Result<(), sqlx::Error> {
    query("INSERT OR IGNORE INTO due (at, event, subject) VALUES (?, ?, ?)")
        .bind(i64::try_from(at.0).unwrap_or(i64::MAX))
        .bind(event.name())
        .bind(subject)
        .execute(connection)
        .await?;
    Ok(())
}

/// When something is due next.
pub(crate) async fn next(connection: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
    query_scalar("SELECT MIN(at) FROM due").fetch_one(connection).await
}

/// Takes the earliest event that is due by `now` off the list.
pub(crate) async fn take(
    connection: &mut SqliteConnection,
    now: Instant,
) -> Result<Option<(Instant, Due)>, sqlx::Error> {
    let row: Option<(i64, String, i64)> = query_as(
        "DELETE FROM due WHERE (at, event, subject) IN \
         (SELECT at, event, subject FROM due WHERE at <= ? ORDER BY at, event, subject LIMIT 1) \
         RETURNING at, event, subject",
    )
    .bind(i64::try_from(now.0).unwrap_or(i64::MAX))
    .fetch_optional(connection)
    .await?;
    let Some((at, name, subject)) = row else { return Ok(None) };
    let event = Event::ALL.into_iter().find(|event| event.name() == name);
    let event = event.ok_or_else(|| {
        sqlx::Error::Decode(format!("`{name}` is no event that can become due").into())
    })?;
    Ok(Some((Instant(at.unsigned_abs()), Due { event, subject })))
}

/// An event and its subject.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) event: Event,
    subject: i64,
}

impl Due {
    pub(crate) async fn happen(self, context: &mut Context<'_>) -> Result<(), Refusal> {
        self.event.happen(context, self.subject).await
    }
}
