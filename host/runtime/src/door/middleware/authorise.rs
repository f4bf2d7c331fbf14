//! Lets through what the grant allows, and says of the rest what is missing. Whose invoice a call acts
//! on is not known here: `charge` looks it up.

use std::sync::Arc;

use pod_platform::types;

use super::{Layer, Next, Passing, refusing};
use crate::door::{call::Call, context::Context};

pub(crate) struct Authorise;

impl Layer for Authorise {
    fn pass(&self, ctx: Arc<Context>, call: Call, next: Next) -> Passing {
        // What has an intent was authorised when it was written.
        if call.intended.is_none()
            && let Some(reason) = denies(&ctx, &call)
        {
            let denial = types::Denial { function: call.function, reason };
            return refusing(types::Error::Denied(denial));
        }
        next.call(ctx, call)
    }
}

/// Why a call is not granted, as far as that can be told without asking the platform.
fn denies(ctx: &Context, call: &Call) -> Option<String> {
    let function = &call.function;
    if call.capability.needs_grant() && !ctx.grant.allows(function) {
        return Some(format!(
            "not granted; policy.toml must ask for it, [capabilities] allow = [\"{function}\"], \
             and, for an account, podhost.toml must grant it, [policy.NAME.capabilities] allow = \
             [\"{function}\"]"
        ));
    }
    call.capability.denied(ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        door::{
            call::Intended,
            middleware::fake::{Fake, context, done, error, pass},
        },
        grant::Grant,
    };

    fn reason(error: types::Error) -> String {
        let types::Error::Denied(denial) = error else { panic!("{error}") };
        denial.reason
    }

    #[tokio::test]
    async fn what_the_grant_names_passes() {
        let (ctx, fake) = (Arc::new(context()), Arc::new(Fake::default()));
        done(pass(&[&Authorise], &ctx, &fake).await);
        assert_eq!(fake.count(), 1);
    }

    #[tokio::test]
    async fn what_the_grant_does_not_name_is_not_done_unless_it_needs_no_grant() {
        let ctx = Arc::new(Context { grant: Grant::default(), ..context() });
        let fake = Arc::new(Fake::default());
        let reason = reason(error(pass(&[&Authorise], &ctx, &fake).await));
        assert!(reason.contains("[capabilities] allow = [\"fake.do-it\"]"), "{reason}");
        assert_eq!(fake.count(), 0);
        let fake = Arc::new(Fake { needs_grant: false, ..Fake::default() });
        done(pass(&[&Authorise], &ctx, &fake).await);
    }

    #[tokio::test]
    async fn arguments_that_are_not_granted_are_not_sent() {
        let ctx = Arc::new(context());
        let fake = Arc::new(Fake { denied: Some("thing 7 is another's"), ..Fake::default() });
        assert_eq!(reason(error(pass(&[&Authorise], &ctx, &fake).await)), "thing 7 is another's");
        assert_eq!(fake.count(), 0);
    }

    /// Its grant is the one that it was written with.
    #[tokio::test]
    async fn what_has_an_intent_passes() {
        let ctx = Arc::new(Context { grant: Grant::default(), ..context() });
        let fake = Arc::new(Fake::default());
        let intended = Some(Intended { at: 0, restored: false, looked_for: true });
        let call = Call { intended, ..Call::new(0, fake.clone()) };
        done(Next::through(&[&Authorise]).call(ctx, call).await);
        assert_eq!(fake.count(), 1);
    }
}
