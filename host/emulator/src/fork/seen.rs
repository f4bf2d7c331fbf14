//! What the real platform has shown and nothing has needed yet: what is needed later does not have to
//! be asked for again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use pod_platform::{
    Answer,
    bills::{BillPage, ServiceBill},
    invoices::{Invoice, InvoicePage},
    loans::{Loan, LoanPage, LoanPlan, LoanPlanPage},
};

/// Of how many things of a kind that is remembered.
const MOST: usize = 10_000;

/// Things by id, as they were read last.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Things>);

#[derive(Default)]
pub(crate) struct Things {
    pub(crate) invoices: BTreeMap<u64, Invoice>,
    pub(crate) bills: BTreeMap<u64, ServiceBill>,
    pub(crate) loans: BTreeMap<u64, Loan>,
    pub(crate) plans: BTreeMap<u64, LoanPlan>,
}

impl Seen {
    pub(crate) fn things(&self) -> MutexGuard<'_, Things> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what a list showed.
    pub(crate) fn see(&self, answer: &Answer) {
        let mut things = self.things();
        if let Some(page) = answer.value.downcast_ref::<InvoicePage>() {
            let items = page.result.iter();
            things.invoices.extend(items.map(|item| (item.id, item.clone())));
            forget(&mut things.invoices);
        } else if let Some(page) = answer.value.downcast_ref::<BillPage>() {
            things.bills.extend(page.result.iter().map(|item| (item.id, item.clone())));
            forget(&mut things.bills);
        } else if let Some(page) = answer.value.downcast_ref::<LoanPage>() {
            things.loans.extend(page.result.iter().map(|item| (item.id, item.clone())));
            forget(&mut things.loans);
        } else if let Some(page) = answer.value.downcast_ref::<LoanPlanPage>() {
            things.plans.extend(page.result.iter().map(|item| (item.id, item.clone())));
            forget(&mut things.plans);
        }
    }
}

fn forget<T>(things: &mut BTreeMap<u64, T>) {
    while things.len() > MOST {
        things.pop_first();
    }
}
