//! Innermost: token and API key are added here, last. Nothing above ever sees one.

use std::sync::Arc;

use bytes::Bytes;
use pod_platform::{Request, Traffic, types};

use super::{Answer, Call, Connection, Layer, Operation, Passage, Passing, Reply};
use crate::{Error, budget::Amounts};

#[derive(Clone)]
pub(crate) struct PodClient {
    pub passage: Arc<Passage>,
}

impl Layer for PodClient {
    fn pass(self, call: Call) -> Passing {
        let Self { passage } = self;
        Box::pin(async move {
            Ok(match &call.operation {
                Operation::Pod(request) => send(&passage, &call, request).await,
                Operation::Now => {
                    let now = passage.clock.now();
                    host_function(now.0.to_string(), now)
                }
                Operation::Random => {
                    let random = getrandom::u64()
                        .map_err(|error| Error::Engine(format!("no randomness: {error}")))?
                        .cast_signed();
                    host_function(random.to_string(), random)
                }
            })
        })
    }
}

fn host_function<T: Send + 'static>(json: String, value: T) -> Reply {
    let answer = Answer {
        count: None,
        result: Bytes::from(json),
        value: Box::new(value),
        reference_number: None,
    };
    Reply { outcome: Ok(answer), spent: Amounts::default(), evidence: None }
}

async fn send(passage: &Passage, call: &Call, request: &Request) -> Reply {
    let mut traffic = Traffic::default();
    let outcome = try_send(passage, call, request, &mut traffic).await;
    Reply { outcome, spent: Amounts::traffic(traffic), evidence: None }
}

async fn try_send(
    passage: &Passage,
    call: &Call,
    request: &Request,
    traffic: &mut Traffic,
) -> Result<Answer, types::Error> {
    let Passage { recorder, grant, .. } = passage;
    let Connection { client, credentials, .. } = passage.connection()?;
    let left = usize::try_from(recorder.bytes_down_left(&grant.budget)).unwrap_or(usize::MAX);
    let at_most = left.min(client.response_bytes());
    let exchange = client.send(request, credentials, call.ott.as_ref(), at_most).await;
    *traffic += exchange.traffic;
    exchange.outcome.map(|answer| Answer {
        count: Some(answer.count),
        result: answer.result,
        value: answer.value,
        reference_number: Some(answer.reference_number),
    })
}
