//! Innermost: token and API key are added here, last. Nothing above ever sees one.

use std::sync::Arc;

use pod_platform::{Request, Traffic, types};

use super::{
    Answer, Call, Connection, Layer, Operation, Passage, Passing, Reply, history, http,
    intake::Intake, state,
};
use crate::{Error, budget::Amounts};

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
                    Answer::of(now.0.to_string(), now)
                }
                Operation::Random => {
                    let random = getrandom::u64()
                        .map_err(|error| Error::Engine(format!("no randomness: {error}")))?
                        .cast_signed();
                    Answer::of(random.to_string(), random)
                }
                Operation::RemainingBudget => {
                    let left = state::remaining_budget(&passage).await?;
                    Answer::of(history::written(&left)?, left)
                }
            };
            Ok(Reply::of(Ok(answer), Amounts::default()))
        })
    }
}

async fn send(passage: &Passage, call: &Call, request: &Request) -> Reply {
    let mut traffic = Traffic::default();
    let outcome = try_send(passage, call, request, &mut traffic).await;
    Reply::of(outcome, Amounts::traffic(traffic))
}

async fn try_send(
    passage: &Passage,
    call: &Call,
    request: &Request,
    traffic: &mut Traffic,
) -> Result<Answer, types::Error> {
    let Connection { client, credentials, .. } = passage.connection()?;
    let intake = Intake::new(passage, call);
    let accepts = |bytes| intake.accepts(bytes);
    let exchange = client.send(request, credentials, call.ott.as_ref(), &accepts).await;
    *traffic += exchange.traffic;
    if let Err(types::Error::Unavailable(_)) = exchange.outcome
        && let Some(exhaustion) = intake.exhausted()
    {
        return Err(types::Error::BudgetExhausted(exhaustion));
    }
    exchange.outcome.map(|answer| Answer {
        count: Some(answer.count),
        result: answer.result,
        value: answer.value,
        reference_number: Some(answer.reference_number),
    })
}
