//! POD's values, with their arithmetic, calendar and check digits: what the host, the
//! emulator and policies must all compute alike. Nothing here reaches for anything, so it compiles
//! for guests, too.
//!
//! ```
//! use pod_values::{BillType, Instant, JalaliDate, Rial, UtilityBill};
//!
//! let bill = UtilityBill::read("7748317800142", "1770160")?;
//! assert_eq!(bill.bill_type(), BillType::Landline);
//! assert_eq!(bill.amount(), Rial(17_000));
//!
//! let due: JalaliDate = "1399/06/31".parse()?;
//! assert_eq!(due.plus_months(1).unwrap().to_string(), "1399/07/30");
//! assert_eq!(Instant(1_591_074_250_308).jalali_date().to_string(), "1399/03/13");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]
#![cfg_attr(not(feature = "component"), forbid(unsafe_code))]

mod bill;
#[cfg(feature = "component")]
mod component;
mod decimal;
mod instant;
mod jalali;
mod money;

pub use bill::{BillType, NotABill, UtilityBill};
pub use decimal::Product;
pub use instant::Instant;
pub use jalali::{DistantDay, JalaliDate, JalaliDateTime, NotAJalaliDate, NotAJalaliDateTime};
pub use money::{Grouped, Rial};
