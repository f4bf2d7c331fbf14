//! What a call moved, once it is known that it took effect: an effect says what happened, not what was
//! at stake, and the budget is charged no more than that.
//!
//! A payment whose amount nobody could read was charged a ceiling. It is read now, by one more look-up
//! of the host's own; where that does not tell either, the ceiling stays charged, and the effect says
//! that it is one.

use pod_platform::{Rial, is_pending};

use super::{
    Call, Passage, Reply,
    stakes::{self, Found},
};
use crate::budget::{Amounts, day};

/// What a mutation that took effect moved.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Moved {
    /// Paid, earmarked, given back, forgiven, or turned into debt.
    pub rials: u64,
    /// It may have been less: nobody can read it.
    pub at_most: bool,
    /// It waits for somebody's confirmation.
    pub pending: bool,
}

/// Adds to a mutation's reply what it moved.
pub(crate) async fn weigh(passage: &Passage, call: &Call, reply: &mut Reply) {
    let (Some(request), Ok(answer)) = (call.mutation(), &reply.outcome) else { return };
    let Some(intent) = passage.recorder.open_intent(call.step) else { return };
    let at_most = intent.at_most == Some(true);
    let stakes = stakes::of(request);
    let reserved = Rial(intent.reserved.rials);
    let by_answer = stakes.moved((!at_most).then_some(reserved), &*answer.value);
    let pending = is_pending(&*answer.value);
    let moved = match by_answer {
        None if stakes.shows_afterwards() => look(passage, call, reply).await,
        known => known,
    };
    reply.moved =
        Some(Moved { rials: moved.unwrap_or(reserved).0, at_most: moved.is_none(), pending });
}

/// Looks the amount up, if the budget has a call left for that.
async fn look(passage: &Passage, call: &Call, reply: &mut Reply) -> Option<Rial> {
    let request = call.mutation()?;
    let calls = stakes::lookups(passage, request);
    let needed = Amounts { calls, bytes_down: 1, ..Amounts::default() };
    let day = day(passage.clock.now());
    passage.recorder.reserve(&passage.grant.budget, day, needed).ok()?;
    let Found { traffic, rials, .. } = stakes::find(passage, request).await;
    reply.spent = reply.spent.plus(Amounts::traffic(traffic));
    rials.ok()
}
