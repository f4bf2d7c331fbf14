//! `/emulator/caller`: who has a token. No POD service tells; a program that acts for somebody has to
//! know which business it is, and which user.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use pod_platform::wire::form::Fields;
use serde::Serialize;

use super::{Failure, json};
use crate::{fork::NOBODY, parties, platform::Platform, seed, store::Store};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Caller {
    user_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_id: Option<u64>,
}

pub(super) async fn show(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let mut store = platform.store.lock().await;
    let caller = asked_for(&platform, &mut store, query).await?;
    json(&Caller {
        user_id: caller.user_id.unsigned_abs(),
        // Nobody has told whether a fork's account has one.
        business_id: caller.business_id.filter(|id| *id != NOBODY).map(i64::unsigned_abs),
    })
}

/// Who has the query's `token`, or else the scenario's caller.
pub(super) async fn asked_for(
    platform: &Platform,
    store: &mut Store,
    query: Option<String>,
) -> Result<parties::Caller, Failure> {
    let fields = Fields::decoded(query.unwrap_or_default().as_bytes());
    let token = match fields.get("token") {
        Some(token) => Some(token.to_owned()),
        None => store.setting(seed::CALLER).await?,
    };
    let token = token.ok_or_else(|| Failure::field("token", "the platform has no caller"))?;
    let unknown = || Failure::field("token", "no business and no user has this token");
    platform.who(&token).ok_or_else(unknown)
}
