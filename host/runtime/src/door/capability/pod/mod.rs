//! POD's services, all of them: what is to be known of each stands in its row of the catalogue.

mod moved;
mod stakes;

use std::{any::Any, borrow::Cow, sync::Arc};

use futures_util::future::BoxFuture;
use pod_platform::{EffectClass, MARK_PREFIX, Request, Route, types};

use super::{Appraisal, Capability, Cost, Counted, Effect, MUTATION_BYTES_DOWN, Shown};
use crate::{
    door::{
        call::{Call, Reply, Returned},
        context::Context,
        intake::Intake,
        pod::Sent,
    },
    error::Error,
    grant::Amounts,
    journal::ASSUMED,
};

/// The field of issueInvoice that carries our mark.
const MARK: &str = "billNumber";

/// A call of a service.
pub(in crate::door) struct PodCall(pub Request);

impl PodCall {
    /// A link is built here: nothing is sent.
    fn is_sent(&self) -> bool {
        !matches!(self.0.row.route, Route::Link { .. })
    }
}

impl Capability for PodCall {
    fn name(&self) -> Cow<'static, str> {
        self.0.qualified_name().into()
    }

    fn arguments(&self) -> String {
        self.0.form.encoded()
    }

    fn effect(&self) -> Effect {
        match self.0.row.effect {
            pod_platform::Effect::Read => Effect::Read,
            pod_platform::Effect::Mutation { class, .. } => Effect::Mutation(class),
        }
    }

    fn denied(&self, ctx: &Context) -> Option<String> {
        ctx.grant.scope.denies(&self.0)
    }

    fn counted(&self) -> Counted {
        if self.is_sent() { Counted::Budget } else { Counted::Entry }
    }

    fn cost(&self, ctx: &Context) -> Option<Cost> {
        let Request { row, form, .. } = &self.0;
        let lookups = stakes::lookups(ctx, &self.0);
        let changes_something = self.effect() != Effect::Read;
        let needed = Amounts {
            calls: u64::from(self.is_sent()) + lookups + u64::from(row.needs_ott),
            bytes_up: form.encoded().len() as u64,
            bytes_down: if changes_something { MUTATION_BYTES_DOWN } else { 1 },
            // An SMS costs whoever pays for it, and bothers whoever gets it.
            sms: u64::from(self.0.sends_sms()),
            ..Amounts::default()
        };
        Some(Cost { needed, looks_up: lookups > 0 })
    }

    fn perform<'a>(
        &'a self,
        ctx: &'a Context,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move { Ok(send(ctx, call, &self.0).await) })
    }

    fn decode(&self, count: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        (self.0.read)(count, text)
    }

    fn service(&self) -> Cow<'static, str> {
        self.0.row.name.into()
    }

    fn invoice(&self) -> Option<u64> {
        stakes::invoice(&self.0)
    }

    fn needs_ott(&self) -> bool {
        self.0.row.needs_ott
    }

    fn shown(&self) -> Option<Shown<'_>> {
        let evidence = stakes::evidence(&self.0)?;
        Some(Shown { evidence, form: &self.0.form })
    }

    fn is_retried(&self) -> bool {
        true
    }

    fn appraise<'a>(&'a self, ctx: &'a Context) -> BoxFuture<'a, Appraisal> {
        Box::pin(stakes::find(ctx, &self.0))
    }

    /// An invoice that is issued without a number gets one of ours, by which it is found again. It
    /// follows from the run and the step, so it is the same when the run is executed again. A number of
    /// the guest's own that looks like one of ours would be evidence of another call.
    fn marked(
        &self,
        ctx: &Context,
        step: u64,
    ) -> Result<Option<Arc<dyn Capability>>, types::Error> {
        if self.effect() != Effect::Mutation(EffectClass::MarkedByUs) {
            return Ok(None);
        }
        let number = ctx.origin.mark(step);
        match self.0.form.get(MARK) {
            None => {
                let mut request = self.0.clone();
                request.form.push(MARK, number);
                Ok(Some(Arc::new(Self(request))))
            }
            Some(given) if given.starts_with(MARK_PREFIX) && given != number => {
                Err(types::Error::InvalidArgument(types::InvalidArgument {
                    field: MARK.to_owned(),
                    expected: format!(
                        "a number that does not begin with `{MARK_PREFIX}`: so begin those that \
                         podhost gives to invoices without one"
                    ),
                }))
            }
            Some(_) => Ok(None),
        }
    }

    fn weigh<'a>(
        &'a self,
        ctx: &'a Context,
        call: &'a Call,
        is_anothers: bool,
        reply: &'a mut Reply,
    ) -> BoxFuture<'a, ()> {
        Box::pin(moved::weigh(ctx, call, &self.0, is_anothers, reply))
    }
}

async fn send(ctx: &Context, call: &Call, request: &Request) -> Reply {
    let intake = Intake::new(ctx, call);
    let accepts = |bytes| intake.accepts(bytes);
    let sent = ctx.pod.send(request, call.ott.as_ref(), &accepts).await;
    let Sent { traffic, outcome } = sent;
    let assumed = outcome.as_ref().map(|answer| answer.assumed.join(", ")).unwrap_or_default();
    let outcome = match (outcome, intake.exhausted()) {
        (Err(types::Error::Unavailable(_)), Some(exhaustion)) => {
            Err(types::Error::BudgetExhausted(exhaustion))
        }
        (outcome, _) => outcome.map(|answer| Returned {
            count: Some(answer.count),
            result: answer.result,
            value: answer.value,
            reference_number: Some(answer.reference_number),
        }),
    };
    let evidence = (!assumed.is_empty()).then(|| format!("{ASSUMED}{assumed}"));
    Reply { evidence, ..Reply::of(outcome, Amounts::traffic(traffic)) }
}
