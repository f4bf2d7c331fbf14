//! POD's rules, each in one place: what the emulator, the dry run, the deciders' input and checks,
//! and the policies themselves must all decide alike.
//!
//! A rule is a function of plain facts. Nothing here reaches for anything, not even for the time,
//! so it compiles for guests, too. Each rule names the document that it is from (S0 … S4), or says
//! "decided here" where no document tells.
//!
//! ```
//! use pod_rules::invoice::{Barred, Invoice};
//! use pod_values::JalaliDate;
//!
//! let today: JalaliDate = "1399/03/13".parse()?;
//! let open = Invoice::default();
//! assert_eq!(open.payable(today), Ok(()));
//! let awaiting = Invoice { unverified: true, ..open };
//! assert_eq!(awaiting.payable(today), Err(Barred::WaitingForVerification));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod bill;
pub mod invoice;
pub mod loan;
pub mod netting;
pub mod plan;
pub mod repayment;
pub mod settlement;
pub mod spending;
