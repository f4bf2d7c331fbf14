//! Calls that are made again, told from calls that are made for the first time.
//!
//! Whoever is killed and goes on makes some calls again. Counted anew, they would move every fault
//! that is bound to a number to another call, and one history could not be compared with another. So
//! a platform can be told to take a repeat for the call that it repeats: it is not counted, what a
//! line did to the first attempt is not done to it, and what was refused is refused again.

use std::collections::HashMap;

use pod_platform::wire::form::Fields;

use super::injected::{Effect, Injected, Manner};
use crate::platform::Call;

/// The calls that were made.
#[derive(Default)]
pub(crate) struct Repeats(HashMap<Key, Injected>);

/// What makes two requests the same call. A one-time token is sent again with a repeat, and is another
/// one with another call.
#[derive(Eq, Hash, PartialEq)]
struct Key {
    service: &'static str,
    token: Option<String>,
    ott: Option<String>,
    fields: Fields,
}

impl Key {
    fn of(service: &'static str, call: &Call) -> Self {
        let Call { token, ott, fields, .. } = call;
        Self { service, token: token.clone(), ott: ott.clone(), fields: fields.clone() }
    }
}

impl Repeats {
    /// What happens to a call that was made before; none, if it was not.
    pub(super) fn again(&self, service: &'static str, call: &Call) -> Option<Injected> {
        let first = self.0.get(&Key::of(service, call))?;
        // A platform that refused does so again.
        let is_refusal = match first.manner {
            Manner::Refusal(code) => first.effect == Effect::Never && !leaves_open(code),
            _ => false,
        };
        Some(if is_refusal { *first } else { Injected::default() })
    }

    pub(super) fn first(&mut self, service: &'static str, call: &Call, injected: Injected) {
        self.0.insert(Key::of(service, call), injected);
    }
}

/// Does nobody know, after this code, what happened?
fn leaves_open(code: i32) -> bool {
    pod_platform::types::PlatformError::new(code, String::new(), String::new()).is_outcome_unknown()
}
