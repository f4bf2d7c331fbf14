//! Before a mutation begins, its intent and its reservation are on the disk, together with
//! everything noted before. Reads pass.
//!
//! Its one-time token is fetched before that and kept beside the intent, sealed: sent again, it
//! fences a first attempt that may still arrive.

use std::sync::{Arc, atomic::Ordering};

use pod_platform::{Effect, EffectClass, MARK_PREFIX, types};

use super::{
    Call, Intended, Layer, Next, Operation, Passage, Passing, Point, Reply, history, stakes,
};
use crate::{
    error::Error,
    grant::Amounts,
    journal::{Entry, HTTP, Intent},
};

/// The field of issueInvoice that carries our mark.
const MARK: &str = "billNumber";

#[derive(Clone)]
pub(crate) struct Intend<S> {
    pub passage: Arc<Passage>,
    pub inner: S,
}

impl<S: Next> Layer for Intend<S> {
    fn pass(mut self, mut call: Call) -> Passing {
        if let Err(refused) = mark(&self.passage, &mut call) {
            return Reply::refusing(refused);
        }
        if call.class().is_none() || call.intended.is_some() {
            return self.inner.call(call);
        }
        let Self { passage, mut inner } = self;
        Box::pin(async move {
            let mut spent = Amounts::default();
            if let Err(refused) = intend(&passage, &mut call, &mut spent).await? {
                return Ok(Reply { spent, ..Reply::refused(refused) });
            }
            let step = call.step;
            let mut reply = inner.call(call).await?;
            passage.reach(step, Point::AfterEffect);
            reply.spent = reply.spent.plus(spent);
            Ok(reply)
        })
    }
}

/// Makes the intent durable. The outer error ends the run, the inner one is the guest's.
async fn intend(
    passage: &Passage,
    call: &mut Call,
    spent: &mut Amounts,
) -> Result<Result<(), types::Error>, Error> {
    let Some(class) = call.class() else { return Ok(Ok(())) };
    let request = call.mutation();
    let refuse = |reason: String| Ok(Err(types::Error::Unavailable(reason)));
    let has_ended = || passage.ended.load(Ordering::SeqCst);
    const ENDED: &str = "the run ended before this call began";
    if has_ended() {
        return refuse(ENDED.to_owned());
    }
    passage.go_on()?;
    let ott = if request.is_some_and(|request| request.row.needs_ott) {
        let connection = match passage.connection() {
            Ok(connection) => connection,
            Err(error) => return Ok(Err(error)),
        };
        let exchange = connection.platform.ott().await;
        *spent = spent.plus(Amounts::traffic(exchange.traffic));
        match exchange.outcome {
            Ok(ott) => Some((passage.seal(call.step, &ott)?, ott)),
            Err(error) => return Ok(Err(error)),
        }
    } else {
        None
    };
    if has_ended() {
        return refuse(ENDED.to_owned());
    }
    passage.go_on()?;
    let intent = Intent {
        step: call.step,
        function: call.function.clone(),
        service: request.map_or(HTTP, |request| request.row.name).to_owned(),
        // Not as it was asked for, but with our mark.
        arguments: match request {
            Some(request) => request.form.encoded(),
            None => call.arguments.to_string(),
        },
        call: call.digest,
        effect_class: class.name().to_owned(),
        reserved: call.reserved,
        invoice: request.and_then(stakes::invoice),
        at: passage.clock.now().0,
        before: match &call.before {
            Some(before) => Some(history::written(&**before)?),
            None => None,
        },
        at_most: call.at_most.then_some(true),
    };
    passage.reach(call.step, Point::BeforeIntent);
    // In a journal that is an older copy, this may have been done already.
    call.intended = Some(match passage.restored_since {
        Some(since) => Intended { at: since, restored: true, looked_for: true },
        None => Intended { at: intent.at, restored: false, looked_for: false },
    });
    passage.recorder.note(Entry::Intent(intent));
    if let Some((sealed, ott)) = ott {
        passage.recorder.keep_sealed(call.step, sealed);
        call.ott = Some(ott);
    }
    passage.recorder.commit().await?;
    passage.reach(call.step, Point::AfterIntent);
    Ok(Ok(()))
}

/// Gives an invoice that is issued without a number one of ours, by which it is found again. It
/// follows from the run and the step, so it is the same when the run is executed again. A number of
/// the guest's own that looks like one of ours would be evidence of another call.
fn mark(passage: &Passage, call: &mut Call) -> Result<(), types::Error> {
    let number = passage.mark(call.step);
    if let Operation::Pod(request) = &mut call.operation
        && matches!(request.row.effect, Effect::Mutation { class: EffectClass::MarkedByUs, .. })
    {
        match request.form.get(MARK) {
            None => request.form.push(MARK, number),
            Some(given) if given.starts_with(MARK_PREFIX) && given != number => {
                return Err(types::Error::InvalidArgument(types::InvalidArgument {
                    field: MARK.to_owned(),
                    expected: format!(
                        "a number that does not begin with `{MARK_PREFIX}`: so begin those that \
                         podhost gives to invoices without one"
                    ),
                }));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
