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
