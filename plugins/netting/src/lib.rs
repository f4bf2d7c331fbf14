//! The netting policy: settles a merchant's debts out of what its customers already paid.

pub mod matching;

use pod_sdk::netting::{Credit, Debt, Pair};

pod_sdk::export_netting!(plan);

fn plan(debts: Vec<Debt>, credits: Vec<Credit>) -> pod_sdk::Result<Vec<Pair>> {
    let owed: Vec<u64> = debts.iter().map(|debt| debt.payable_amount).collect();
    let paid: Vec<u64> = credits.iter().map(|credit| credit.payable_amount).collect();
    let pairs: Vec<Pair> = matching::best(&owed, &paid)
        .into_iter()
        .map(|(debt, credit)| Pair {
            creditor_invoice_id: credits[credit].id,
            debtor_invoice_id: debts[debt].id,
        })
        .collect();
    pod_sdk::info!(
        "{} of {} debts settled, {} credits at hand",
        pairs.len(),
        debts.len(),
        credits.len()
    );
    Ok(pairs)
}
