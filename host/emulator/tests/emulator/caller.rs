//! `/emulator/caller`: who has a token.

use serde_json::json;

use crate::street::{ask, start};

#[tokio::test]
async fn a_token_is_a_business_or_a_user() {
    let world = start().await;
    let pod = &world.emulator;
    assert_eq!((pod.caller_business(), pod.caller_user()), (Some(1), Some(10)));
    for (query, status, expected) in [
        ("", 200, json!({"userId": 10, "businessId": 1})),
        ("?token=baker", 200, json!({"userId": 20, "businessId": 2})),
        ("?token=sara", 200, json!({"userId": 40})),
        ("?token=nobody", 400, json!({"error": "token: no business and no user has this token"})),
    ] {
        let answer = ask(pod, &format!("/emulator/caller{query}")).await;
        assert_eq!(answer, (status, expected), "{query}");
    }
}
