//! Runs, from what they are told to their receipts: begun, executed, gone on with, executed again.

mod admission;
mod ask;
mod begin;
mod decide;
mod execution;
mod facts;
mod familiar;
mod host;
mod idempotency;
mod input;
mod keys_once;
mod load;
mod replay;
mod resume;
mod spec;

pub use host::{Host, HostBuilder, PAUSE_AFTER, PreparedHost, default_store};
pub use idempotency::check_key;
pub use input::{LARGEST_INPUT, parse_input};
pub use replay::{Difference, Replay};
pub use resume::Decision;
pub use spec::RunOptions;
