//! Runs, from what they are told to their receipts: begun, executed, gone on with, executed again.

mod admission;
mod ask;
mod begin;
mod decide;
mod execution;
mod familiar;
mod host;
mod input;
mod key;
mod keys_once;
mod replay;
mod resume;
mod task;

pub use begin::RunOptions;
pub use decide::OnFailure;
pub use host::{
    Account, Host, HostBuilder, OnProgress, PAUSE_AFTER, PreparedHost, Progress, default_store,
};
pub use input::{LARGEST_INPUT, parse_input};
pub use key::check_key;
pub use replay::{Difference, Replay};
pub use resume::Decision;
pub(crate) use task::Background;
