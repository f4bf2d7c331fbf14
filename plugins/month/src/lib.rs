//! Settles a merchant's month: netting first, then delegated credit, then the wallet down to a cash
//! floor, a loan for what is left; utility bills out of the wallet, before invoices get any of it.

mod bills;
mod config;
mod loans;
mod report;

use std::collections::{HashMap, HashSet};

use pod_sdk::{
    Error, Reason, Result, clock,
    delegation::{DelegatedCredit, OpenInvoice, Payment as Order, Wallet},
    each,
    invoices::{GetInvoiceListRequest, Invoice, UnreadableField},
    netting::{Credit, Debt},
    payments::{self, PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest},
    rules,
    values::{Instant, Rial},
};
use serde::Deserialize;

use config::Config;
use report::{Open, Payment, Report, Share, WalletShare};

pod_sdk::export_policy!(run);

/// What a run is told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Given {
    bills: Vec<bills::Given>,
}

fn run(input: Option<Given>, config: Config) -> Result<Report> {
    let Given { bills } = input.unwrap_or_default();
    let mut report = Report::default();
    let (debts, credits) = books(config.stated.business_id)?;
    let known: HashSet<u64> = debts.iter().map(|debt| debt.id).collect();
    debts.iter().for_each(|debt| report.owed.add(debt.payable_amount));
    // Before anything is paid: a list that cannot be read must not cost the report.
    let offers = loans::offers(&debts, &config)?;

    let debts = net(debts, &credits, &config, &mut report)?;
    let wallet = config.stated.wallet.get(&config.wallet_code).map_or(0, |balance| balance.0);
    let spare = wallet.saturating_sub(config.cash_floor);
    let (bills, reserved) = bills::plan(&bills, spare);
    let debts = spend(debts, spare - reserved, &config, &mut report)?;
    bills::pay(bills, &mut report);
    let spare = spare.saturating_sub(report.from_wallet + report.in_doubt);
    loans::take(debts, offers, known, &config, spare, &mut report);

    report.unpaid.iter().for_each(|open| report.left.add(open.rials));
    pod_sdk::info!(
        "{} of {} rials are still owed, {} of {} bills are paid",
        report.left.rials,
        report.owed.rials,
        report.bills.iter().filter(|bill| bill.outcome == report::Outcome::Paid).count(),
        report.bills.len()
    );
    Ok(report)
}

/// The open debts, and the paid invoices that are not earmarked yet, both by id.
fn books(business: Option<u64>) -> Result<(Vec<Invoice>, Vec<Invoice>)> {
    let own = |invoice: &Invoice| {
        business.is_some() && invoice.business.as_ref().map(|issuer| issuer.id) == business
    };
    let facts = |invoice: &Invoice| rules::invoice::Invoice::from(invoice);
    let (mut debts, mut credits) = (Vec::new(), Vec::new());
    for invoice in all(false) {
        let invoice = invoice?;
        if !own(&invoice) && facts(&invoice).open().is_ok() {
            debts.push(invoice);
        }
    }
    for invoice in all(true) {
        let invoice = invoice?;
        if own(&invoice) && facts(&invoice).free_for_netting().is_ok() {
            credits.push(invoice);
        }
    }
    if debts.iter().any(|debt| facts(debt).deadline.is_some()) {
        let today = Instant(clock::now()).jalali_date();
        debts.retain(|debt| facts(debt).payable(today).is_ok());
    }
    debts.sort_by_key(|invoice| invoice.id);
    credits.sort_by_key(|invoice| invoice.id);
    Ok((debts, credits))
}

fn all(payed: bool) -> impl Iterator<Item = Result<Invoice, pod_sdk::Error>> {
    let listed = each(GetInvoiceListRequest {
        size: 200,
        is_payed: Some(payed),
        is_canceled: Some(false),
        ..Default::default()
    });
    listed.inspect(|invoice| {
        if let Ok(Invoice { id, unreadable, .. }) = invoice {
            tell_unreadable("invoice", *id, unreadable);
        }
    })
}

fn tell_unreadable(what: &str, id: u64, fields: &[UnreadableField]) {
    for UnreadableField { name, value } in fields {
        pod_sdk::warn!("{what} {id} is left out: its {name} is {value}");
    }
}

/// Settles debts out of paid invoices. Which are left.
fn net(
    debts: Vec<Invoice>,
    credits: &[Invoice],
    config: &Config,
    report: &mut Report,
) -> Result<Vec<Invoice>> {
    let owed: Vec<Debt> = debts
        .iter()
        .map(|invoice| Debt {
            id: invoice.id,
            payable_amount: invoice.payable_amount,
            issuer_id: invoice.business.as_ref().map(|issuer| issuer.id),
            issuance_date: invoice.issuance_date,
        })
        .collect();
    let paid: Vec<Credit> = credits
        .iter()
        .map(|invoice| Credit {
            id: invoice.id,
            payable_amount: invoice.payable_amount,
            issuer_id: invoice.business.as_ref().map(|issuer| issuer.id),
            user_id: invoice.user_srv.as_ref().map(|user| user.id),
            payment_date: invoice.payment_date,
        })
        .collect();
    let plan = netting::plan(&owed, &paid, &config.netting, clock::now())?;
    let amounts: HashMap<u64, u64> =
        debts.iter().chain(credits).map(|invoice| (invoice.id, invoice.payable_amount)).collect();
    let rials = |id: u64| amounts.get(&id).copied().unwrap_or_default();
    let mut settled = HashSet::new();
    for pair in plan.pairs {
        let payment = Payment {
            service: "payInvoiceByInvoice",
            invoice: pair.debtor_invoice_id,
            rials: rials(pair.debtor_invoice_id),
            creditor_invoice_id: Some(pair.creditor_invoice_id),
            reason: pair.reason,
            ..Payment::default()
        };
        let amount = payment.rials;
        let result = payments::pay_invoice_by_invoice(PayInvoiceByInvoiceRequest {
            creditor_invoice_id: pair.creditor_invoice_id,
            debtor_invoice_id: pair.debtor_invoice_id,
        });
        if report.tried(payment, result.map(drop)) {
            report.netted.add(amount);
            report.earmarked_beyond += rials(pair.creditor_invoice_id) - amount;
            settled.insert(pair.debtor_invoice_id);
        }
    }
    report.kept_out.extend(plan.kept_out.into_iter().map(|kept| Open {
        invoice: kept.invoice_id,
        rials: rials(kept.invoice_id),
        reason: Some(kept.reason),
    }));
    Ok(left(debts, &settled, report))
}

/// Pays debts out of delegated credit and so much of the wallet. Which are left.
fn spend(
    debts: Vec<Invoice>,
    wallet: u64,
    config: &Config,
    report: &mut Report,
) -> Result<Vec<Invoice>> {
    let open: Vec<OpenInvoice> = debts
        .iter()
        .map(|invoice| OpenInvoice {
            id: invoice.id,
            payable_amount: invoice.payable_amount,
            guild_code: invoice.guild_srv.as_ref().map(|guild| guild.code.clone()),
            issuer_id: invoice.business.as_ref().map(|issuer| issuer.id),
            issuance_date: invoice.issuance_date,
        })
        .collect();
    let credits: Vec<DelegatedCredit> = config.stated.delegations.iter().map(Into::into).collect();
    let wallets = [Wallet { code: config.wallet_code.clone(), balance: wallet }];
    let settings =
        delegation::Config { wallet_code: config.wallet_code.clone(), ..Default::default() };
    let plan = delegation::order(&open, &credits, &wallets, &settings, clock::now())?;
    let mut left_of: HashMap<&str, u64> =
        credits.iter().map(|credit| (credit.hash.as_str(), credit.remaining_amount)).collect();
    let mut paid = HashSet::new();
    for order in plan.payments {
        // A payment that was refused has left its credit to those that come after.
        let shares = shares(&order, &left_of);
        let result = payments::pay_invoice_by_credit(&PayInvoiceByCreditRequest {
            invoice_id: order.invoice_id,
            wallet: Some(config.wallet_code.clone()),
            delegator_id: order.delegations.iter().map(|share| share.delegator_id).collect(),
            delegation_hash: order.delegations.iter().map(|share| share.hash.clone()).collect(),
            force_delegation: Some(order.force_delegation),
        });
        let payable: u64 = order.delegations.iter().map(|share| share.rials).sum::<u64>()
            + order.wallet.as_ref().map_or(0, |share| share.rials);
        let delegated: u64 = shares.iter().map(|share| share.rials).sum();
        let from_wallet = payable - delegated;
        if !matches!(result, Err(ref error) if !matches!(error, Error::OutcomeUnknown(_))) {
            for share in &shares {
                if let Some(left) = left_of.get_mut(share.hash.as_str()) {
                    *left -= share.rials;
                }
            }
        }
        let payment = Payment {
            service: "payInvoiceByCredit",
            invoice: order.invoice_id,
            rials: payable,
            delegations: shares,
            wallet: (from_wallet > 0)
                .then(|| WalletShare { code: config.wallet_code.clone(), rials: from_wallet }),
            reason: order.reason,
            ..Payment::default()
        };
        if report.tried(payment, result.map(drop)) {
            report.from_delegations += delegated;
            paid.insert(order.invoice_id);
        }
    }
    Ok(left(debts, &paid, report))
}

/// What POD takes of each credit: all that is left of it, in turn.
fn shares(order: &Order, left_of: &HashMap<&str, u64>) -> Vec<Share> {
    let planned: u64 = order.delegations.iter().map(|share| share.rials).sum();
    let payable = planned + order.wallet.as_ref().map_or(0, |share| share.rials);
    let holds = order.delegations.iter().map(|share| left_of.get(share.hash.as_str()));
    let holds = holds.map(|left| Rial(left.copied().unwrap_or_default()));
    let split = rules::spending::split(Rial(payable), holds);
    let shares = order.delegations.iter().zip(split.credits);
    shares
        .map(|(share, taken)| Share {
            delegator_id: share.delegator_id,
            hash: share.hash.clone(),
            rials: taken.0,
        })
        .collect()
}

/// Those that are neither settled nor in doubt. A doubtful one is not tried another way.
fn left(debts: Vec<Invoice>, settled: &HashSet<u64>, report: &mut Report) -> Vec<Invoice> {
    let mut left = Vec::with_capacity(debts.len());
    for debt in debts {
        if report.is_doubtful(debt.id) {
            report.leave(&debt, Some(Reason::new("outcome-unknown", [])));
        } else if !settled.contains(&debt.id) {
            left.push(debt);
        }
    }
    left
}
