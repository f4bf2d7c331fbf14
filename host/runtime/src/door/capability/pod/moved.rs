//! What a call moved, once it is known that it took effect: an effect says what happened, not what was
//! at stake, and the budget is charged no more than that.
//!
//! A payment whose amount nobody could read was charged a ceiling, and what another business issued may
//! have been reduced at any time. Such an amount is read now, by one more look-up of the host's own. An
//! issuer may reduce what is paid already, too: so what is read says what was moved only where it is what
//! was read before the payment, or nothing was ever reduced. Where nothing tells, what was reserved stays
//! charged, and the effect says that it is a ceiling.

use pod_platform::{Before, Effect, Request, Rial, is_pending, types};

use super::{Appraisal, stakes};
use crate::{
    door::{
        call::{Call, Moved, Reply},
        context::Context,
    },
    grant::Amounts,
    journal::KnownBy,
};

/// Adds to a mutation's reply what it moved. What is at stake may have changed since it was read if
/// somebody else issued it.
pub(super) async fn weigh(
    ctx: &Context,
    call: &Call,
    request: &Request,
    is_anothers: bool,
    reply: &mut Reply,
) {
    let Some(intent) = ctx.recorder.open_intent(call.step) else { return };
    // In a journal that is an older copy, what was there may be what its lost part made.
    let may_be_own = ctx.origin.restored_since.is_some() && call.intended.is_none();
    let is_proven = may_be_own && reply.known_by == Some(KnownBy::Read);
    if let Some(before) = intent.state_before().filter(|_| !is_proven) {
        match was_there(ctx, request, &before, reply).await {
            Some(false) => {}
            Some(true) if !may_be_own => {
                reply.moved = Some(Moved { nothing: true, ..Moved::default() });
                return;
            }
            Some(true) | None => return untold(reply),
        }
    }
    let Ok(answer) = &reply.outcome else { return };
    let stakes = stakes::of(request);
    let reserved = Rial(intent.reserved.rials);
    let before = (intent.at_most != Some(true)).then_some(reserved);
    let may_differ = is_anothers && stakes.shows_afterwards();
    let by_answer = stakes.moved(before.filter(|_| !may_differ), &*answer.value);
    let pending = is_pending(&*answer.value);
    let moved = match by_answer {
        None if stakes.shows_afterwards() => look(ctx, request, before, reply).await,
        known => known,
    };
    let at_most = moved.is_none();
    reply.moved =
        Some(Moved { rials: moved.unwrap_or(reserved).0, at_most, pending, nothing: false });
}

/// Did POD answer with what was there before the call? None: nothing tells, nor does one more look, or
/// the budget has no call left for that.
async fn was_there(
    ctx: &Context,
    request: &Request,
    before: &Before,
    reply: &mut Reply,
) -> Option<bool> {
    if let Some(was_there) = told(ctx, request, before, reply, None) {
        return Some(was_there);
    }
    if !has_a_call_left(ctx) {
        return None;
    }
    let Appraisal { traffic, before: after, .. } = stakes::find_again(ctx, request).await;
    reply.spent = reply.spent.plus(Amounts::traffic(traffic));
    told(ctx, request, before, reply, after.as_ref())
}

/// What POD answered is there, and by whom nobody can tell: neither claimed nor denied.
fn untold(reply: &mut Reply) {
    let Ok(answer) = &reply.outcome else { return };
    let reason =
        "POD answered with what this call or another's made, and not whose it is".to_owned();
    let reference_number = answer.reference_number.clone();
    reply.outcome = Err(types::Error::OutcomeUnknown(types::Doubt { reason, reference_number }));
    reply.known_by = None;
}

/// What an answer tells of that, with what a look shows since.
fn told(
    ctx: &Context,
    request: &Request,
    before: &Before,
    reply: &Reply,
    after: Option<&Before>,
) -> Option<bool> {
    match (&reply.outcome, request.row.effect) {
        (Ok(answer), Effect::Mutation { evidence, .. }) => {
            evidence.was_there(before, &*answer.value, ctx.origin.user, after)
        }
        _ => Some(false),
    }
}

/// Is one more look-up within the budget?
fn has_a_call_left(ctx: &Context) -> bool {
    let needed = Amounts { calls: 1, bytes_down: 1, ..Amounts::default() };
    ctx.reserve(needed).is_ok()
}

/// Looks the amount up, if the budget has a call left for that.
async fn look(
    ctx: &Context,
    request: &Request,
    before: Option<Rial>,
    reply: &mut Reply,
) -> Option<Rial> {
    if !has_a_call_left(ctx) {
        return None;
    }
    let Appraisal { traffic, rials, was_reduced, .. } = stakes::find_amount(ctx, request).await;
    reply.spent = reply.spent.plus(Amounts::traffic(traffic));
    rials.ok().filter(|after| before.map_or(!was_reduced, |before| before == *after))
}
