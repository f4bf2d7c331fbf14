//! The door: whatever leaves the sandbox passes these layers, in this order. No other code talks to a
//! platform on a policy's behalf.

mod account;
mod call;
mod calls;
mod capability;
mod context;
mod failpoint;
mod history;
mod intake;
mod lifetime;
pub mod measure;
mod middleware;
mod pod;
mod recorder;
mod run_log;
mod steps;
mod turns;

pub use account::Account;
pub(crate) use calls::Door;
pub use capability::http::{HttpSecret, Resolve};
pub(crate) use capability::{
    Capability, CapabilityVisitor,
    http::{Egress, HttpSecrets, SystemResolver},
    store::Memory,
    visit_capabilities,
};
pub(crate) use context::{Context, Origin};
pub use failpoint::{OnPoint, Point};
pub(crate) use history::History;
pub(crate) use lifetime::Lifetime;
use middleware::{Authorise, Charge, Intend, Journal, Layer, Reconcile, Retry};
pub(crate) use middleware::{is_beyond, lands_until};
pub(crate) use pod::Pod;
pub(crate) use recorder::{LastMutation, Recorder};
pub(crate) use run_log::RunLog;
pub(crate) use steps::Steps;
pub(crate) use turns::Turns;

/// The layers, from the outside in. What passes all of them is performed
/// ([`perform`](middleware::perform)).
static LAYERS: [&dyn Layer; 6] = [&Journal, &Authorise, &Charge, &Intend, &Reconcile, &Retry];
