//! A look at the platform: what became of a call, by its service's own evidence.

use pod_platform::{Attempt, Client, Credentials, Evidence, Sighting, Traffic, wire::form::Form};

/// What a look's answer may take, in bytes.
const LOOK_BYTES_DOWN: u64 = 256 * 1024;

/// Reads what the evidence of a call with this form asks for. None, if nothing can be read. The
/// error says, for people, why the platform could not be asked.
pub(crate) async fn look(
    client: &Client,
    credentials: &Credentials,
    evidence: Evidence,
    form: &Form,
    attempt: Attempt,
) -> Option<(Traffic, Result<Sighting, String>)> {
    let question = evidence.question(form)?;
    let exchange =
        client.send(&question, credentials, None, &|bytes| bytes <= LOOK_BYTES_DOWN).await;
    let sighting = match exchange.outcome {
        Ok(answer) => Ok(evidence.weigh(form, &answer, attempt)),
        Err(error) => Err(format!("{} could not be asked: {error}", question.row.name)),
    };
    Some((exchange.traffic, sighting))
}
