//! Innermost: token and API key are added here, last. Nothing above ever sees one.

use std::sync::Arc;

use pod_platform::{Request, types};

use super::{
    Call, Layer, Operation, Passage, Passing, Reply, Returned, connection::Sent, history, http,
    intake::Intake, state,
};
use crate::{error::Error, grant::Amounts, journal::ASSUMED};

#[derive(Clone)]
pub(crate) struct PodClient {
    pub passage: Arc<Passage>,
}

impl Layer for PodClient {
    fn pass(self, call: Call) -> Passing {
        let Self { passage } = self;
        Box::pin(async move {
            let answer = match &call.operation {
                Operation::Pod(request) => return Ok(send(&passage, &call, request).await),
                Operation::Http(request) => return Ok(http::send(&passage, &call, request).await),
                Operation::State(request) => return state::perform(&passage, request).await,
                Operation::Now => {
                    let now = passage.clock.now();
                    Returned::of(now.0.to_string(), now)
                }
                Operation::Random => {
                    let random = getrandom::u64()
                        .map_err(|error| Error::Engine(format!("no randomness: {error}")))?
                        .cast_signed();
                    Returned::of(random.to_string(), random)
                }
                Operation::RemainingBudget => {
                    let left = state::remaining_budget(&passage).await?;
                    Returned::of(history::written(&left)?, left)
                }
            };
            Ok(Reply::of(Ok(answer), Amounts::default()))
        })
    }
}

async fn send(passage: &Passage, call: &Call, request: &Request) -> Reply {
    let connection = match passage.connection() {
        Ok(connection) => connection,
        Err(error) => return Reply::refused(error),
    };
    let intake = Intake::new(passage, call);
    let accepts = |bytes| intake.accepts(bytes);
    let sent = connection.platform.send(request, call.ott.as_ref(), &accepts).await;
    let Sent { traffic, outcome } = sent;
    let assumed = outcome.as_ref().map(|answer| answer.assumed.join(", ")).unwrap_or_default();
    let outcome = match (outcome, intake.exhausted()) {
        (Err(types::Error::Unavailable(_)), Some(exhaustion)) => {
            Err(types::Error::BudgetExhausted(exhaustion))
        }
        (outcome, _) => outcome.map(|answer| Returned {
            count: Some(answer.count),
            result: answer.result,
            value: answer.value,
            reference_number: Some(answer.reference_number),
        }),
    };
    let evidence = (!assumed.is_empty()).then(|| format!("{ASSUMED}{assumed}"));
    Reply { evidence, ..Reply::of(outcome, Amounts::traffic(traffic)) }
}
