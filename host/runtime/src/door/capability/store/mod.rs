//! The policy's own memory: small texts by key, which its later runs find again.

mod memory;

use std::{any::Any, borrow::Cow};

use futures_util::future::BoxFuture;
use pod_platform::{types, wire::form::Form};

pub(crate) use memory::Memory;
use memory::bytes;

use super::{Capability, Counted, Effect};
use crate::{
    door::{
        call::{Call, Reply, Returned},
        context::Context,
        history::written,
    },
    error::Error,
    grant::Amounts,
    journal::StateChange,
};

/// The longest key, in bytes.
const LONGEST_KEY: usize = 256;

/// What is asked of the policy's memory.
#[derive(Debug)]
pub(crate) enum StateRequest {
    Get { key: String },
    Set { key: String, value: Option<String> },
    CompareAndSet { key: String, expected: Option<String>, value: Option<String> },
    ListKeys { prefix: String },
}

impl StateRequest {
    /// As journals have it.
    fn form(&self) -> Form {
        let mut form = Form::default();
        let mut push = |name: &'static str, text: Option<&String>| {
            if let Some(text) = text {
                form.push(name, text);
            }
        };
        match self {
            Self::Get { key } => push("key", Some(key)),
            Self::Set { key, value } => {
                push("key", Some(key));
                push("value", value.as_ref());
            }
            Self::CompareAndSet { key, expected, value } => {
                push("key", Some(key));
                push("expected", expected.as_ref());
                push("value", value.as_ref());
            }
            Self::ListKeys { prefix } => push("prefix", Some(prefix)),
        }
        form
    }
}

impl Capability for StateRequest {
    fn name(&self) -> Cow<'static, str> {
        let name = match self {
            Self::Get { .. } => "store.get-state",
            Self::Set { .. } => "store.set-state",
            Self::CompareAndSet { .. } => "store.compare-and-set-state",
            Self::ListKeys { .. } => "store.list-state-keys",
        };
        name.into()
    }

    fn arguments(&self) -> String {
        self.form().encoded()
    }

    fn effect(&self) -> Effect {
        match self {
            Self::Set { .. } | Self::CompareAndSet { .. } => Effect::Store,
            Self::Get { .. } | Self::ListKeys { .. } => Effect::Read,
        }
    }

    fn counted(&self) -> Counted {
        Counted::Entry
    }

    fn perform<'a>(&'a self, ctx: &'a Context, _: &'a Call) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(perform(ctx, self))
    }

    fn decode(&self, _: u64, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        Ok(match self {
            Self::Get { .. } => Box::new(serde_json::from_str::<Option<String>>(text)?),
            Self::Set { .. } => Box::new(()),
            Self::CompareAndSet { .. } => Box::new(serde_json::from_str::<bool>(text)?),
            Self::ListKeys { .. } => Box::new(serde_json::from_str::<Vec<String>>(text)?),
        })
    }
}

/// Does what is asked. The outer error ends the run.
async fn perform(ctx: &Context, request: &StateRequest) -> Result<Reply, Error> {
    let answer = match request {
        StateRequest::Get { key } => {
            let stored = ctx.memory.get(key).await?;
            Returned::of(written(&stored)?, stored)
        }
        StateRequest::ListKeys { prefix } => {
            let keys = ctx.memory.keys().await?.into_iter().map(|(key, _)| key);
            let keys: Vec<String> = keys.filter(|key| key.starts_with(prefix)).collect();
            Returned::of(written(&keys)?, keys)
        }
        StateRequest::Set { key, value } => {
            return change(ctx, key, value.as_ref(), Returned::of("null", ())).await;
        }
        StateRequest::CompareAndSet { key, expected, value } => {
            if ctx.memory.get(key).await? == *expected {
                return change(ctx, key, value.as_ref(), Returned::of("true", true)).await;
            }
            Returned::of("false", false)
        }
    };
    Ok(Reply::of(Ok(answer), Amounts::default()))
}

async fn change(
    ctx: &Context,
    key: &str,
    value: Option<&String>,
    answer: Returned,
) -> Result<Reply, Error> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        let expected = format!("1 to {LONGEST_KEY} bytes");
        let argument = types::InvalidArgument { field: "key".to_owned(), expected };
        return Ok(Reply::refused(types::Error::InvalidArgument(argument)));
    }
    if let Some(value) = value {
        let replaced = ctx.memory.get(key).await?.map_or(0, |stored| bytes(key, &stored));
        let others = ctx.memory.bytes().await?.saturating_sub(replaced);
        let needed = bytes(key, value);
        let remaining = ctx.grant.budget.state_bytes.saturating_sub(others);
        if needed > remaining {
            let meter = types::Meter::State;
            let exhaustion = types::Exhaustion { meter, needed, remaining };
            return Ok(Reply::refused(types::Error::BudgetExhausted(exhaustion)));
        }
    }
    let change = StateChange { key: key.to_owned(), value: value.cloned() };
    let mut reply = Reply::of(Ok(answer), Amounts::default());
    reply.state = ctx.memory.change(change);
    Ok(reply)
}
