//! What the host asks the platform for its own sake: what a call puts at stake, what is so before
//! it, and what became of it.

use std::time::Duration;

use backon::BackoffBuilder as _;
use pod_platform::{Attempt, Evidence, Request, Sighting, Traffic, types, wire::form::Form};

use super::{Pod, platform::Sent};

/// What one answer may take, in bytes: a page of bills, or a loan with all its instalments.
const LOOK_BYTES_DOWN: u64 = 256 * 1024;

/// How often a question is repeated that was not answered.
const REPEATS: usize = 2;
/// How long it waits before the first repetition; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(100);

/// The pauses between the attempts at what is safe to repeat.
pub(in crate::door) fn pauses() -> impl Iterator<Item = Duration> + Send {
    backon::ExponentialBuilder::default()
        .with_min_delay(PAUSE)
        .with_max_times(REPEATS)
        .with_jitter()
        .build()
}

impl Pod {
    /// Asks one question, and again if it was not answered, as long as `may_repeat` allows.
    pub async fn ask(
        &self,
        question: &Request,
        may_repeat: &(dyn Fn() -> bool + Send + Sync),
    ) -> Sent {
        let platform = match self.platform() {
            Ok(platform) => platform,
            Err(error) => return Sent::nothing(error),
        };
        let send = || platform.send(question, None, &|bytes| bytes <= LOOK_BYTES_DOWN);
        let mut sent = send().await;
        for pause in pauses() {
            let Err(types::Error::Unavailable(_)) = &sent.outcome else { break };
            if !may_repeat() {
                break;
            }
            tokio::time::sleep(pause).await;
            let earlier = sent.traffic;
            sent = send().await;
            sent.traffic += earlier;
        }
        sent
    }

    /// Reads what the evidence of a call with this form asks for. None, if nothing can be read. The
    /// error says, for people, why the platform could not be asked.
    pub async fn look(
        &self,
        evidence: Evidence,
        form: &Form,
        attempt: Attempt<'_>,
    ) -> Option<(Traffic, Result<Sighting, String>)> {
        let questions = evidence.questions(form);
        if self.is_offline() || questions.is_empty() {
            return None;
        }
        let mut traffic = Traffic::default();
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let sent = self.ask(&question, &|| true).await;
            traffic += sent.traffic;
            match sent.outcome {
                Ok(answer) => answers.push(Some(answer)),
                // Not every list is for every account.
                Err(types::Error::Platform(_)) if !answers.is_empty() => answers.push(None),
                Err(error) => {
                    let name = question.row.name;
                    return Some((traffic, Err(format!("{name} could not be asked: {error}"))));
                }
            }
        }
        Some((traffic, Ok(evidence.weigh(form, &answers, attempt))))
    }
}
