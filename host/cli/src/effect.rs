//! An effect's parts, in a few words each, for tables of any kind.

use std::collections::BTreeMap;

use pod_host::{Effect, Language, Proof, Source};
use pod_platform::Rial;

/// What it acted on: `billId 7748317800142, paymentId 1770160`.
pub fn object(object: &BTreeMap<String, String>) -> String {
    let named: Vec<String> = object.iter().map(|(name, value)| format!("{name} {value}")).collect();
    named.join(", ")
}

/// What it was paid from: delegated credits before the wallet, as POD uses them.
pub fn source(source: &Source) -> String {
    let Source { wallet, guild_code, credits, contract_id, plan_id } = source;
    let credits = credits
        .iter()
        .map(|credit| format!("{} ({})", credit.delegation_hash, credit.delegator_id));
    let accounts = wallet.iter().chain(guild_code).cloned();
    let loan = [("contractId", contract_id), ("planId", plan_id)];
    let loan = loan.into_iter().filter_map(|(name, id)| Some(format!("{name} {}", id.as_ref()?)));
    credits.chain(accounts).chain(loan).collect::<Vec<_>>().join(" + ")
}

/// How much: a ceiling is marked as one, and what waits for somebody's confirmation, too.
pub fn rials(rials: Rial, at_most: bool, pending: bool, language: Language) -> String {
    let number = language.number(rials.0);
    let (ceiling, waits) = match language {
        Language::English => ("at most ", " (pending)"),
        Language::Persian => ("حداکثر ", " (در انتظار تایید)"),
    };
    let ceiling = if at_most { ceiling } else { "" };
    let waits = if pending { waits } else { "" };
    format!("{ceiling}{number}{waits}")
}

/// How it is known, as a term of the words.
pub fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Answered => "answered",
        Proof::Read => "read",
        Proof::Settled => "by-person",
    }
}

/// What the marks of some effects' rials mean.
pub fn notes(effects: &[Effect], language: Language) -> Vec<&'static str> {
    let (ceiling, waits) = match language {
        Language::English => (
            "At most: the amount could not be read, so the ceiling of one payment is charged.",
            "Pending: the loan pays once its customer has confirmed it, or made the down payment.",
        ),
        Language::Persian => (
            "حداکثر: مبلغ خوانده نشد، پس سقف یک پرداخت به حساب آمده است.",
            "در انتظار تایید: تسهیلات پس از تایید مشتری یا پیش‌پرداخت او پرداخت می‌شود.",
        ),
    };
    let has = |is_so: fn(&Effect) -> bool| effects.iter().any(is_so);
    let notes = [(has(|effect| effect.at_most), ceiling), (has(|effect| effect.pending), waits)];
    notes.into_iter().filter_map(|(is_so, note)| is_so.then_some(note)).collect()
}
