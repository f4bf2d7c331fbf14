//! What each call changed. The books show how things stand, as every party to them could find out;
//! this tells what no service tells: whose call it was that brought them there. A test that compares
//! what a program believes to have done with what it did needs nothing else.
//!
//! A deed is written in the transaction that it tells of, so there is none without its effect, and no
//! effect without its deed. A call that was answered well and changed nothing is no deed: an invoice
//! that was there already, a loan that had been taken before.

use std::collections::BTreeMap;

use pod_platform::{Instant, Rial};
use serde::{Deserialize, Serialize};
use sqlx::{SqliteConnection, query, query_as};

use crate::{
    invoice::rial,
    service::{Context, Reply},
};

/// The fields by which calls name what they act on.
const NAMES: [&str; 13] = [
    "id",
    "invoiceId",
    "creditorInvoiceId",
    "debtorInvoiceId",
    "billNumber",
    "billId",
    "paymentId",
    "loanId",
    "planId",
    "contractId",
    "userId",
    "fileId",
    "code",
];

/// A change that one call made.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deed {
    /// The call's reference number: what its answer had, or would have had.
    pub reference_number: String,
    /// When it took effect.
    pub at: Instant,
    /// The service; of what no service does, the event's name, or `paymentPage`, `smsPayment` and
    /// `smsPlan` for a customer's own doing.
    pub service: String,
    /// The user whom the call acted for; 0: nobody's call, or a payer's on a payment page.
    pub user_id: i64,
    /// The business whom it acted for, if the token was a business's.
    pub business_id: Option<i64>,
    /// The objects that it named, by POD's names of the fields.
    pub objects: BTreeMap<String, String>,
    /// The id in its answer: what it made or changed.
    pub answered: Option<i64>,
    /// How many rials are in other accounts of the ledger after it than before.
    pub rials: Rial,
}

impl Deed {
    /// All deeds, in the order in which they took effect.
    pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Self>, sqlx::Error> {
        type Row = (i64, i64, String, i64, Option<i64>, String, Option<i64>, i64);
        let rows: Vec<Row> = query_as(
            "SELECT reference, at, service, user_id, business_id, objects, answered, rials
             FROM deeds ORDER BY id",
        )
        .fetch_all(connection)
        .await?;
        rows.into_iter()
            .map(|(reference, at, service, user_id, business_id, objects, answered, rials)| {
                Ok(Self {
                    reference_number: reference.to_string(),
                    at: Instant(at.unsigned_abs()),
                    service,
                    user_id,
                    business_id,
                    objects: serde_json::from_str(&objects)
                        .map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                    answered,
                    rials: rial(rials),
                })
            })
            .collect()
    }
}

/// How far the database was before something was done.
pub(crate) struct Before {
    changes: i64,
    transactions: i64,
}

impl Before {
    pub(crate) async fn of(context: &mut Context<'_>) -> Result<Self, sqlx::Error> {
        let (changes, transactions) = progress(context.connection).await?;
        Ok(Self { changes, transactions })
    }

    /// Writes what was done since, if anything was.
    pub(crate) async fn note(
        self,
        context: &mut Context<'_>,
        service: &str,
        answered: Option<i64>,
    ) -> Result<(), sqlx::Error> {
        let (changes, _) = progress(context.connection).await?;
        if changes == self.changes {
            return Ok(());
        }
        let objects: BTreeMap<&str, &str> =
            NAMES.into_iter().filter_map(|name| Some((name, context.fields.get(name)?))).collect();
        let objects = serde_json::to_string(&objects)
            .map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        query(
            "INSERT INTO deeds
                 (reference, at, service, user_id, business_id, objects, answered, rials)
             VALUES (?, ?, ?, ?, ?, ?, ?,
                     (SELECT COALESCE(SUM(net), 0) FROM
                          (SELECT SUM(amount) AS net FROM postings
                           WHERE transaction_id > ? GROUP BY account)
                      WHERE net > 0))",
        )
        .bind(context.reference)
        .bind(context.millis())
        .bind(service)
        .bind(context.caller.user_id)
        .bind(context.caller.business_id)
        .bind(objects)
        .bind(answered)
        .bind(self.transactions)
        .execute(&mut *context.connection)
        .await?;
        Ok(())
    }
}

/// How many rows were ever written on this connection, and the last transaction of the ledger.
async fn progress(connection: &mut SqliteConnection) -> Result<(i64, i64), sqlx::Error> {
    query_as("SELECT total_changes(), (SELECT COALESCE(MAX(id), 0) FROM transactions)")
        .fetch_one(connection)
        .await
}

/// The id in an answer, if it has one.
pub(crate) fn answered(reply: &Reply) -> Option<i64> {
    #[derive(Deserialize)]
    struct Named {
        id: i64,
    }
    let result = reply.result.as_ref()?;
    serde_json::from_str::<Named>(result.get()).ok().map(|named| named.id)
}
