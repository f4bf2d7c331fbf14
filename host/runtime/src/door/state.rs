//! The policy's own memory, and what is left of its budgets.

use std::any::Any;

use pod_platform::{types, wire::form::Form};

use super::{Passage, Reply, Returned, history::written, memory::bytes, turns::Turn};
use crate::{
    contract::RemainingBudget,
    error::Error,
    grant::{Amounts, day},
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
    /// How grants and journals name it.
    pub fn function(&self) -> &'static str {
        match self {
            Self::Get { .. } => "store.get-state",
            Self::Set { .. } => "store.set-state",
            Self::CompareAndSet { .. } => "store.compare-and-set-state",
            Self::ListKeys { .. } => "store.list-state-keys",
        }
    }

    /// As journals have it.
    pub fn form(&self) -> Form {
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

    /// Reads an answer that the journal has.
    pub fn read(&self, text: &str) -> serde_json::Result<Box<dyn Any + Send>> {
        Ok(match self {
            Self::Get { .. } => Box::new(serde_json::from_str::<Option<String>>(text)?),
            Self::Set { .. } => Box::new(()),
            Self::CompareAndSet { .. } => Box::new(serde_json::from_str::<bool>(text)?),
            Self::ListKeys { .. } => Box::new(serde_json::from_str::<Vec<String>>(text)?),
        })
    }

    /// May it change what is stored?
    pub fn stores(&self) -> bool {
        matches!(self, Self::Set { .. } | Self::CompareAndSet { .. })
    }
}

impl Passage {
    /// What changes the policy's memory does so alone, until it is written down.
    pub async fn turn_to_store(&self) -> Option<Turn> {
        let (_, owner) = self.recorder.journal()?;
        Some(self.turns_to_store.take(owner).await)
    }
}

/// Does what is asked. The outer error ends the run.
pub(crate) async fn perform(passage: &Passage, request: &StateRequest) -> Result<Reply, Error> {
    let answer = match request {
        StateRequest::Get { key } => {
            let stored = passage.memory.get(key).await?;
            Returned::of(written(&stored)?, stored)
        }
        StateRequest::ListKeys { prefix } => {
            let keys = passage.memory.keys().await?.into_iter().map(|(key, _)| key);
            let keys: Vec<String> = keys.filter(|key| key.starts_with(prefix)).collect();
            Returned::of(written(&keys)?, keys)
        }
        StateRequest::Set { key, value } => {
            return change(passage, key, value.as_ref(), Returned::of("null", ())).await;
        }
        StateRequest::CompareAndSet { key, expected, value } => {
            if passage.memory.get(key).await? == *expected {
                return change(passage, key, value.as_ref(), Returned::of("true", true)).await;
            }
            Returned::of("false", false)
        }
    };
    Ok(Reply::of(Ok(answer), Amounts::default()))
}

async fn change(
    passage: &Passage,
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
        let replaced = passage.memory.get(key).await?.map_or(0, |stored| bytes(key, &stored));
        let others = passage.memory.bytes().await?.saturating_sub(replaced);
        let needed = bytes(key, value);
        let remaining = passage.grant.budget.state_bytes.saturating_sub(others);
        if needed > remaining {
            let meter = types::Meter::State;
            let exhaustion = types::Exhaustion { meter, needed, remaining };
            return Ok(Reply::refused(types::Error::BudgetExhausted(exhaustion)));
        }
    }
    let change = StateChange { key: key.to_owned(), value: value.cloned() };
    let mut reply = Reply::of(Ok(answer), Amounts::default());
    reply.state = passage.memory.change(change);
    Ok(reply)
}

/// What is left of the budgets now.
pub(crate) async fn remaining_budget(passage: &Passage) -> Result<RemainingBudget, Error> {
    let budget = &passage.grant.budget;
    let left = passage.recorder.left(budget, day(passage.clock.now()));
    let stored = passage.memory.bytes().await?;
    Ok(RemainingBudget {
        rial: left.rials,
        rial_per_payment: budget.rial_per_payment.map(|ceiling| ceiling.0),
        calls: left.calls,
        http_calls: left.http_calls,
        sms: left.sms,
        bytes_up: left.bytes_up,
        bytes_down: left.bytes_down,
        state: budget.state_bytes.saturating_sub(stored),
    })
}
