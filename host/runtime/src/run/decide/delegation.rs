//! Delegation: invoices paid out of delegated credit, in an order that the policy chooses, and the
//! rest out of a wallet (S1, payInvoiceByCredit).

use std::collections::{BTreeMap, HashMap, HashSet};

use pod_platform::{
    Instant, Rial, Service,
    payments::PayInvoiceByCreditRequest,
    rules::spending::{self, NotUsable, Shortfall, Split},
    types,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Broken, Decider, LeftOut, Outcome, Payment, Side, Wanted, is_issued_by, payable, remark,
};
use crate::{
    contract::{
        DelegatedCredit, DelegatedShare, Failure, OpenInvoice, Remark, SpendingPlan, Wallet,
        bindings,
    },
    door::Door,
    guest::{Export, Guest, Lifted, Records},
    journal::Violation,
};

/// The document that says how delegated credit is spent.
const SOURCE: &str = "S1, payInvoiceByCredit";
/// The wallet that is meant where none is named (S1).
const PODLAND_WALLET: &str = "PODLAND_WALLET";

pub(crate) struct Delegation<'a> {
    pub exports: &'a Export,
    /// The payer's own business: what it issued is not its to pay.
    pub business: Option<u64>,
    /// Only these invoices; none: all.
    pub wanted: Option<Wanted>,
    pub delegations: Vec<DelegatedCredit>,
    pub wallets: Vec<Wallet>,
}

pub(crate) struct Books {
    invoices: Vec<OpenInvoice>,
    delegations: Vec<DelegatedCredit>,
    wallets: Vec<Wallet>,
    left_out: Vec<LeftOut>,
}

impl Decider for Delegation<'_> {
    type Books = Books;
    type Proposal = SpendingPlan;
    type Checked = CheckedSpending;

    async fn fetch(&self, door: &Door) -> Result<Books, Broken> {
        let mut open = Vec::new();
        let unpaid = payable(door).await?;
        for invoice in unpaid.invoices {
            let wanted = self.wanted.as_ref().is_none_or(|wanted| wanted.contains(invoice.id));
            if wanted && !is_issued_by(&invoice, self.business) {
                open.push(OpenInvoice {
                    id: invoice.id,
                    payable_amount: invoice.payable_amount.0,
                    guild_code: invoice.guild_srv.map(|guild| guild.code),
                    issuer_id: invoice.business.map(|issuer| issuer.id),
                    issuance_date: invoice.issuance_date.map(|at| at.0),
                });
            }
        }
        if let Some(wanted) = &self.wanted {
            wanted.check_readable(&unpaid.left_out)?;
            wanted.check_found(&open.iter().map(|invoice| invoice.id).collect())?;
        }
        open.sort_unstable_by_key(|invoice| invoice.id);
        let (delegations, wallets) = (self.delegations.clone(), self.wallets.clone());
        Ok(Books { invoices: open, delegations, wallets, left_out: unpaid.left_out })
    }

    async fn ask(
        &self,
        guest: &mut Guest,
        books: &Books,
        config: &str,
    ) -> wasmtime::Result<Result<SpendingPlan, Failure>> {
        let Books { invoices, delegations, wallets, .. } = books;
        ask(self.exports, guest, invoices, delegations, wallets, config).await
    }

    fn check(
        &self,
        books: Books,
        answer: SpendingPlan,
        now: u64,
    ) -> Result<CheckedSpending, Vec<Violation>> {
        check(books, answer, now)
    }
}

/// Calls the decider.
pub(crate) async fn ask(
    exports: &Export,
    guest: &mut Guest,
    invoices: &[OpenInvoice],
    delegations: &[DelegatedCredit],
    wallets: &[Wallet],
    config: &str,
) -> wasmtime::Result<Result<SpendingPlan, Failure>> {
    let books = (Records(invoices), Records(delegations), Records(wallets), config);
    let answer: Result<Lifted<SpendingPlan>, Failure> = exports.call(guest, books).await?;
    Ok(answer.map(|Lifted(plan)| plan))
}

/// What credits and wallets hold, by POD's rule of spending.
#[derive(Clone, Debug, Default)]
struct Purse {
    credits: HashMap<String, u64>,
    wallets: HashMap<String, u64>,
}

impl Purse {
    /// What POD books for an order.
    fn split(&self, order: &bindings::Payment, payable: u64) -> Split {
        let holds = |share: &DelegatedShare| {
            Rial(self.credits.get(&share.hash).copied().unwrap_or_default())
        };
        spending::split(Rial(payable), order.delegations.iter().map(holds))
    }

    fn take(&mut self, order: &bindings::Payment, split: &Split) {
        for (share, taken) in order.delegations.iter().zip(&split.credits) {
            if let Some(left) = self.credits.get_mut(&share.hash) {
                *left = left.saturating_sub(taken.0);
            }
        }
        if let Some(left) = self.wallets.get_mut(wallet_code(order)) {
            *left = left.saturating_sub(split.wallet.0);
        }
    }
}

fn wallet_code(order: &bindings::Payment) -> &str {
    order.wallet.as_ref().map_or(PODLAND_WALLET, |share| &share.code)
}

/// What was decided, and what of it is done.
pub(crate) struct CheckedSpending {
    books: Books,
    orders: Vec<bindings::Payment>,
    payments: Vec<Payment>,
    splits: Vec<Option<Split>>,
    unpaid: Vec<Remark>,
    /// What is left, as far as it is known.
    purse: Purse,
    /// Credits and wallets that a payment of unknown outcome may have used.
    doubtful: HashSet<String>,
}

fn check(books: Books, answer: SpendingPlan, now: u64) -> Result<CheckedSpending, Vec<Violation>> {
    let invoices: HashMap<u64, &OpenInvoice> =
        books.invoices.iter().map(|invoice| (invoice.id, invoice)).collect();
    let credits: HashMap<&str, &DelegatedCredit> =
        books.delegations.iter().map(|credit| (credit.hash.as_str(), credit)).collect();
    let full = Purse {
        credits: books
            .delegations
            .iter()
            .map(|credit| (credit.hash.clone(), credit.remaining_amount))
            .collect(),
        wallets: books.wallets.iter().map(|w| (w.code.clone(), w.balance)).collect(),
    };
    let mut purse = full.clone();
    let mut paid = HashSet::new();
    let mut violations = Vec::new();
    let mut payments = Vec::with_capacity(answer.payments.len());
    let mut splits = Vec::with_capacity(answer.payments.len());
    for (item, order) in answer.payments.iter().enumerate() {
        let invoice = order.invoice_id;
        let mut violate = |rule: &'static str, what: String| {
            violations.push(Violation {
                rule: rule.into(),
                item,
                invoice,
                message: format!("payment {item}: invoice {invoice} {what} ({SOURCE})"),
                source: SOURCE.into(),
            });
        };
        if !paid.insert(invoice) {
            violate("invoice-once", "is paid twice".into());
        }
        let Some(open) = invoices.get(&invoice) else {
            violate("own-invoice", "is not one of the payer's open invoices".into());
            continue;
        };
        let mut named = HashSet::new();
        for share in &order.delegations {
            let hash = share.hash.as_str();
            let known = credits.get(hash).filter(|c| c.delegator_id == share.delegator_id);
            let Some(credit) = known else {
                let delegator = share.delegator_id;
                let what = format!("names a credit `{hash}` of {delegator}, which there is not");
                violate("own-credit", what);
                continue;
            };
            if !named.insert(hash) {
                violate("credit-once", format!("names the credit `{hash}` twice"));
            }
            let rule = spending::Credit {
                guild_code: credit.guild_code.as_deref(),
                expires_at: credit.expires_at.map(Instant),
            };
            let own = open.guild_code.as_deref();
            match rule.usable(own, Instant(now)) {
                Ok(()) => {}
                Err(NotUsable::OtherGuild) => {
                    let guild = credit.guild_code.as_deref().unwrap_or_default();
                    let own = own.unwrap_or("no guild");
                    violate("guild", format!("is of {own}; the credit `{hash}` is for {guild}"));
                }
                Err(NotUsable::Expired) => {
                    violate("expired", format!("names the credit `{hash}`, which is expired"));
                }
            }
        }
        let split = purse.split(order, open.payable_amount);
        let predicted = Split {
            credits: order.delegations.iter().map(|share| Rial(share.rials)).collect(),
            wallet: Rial(order.wallet.as_ref().map_or(0, |share| share.rials)),
        };
        let wallet = Rial(purse.wallets.get(wallet_code(order)).copied().unwrap_or(0));
        match split.covered(wallet, order.force_delegation) {
            Err(Shortfall::Credits(lacking)) => {
                let what = format!(
                    "forces delegation, and its credits lack {} of {} rials",
                    lacking.grouped(),
                    Rial(open.payable_amount).grouped()
                );
                violate("covered", what);
            }
            Err(Shortfall::Wallet(_)) => {
                let what = format!(
                    "takes {} rials of {}, which holds {}",
                    split.wallet.grouped(),
                    wallet_code(order),
                    wallet.grouped()
                );
                violate("covered", what);
            }
            Ok(()) if split != predicted => {
                let what = format!(
                    "is predicted to take {} from its credits and {} from the wallet; POD takes {} \
                     and {}",
                    amounts(&predicted.credits),
                    predicted.wallet.grouped(),
                    amounts(&split.credits),
                    split.wallet.grouped()
                );
                violate("split", what);
            }
            Ok(()) => {}
        }
        purse.take(order, &split);
        let service = PayInvoiceByCreditRequest::ROW.name;
        let rials = Rial(open.payable_amount);
        payments.push(Payment::new(service, invoice, rials, order.reason.clone()));
        splits.push(Some(split));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let SpendingPlan { payments: orders, unpaid } = answer;
    let doubtful = HashSet::new();
    Ok(CheckedSpending { books, orders, payments, splits, unpaid, purse: full, doubtful })
}

fn amounts(amounts: &[Rial]) -> String {
    let amounts: Vec<String> = amounts.iter().map(|amount| amount.grouped().to_string()).collect();
    format!("[{}]", amounts.join("; "))
}

/// A credit that was used.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Used<'a> {
    delegator_id: u64,
    hash: &'a str,
    before: Rial,
    spent: Rial,
    after: Rial,
}

impl super::CheckedPlan for CheckedSpending {
    fn payments(&mut self) -> &mut [Payment] {
        &mut self.payments
    }

    async fn pay(&mut self, index: usize, door: &Door) -> Result<Result<(), types::Error>, Broken> {
        let order = &self.orders[index];
        // An earlier payment that failed has left more: POD then takes other shares than planned.
        let split = self.purse.split(order, self.payments[index].rials.0);
        let touched = order.delegations.iter().map(|share| share.hash.as_str());
        let is_doubtful = touched.clone().any(|hash| self.doubtful.contains(hash));
        self.splits[index] = (!is_doubtful).then(|| split.clone());
        let request = PayInvoiceByCreditRequest {
            invoice_id: order.invoice_id,
            wallet: Some(wallet_code(order).to_owned()),
            delegator_id: order.delegations.iter().map(|share| share.delegator_id).collect(),
            delegation_hash: order.delegations.iter().map(|share| share.hash.clone()).collect(),
            force_delegation: Some(order.force_delegation),
        };
        let paid = door.call(&request).await?;
        match &paid {
            Ok(_) => self.purse.take(order, &split),
            Err(types::Error::OutcomeUnknown(_)) => {
                self.doubtful.extend(touched.map(str::to_owned));
            }
            Err(_) => {}
        }
        Ok(paid.map(drop))
    }

    fn output(self) -> Value {
        let Self { books, orders, payments, splits, unpaid, .. } = self;
        let mut spent: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut delegated, mut from_wallet) = (0u64, 0u64);
        let mut shown = Vec::with_capacity(payments.len());
        for ((order, payment), split) in orders.iter().zip(&payments).zip(&splits) {
            let mut one = json!(payment);
            one["forceDelegation"] = order.force_delegation.into();
            let known = split
                .as_ref()
                .filter(|_| !matches!(payment.outcome, Outcome::Unknown | Outcome::UnderWay));
            let shares = order.delegations.iter().enumerate().filter_map(|(index, share)| {
                let rials = known.and_then(|split| split.credits.get(index));
                let shown = || {
                    let DelegatedShare { delegator_id, hash, .. } = share;
                    json!({ "delegatorId": delegator_id, "hash": hash, "rials": rials })
                };
                // A payment that failed may have left so much that this one is not needed.
                (rials != Some(&Rial::ZERO)).then(shown)
            });
            one["delegations"] = shares.collect();
            if let Some(split) = known {
                if split.wallet > Rial::ZERO {
                    let code = wallet_code(order);
                    one["wallet"] = json!({ "code": code, "rials": split.wallet });
                }
                if payment.settles() {
                    from_wallet = from_wallet.saturating_add(split.wallet.0);
                    for (share, taken) in order.delegations.iter().zip(&split.credits) {
                        delegated = delegated.saturating_add(taken.0);
                        *spent.entry(&share.hash).or_default() += taken.0;
                    }
                }
            }
            shown.push(one);
        }
        let credits: Vec<Used<'_>> = books
            .delegations
            .iter()
            .filter_map(|credit| {
                let spent = spent.get(credit.hash.as_str()).copied().filter(|spent| *spent > 0)?;
                Some(Used {
                    delegator_id: credit.delegator_id,
                    hash: &credit.hash,
                    before: Rial(credit.remaining_amount),
                    spent: Rial(spent),
                    after: Rial(credit.remaining_amount.saturating_sub(spent)),
                })
            })
            .collect();
        let paid = Side::of(payments.iter().filter(|p| p.settles()).map(|p| p.rials));
        let all = Side::of(books.invoices.iter().map(|i| Rial(i.payable_amount)));
        let left = Side {
            invoices: all.invoices - paid.invoices,
            rials: Rial(all.rials.0.saturating_sub(paid.rials.0)),
        };
        let mut output = json!({
            "payments": shown,
            "invoices": all,
            "paid": paid,
            "left": left,
            "fromDelegations": delegated,
            "fromWallet": from_wallet,
            "creditsUsed": credits,
            "unpaid": unpaid.iter().map(remark).collect::<Vec<_>>(),
        });
        LeftOut::tell(&books.left_out, &mut output);
        output
    }
}
