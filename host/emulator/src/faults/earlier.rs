//! The answers that a later call can be given by mistake.

use std::{collections::HashMap, sync::Arc};

use pod_platform::wire::envelope::OutgoingEnvelope;

/// The last answer of each service to each caller, by the token that it called with. In memory: a
/// restart forgets them, as a connection would.
#[derive(Default)]
pub(crate) struct Earlier(HashMap<(&'static str, Option<String>), Arc<OutgoingEnvelope>>);

impl Earlier {
    /// Keeps an answer and returns the one before it.
    pub(crate) fn replace(
        &mut self,
        service: &'static str,
        token: Option<&str>,
        answer: &Arc<OutgoingEnvelope>,
    ) -> Option<Arc<OutgoingEnvelope>> {
        self.0.insert((service, token.map(str::to_owned)), Arc::clone(answer))
    }
}
