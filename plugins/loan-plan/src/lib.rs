//! The loan plan policy: of all plans that a merchant's constraints allow, the one of least total
//! cost; and why each other one lost.

pub mod config;
pub mod down_payment;

use pod_sdk::{
    Failure, Reason, Result,
    loan_plan::{Choice, InvoiceToFinance, LostOffer, Offer, PlannedInstallment, Selection},
    rules::loan::{self, NotGranted, Terms},
    values::{Instant, JalaliDate, Rial},
};

pub use config::Config;
use down_payment::{Found, Range};

#[cfg(feature = "component")]
pod_sdk::export_loan_plan!(decide);

#[cfg(feature = "component")]
fn decide(invoice: InvoiceToFinance, offers: Vec<Offer>, config: Config) -> Result<Selection> {
    let selection = select(&invoice, &offers, &config, Instant(pod_sdk::clock::now()))?;
    match &selection.choice {
        Some(choice) => pod_sdk::info!("plan {} of {} plans", choice.plan_id, offers.len()),
        None => pod_sdk::info!("none of {} plans fits", offers.len()),
    }
    Ok(selection)
}

/// A plan that fits, and its price.
struct Candidate<'a> {
    offer: &'a Offer,
    terms: Terms,
    found: Found,
}

impl Candidate<'_> {
    /// The least is chosen: what costs least, then the smaller down payment, then the shorter term,
    /// then the plan that was made first.
    fn rank(&self) -> (Rial, u64, u32, u64) {
        let Found { down_payment, parts } = self.found;
        (parts.interest, down_payment, self.terms.installments, self.offer.plan_id)
    }
}

/// Decides, for a loan that is taken now.
///
/// # Errors
/// If the amounts are more than can be added up.
pub fn select(
    invoice: &InvoiceToFinance,
    offers: &[Offer],
    config: &Config,
    now: Instant,
) -> Result<Selection> {
    let today = now.jalali_date();
    let mut candidates = Vec::new();
    let mut lost = Vec::with_capacity(offers.len());
    for offer in offers {
        match candidate(invoice, offer, config, today) {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) => lost.push(lose(offer, reason)),
        }
    }
    let best = candidates.iter().min_by_key(|candidate| candidate.rank());
    let Some(best) = best else {
        lost.sort_by_key(|lost| (lost.contract_id, lost.plan_id));
        return Ok(Selection { choice: None, lost });
    };

    let chosen = (best.offer.contract_id, best.offer.plan_id);
    let cost = |interest: Rial| {
        let cost = invoice.payable_amount.checked_add(interest.0);
        cost.ok_or_else(|| Failure::new("the cost is more than can be added up"))
    };
    let least = cost(best.found.parts.interest)?;
    for candidate in &candidates {
        let Candidate { offer, terms, found } = candidate;
        if (offer.contract_id, offer.plan_id) == chosen {
            continue;
        }
        let own = cost(found.parts.interest)?;
        let (rule, amounts) = if own > least {
            ("costs-more", [own, least])
        } else if found.down_payment > best.found.down_payment {
            ("larger-down-payment", [found.down_payment, best.found.down_payment])
        } else if terms.installments > best.terms.installments {
            ("takes-longer", [terms.installments.into(), best.terms.installments.into()])
        } else {
            ("newer-plan", [offer.plan_id, best.offer.plan_id])
        };
        lost.push(lose(offer, Reason::new(rule, amounts)));
    }
    lost.sort_by_key(|lost| (lost.contract_id, lost.plan_id));

    let Candidate { offer, terms, found } = best;
    let principal = Rial(invoice.payable_amount - found.down_payment);
    let installments = terms.schedule(principal, today, config.breathing_months);
    let installments =
        installments.ok_or_else(|| Failure::new("the calendar ends before the loan does"))?;
    let planned = |part: loan::Installment| PlannedInstallment {
        amount: part.amount.0,
        due_date: part.due_date,
    };
    let installments = installments.into_iter().map(planned).collect();
    let amounts = [least, invoice.payable_amount, found.parts.interest.0, found.down_payment];
    let choice = Choice {
        contract_id: offer.contract_id,
        plan_id: offer.plan_id,
        primary_amount: found.down_payment,
        breathing_period_count: config.breathing_months,
        total_cost: least,
        installments,
        reason: Some(Reason::new("least-cost", amounts)),
    };
    Ok(Selection { choice: Some(choice), lost })
}

fn lose(offer: &Offer, reason: Reason) -> LostOffer {
    LostOffer { contract_id: offer.contract_id, plan_id: offer.plan_id, reason }
}

/// A plan's price, if the constraints allow it; else the first that does not.
fn candidate<'a>(
    invoice: &InvoiceToFinance,
    offer: &'a Offer,
    config: &Config,
    today: JalaliDate,
) -> std::result::Result<Candidate<'a>, Reason> {
    let rule = loan::Offer::from(offer);
    match rule.open(today) {
        Err(NotGranted::Inactive) => return Err(Reason::new("inactive", [])),
        Err(_) => return Err(Reason::new("contract-ended", [])),
        Ok(()) => {}
    }
    let (Some(installments), Some(interest_rate)) = (offer.installments, offer.interest_rate)
    else {
        return Err(Reason::new("terms-unknown", []));
    };
    if !config.guarantors.is_empty()
        && !offer.guarantor.as_ref().is_some_and(|guarantor| config.guarantors.contains(guarantor))
    {
        return Err(Reason::new("guarantor", []));
    }
    let (breathing, most) = (config.breathing_months, offer.max_breathing_period_count);
    if rule.breathes(breathing).is_err() {
        return Err(Reason::new("breathing-too-short", [most.into(), breathing.into()]));
    }
    let months = u64::from(breathing) + u64::from(installments).saturating_sub(1);
    if let Some(most) = config.most_months.map(u64::from).filter(|&most| months > most) {
        return Err(Reason::new("too-many-months", [months, most]));
    }

    let payable = invoice.payable_amount;
    let financed = rule.most().map_or(u64::MAX, |most| most.0);
    let most_down = config.most_down_payment.max(config.least_down_payment);
    let needed = payable.saturating_sub(most_down);
    if needed > financed {
        return Err(Reason::new("credit-too-small", [financed, needed]));
    }
    let range =
        Range { least: config.least_down_payment, most: most_down, step: config.down_payment_step };
    let terms = Terms { interest_rate, installments };
    let cheapest = |largest: u64| down_payment::cheapest(payable, financed, range, terms, largest);
    let found = cheapest(config.largest_installment.unwrap_or(u64::MAX));
    let Some(found) = found else {
        let unlimited = cheapest(u64::MAX).zip(config.largest_installment);
        return Err(match unlimited {
            Some((found, largest)) => {
                Reason::new("installment-too-large", [found.parts.last.0, largest])
            }
            None => Reason::new("cannot-be-split", [payable]),
        });
    };
    let cost = payable.saturating_add(found.parts.interest.0);
    if let Some(most) = config.most_total_cost.filter(|&most| cost > most) {
        return Err(Reason::new("costs-too-much", [cost, most]));
    }
    Ok(Candidate { offer, terms, found })
}
