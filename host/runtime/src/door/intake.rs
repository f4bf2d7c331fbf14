//! Takes an answer's bytes from the budget as they come in, so that answers that come at the same time
//! cannot overspend an allowance. What has come by the time that an answer is cut off counts, too.

use std::sync::{Mutex, PoisonError};

use pod_platform::types::Exhaustion;

use super::{call::Call, context::Context};
use crate::grant::Amounts;

/// What one call takes in, and what is reserved for that.
pub(crate) struct Intake<'a> {
    ctx: &'a Context,
    state: Mutex<State>,
}

struct State {
    /// What is reserved for the call, in bytes.
    reserved: u64,
    /// Why no more could be reserved.
    exhausted: Option<Exhaustion>,
}

impl<'a> Intake<'a> {
    /// Of a call for which something is reserved: by `charge`, or by the intent of a run that goes on.
    pub fn new(ctx: &'a Context, call: &Call) -> Self {
        let reserved = ctx.recorder.reserved(call.step).unwrap_or(call.reserved);
        let state = State { reserved: reserved.bytes_down, exhausted: None };
        Self { ctx, state: Mutex::new(state) }
    }

    /// Does the budget cover so many bytes in all?
    pub fn accepts(&self, bytes: u64) -> bool {
        self.take(bytes).is_ok()
    }

    /// Reserves so many bytes in all.
    pub fn take(&self, bytes: u64) -> Result<(), Exhaustion> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let more = bytes.saturating_sub(state.reserved);
        if more == 0 {
            return Ok(());
        }
        let more = Amounts { bytes_down: more, ..Amounts::default() };
        self.ctx.reserve(more).inspect_err(|exhaustion| {
            state.exhausted = Some(exhaustion.clone());
        })?;
        state.reserved = bytes;
        Ok(())
    }

    /// The meter that did not cover the answer; none, if the budget did.
    pub fn exhausted(self) -> Option<Exhaustion> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).exhausted
    }
}
