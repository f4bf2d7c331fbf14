//! The control API: the clock, and what POD would do elsewhere.

use std::sync::Arc;

use axum::Router;

use crate::platform::Platform;

pub(crate) fn router() -> Router<Arc<Platform>> {
    Router::new()
}
