//! Utility bills: how their payments come along.

use crate::{
    invoice::Record,
    service::{Context, Refusal},
};

/// An invoice is paid: if it is a bill's, so is the bill.
pub(crate) async fn invoice_paid(
    _context: &mut Context<'_>,
    _invoice: &mut Record,
) -> Result<(), Refusal> {
    Ok(())
}

/// A bill's payment comes one step further.
pub(crate) async fn clear(_context: &mut Context<'_>, _bill: i64) -> Result<(), Refusal> {
    Ok(())
}
