//! The receipt tells the truth, whatever was lost on the way: what it claims, denies and leaves open
//! against the deeds of the emulator, which alone know whose call did what.
//!
//! Nothing here knows how the host finds out. A run makes a call that is in doubt, others act on the
//! same objects, and afterwards the receipt is compared with what was done:
//!
//! - a **false claim**: the receipt has an effect that none of the run's calls had;
//! - a **false denial**: one of its calls had an effect, and the receipt has neither that nor a doubt;
//! - **twice**: two of its calls had the effect of one.
//!
//! *Unknown* is no falsehood. How much of it there is stands in `docs/attribution.md`.

mod cases;
mod cell;
mod matrix;
mod schedules;
mod seen_wrong;
mod table;
mod town;
mod verdict;
