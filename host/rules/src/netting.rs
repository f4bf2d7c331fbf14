//! A debt that is paid out of a paid invoice of the debtor's own (S1, payInvoiceByInvoice).

use pod_values::Rial;

/// The creditor invoice lacks this much.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Uncovered(pub Rial);

/// Does a creditor invoice cover a debt? It pays one debt, and all of it; what it holds beyond that
/// stays blocked with it (S1). Whether it is free to pay any, its
/// [state](crate::invoice::Invoice::free_for_netting) says.
///
/// # Errors
/// What it lacks.
pub fn covers(creditor: Rial, debt: Rial) -> Result<(), Uncovered> {
    match debt.checked_sub(creditor) {
        Some(lacking) if lacking > Rial::ZERO => Err(Uncovered(lacking)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_is_covered_whole_or_not_at_all() {
        assert_eq!(covers(Rial(100), Rial(100)), Ok(()));
        assert_eq!(covers(Rial(u64::MAX), Rial(1)), Ok(()));
        assert_eq!(covers(Rial(99), Rial(100)), Err(Uncovered(Rial(1))));
    }
}
