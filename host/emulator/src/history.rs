//! What a scenario says happened before: its calls are answered as any others, but for faults and
//! one-time tokens.

use pod_platform::Route;
use sqlx::{Connection as _, query};

use crate::{
    Error, Problem, ScenarioError, due,
    platform::{Platform, perform},
    scenario::PastCall,
    seed,
    service::{Refusal, Reply},
    store::Store,
};

/// Answers the calls of a scenario that has been checked.
///
/// # Errors
/// If the platform refuses one.
pub(crate) async fn happen(platform: &Platform, history: &[PastCall]) -> Result<(), Error> {
    let mut store = platform.store.lock().await;
    for (index, call) in history.iter().enumerate() {
        let reason = match answer(platform, &mut store, call).await {
            Ok(_) => continue,
            Err(Refusal::Platform { kind, says, detail }) => {
                let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
                format!("{}{detail}", says.unwrap_or(kind.message()))
            }
            Err(Refusal::Internal(error)) => error.to_string(),
        };
        return Err(Error::Scenario(ScenarioError::Invalid(Problem {
            file: None,
            line: None,
            column: None,
            path: format!("history[{index}]"),
            reason: format!("the platform refuses {}: {reason}", call.service),
        })));
    }
    query("DELETE FROM settings WHERE name = ?")
        .bind(seed::HISTORY)
        .execute(&mut store.connection)
        .await?;
    Ok(())
}

async fn answer(platform: &Platform, store: &mut Store, call: &PastCall) -> Result<Reply, Refusal> {
    let number = store.next_number().await?;
    let (Some(caller), Some(entry)) =
        (platform.parties().caller(&call.token), platform.registry.named(&call.service))
    else {
        return Err(Refusal::argument("service", "one that this platform answers"));
    };
    let mut fields = call.fields();
    if let Route::Product(product) = entry.row.route {
        fields.push("scProductId", product.production.to_string());
    }
    let now = platform.clock.now();
    let mut transaction = store.connection.begin_with("BEGIN IMMEDIATE").await?;
    let parties = platform.parties();
    let mut context = platform.context(&parties, &mut transaction, caller, now, number, &fields);
    let reply = perform(entry, &mut context).await?;
    transaction.commit().await?;
    store.next_due = due::next(&mut store.connection).await?;
    Ok(reply)
}
