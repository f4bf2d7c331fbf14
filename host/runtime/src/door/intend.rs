//! Before a mutation begins, its intent and its reservation are on the disk, together with
//! everything noted before. Reads pass.

use std::sync::{Arc, atomic::Ordering};

use pod_platform::{Effect, types};

use super::{Call, Layer, Next, Passage, Passing, Reply, stakes};
use crate::journal::{Entry, Intent};

#[derive(Clone)]
pub(crate) struct Intend<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Intend<S> {
    fn pass(mut self, call: Call) -> Passing {
        let Some(request) = call.mutation() else { return self.inner.call(call) };
        let intent = Intent {
            step: call.step,
            function: call.function.clone(),
            service: request.row.name.to_owned(),
            arguments: request.form.encoded(),
            call: call.digest,
            effect_class: match request.row.effect {
                Effect::Mutation { class, .. } => class.name().to_owned(),
                Effect::Read => unreachable!("a mutation is no read"),
            },
            reserved: call.reserved,
            invoice: stakes::invoice(request),
            at: self.passage.clock.now().0,
        };
        let Self { passage, mut inner } = self;
        Box::pin(async move {
            if passage.ended.load(Ordering::SeqCst) {
                let reason = "the run ended before this call began".to_owned();
                return Ok(Reply::refused(types::Error::Unavailable(reason)));
            }
            passage.recorder.note(Entry::Intent(intent));
            passage.recorder.commit().await?;
            inner.call(call).await
        })
    }
}
