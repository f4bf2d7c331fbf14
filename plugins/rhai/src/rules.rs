//! What POD allows, by the rules that the host decides by.

use std::ops::RangeInclusive;

use pod_sdk::{
    clock,
    rules::{
        invoice::{Invoice, Shown},
        loan::{self, Installment, NotGranted, Parts, Terms},
        plan::{self, MemberCredit},
        spending::{self, Credit, Shortfall, Split},
    },
    values::{Instant, JalaliDate, Rial},
};
use rhai::{Array, Dynamic, Engine, Map};

use crate::{
    call::{Answer, argument, infallible, thrown, unfit},
    convert::{FromScript, IntoScript, Mismatch, describe, entry},
};

/// Registers them all. An invoice is one that a service answered; what is not needed of it may be
/// missing.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("is_payable", |invoice: &mut Map| -> Answer<bool> {
            let invoice = facts("is_payable", invoice)?;
            // The clock is looked at only if it matters.
            Ok(invoice.open().is_ok()
                && (invoice.deadline.is_none()
                    || invoice.payable(Instant(clock::now()).jalali_date()).is_ok()))
        })
        .register_fn("is_free_for_netting", |invoice: &mut Map| -> Answer<bool> {
            Ok(facts("is_free_for_netting", invoice)?.free_for_netting().is_ok())
        })
        .register_fn("split", |invoice: &mut Map, credits: Array, wallet: Dynamic| {
            const FUNCTION: &str = "split";
            let of_invoice = |mismatch| unfit(FUNCTION, "invoice", mismatch);
            let payable: u64 = field(invoice, "payable_amount").map_err(of_invoice)?;
            let guild = guild_of(invoice).map_err(of_invoice)?;
            let holds = holds(&credits, guild.as_deref())
                .map_err(|mismatch| unfit(FUNCTION, "credits", mismatch))?;
            let wallet = Rial(argument(FUNCTION, "wallet", wallet)?);
            let split = spending::split(Rial(payable), holds);
            let lacking = match split.covered(wallet, false) {
                Ok(()) => Rial::ZERO,
                Err(Shortfall::Wallet(lacking) | Shortfall::Credits(lacking)) => lacking,
            };
            infallible(FUNCTION, Taken { split, lacking })
        })
        .register_fn("split", |rials: i64, holds: Array| {
            const FUNCTION: &str = "split";
            let rials = Rial(argument(FUNCTION, "rials", rials.into())?);
            let holds: Vec<u64> = argument(FUNCTION, "holds", holds.into())?;
            infallible(FUNCTION, spending::split(rials, holds.into_iter().map(Rial)))
        })
        .register_fn("is_over", |credit: &mut Map, now: Dynamic| -> Answer<bool> {
            let expires_at = instant(credit, "expires_at")
                .map_err(|mismatch| unfit("is_over", "credit", mismatch))?;
            let now = Instant(argument("is_over", "now", now)?);
            Ok(Credit { guild_code: None, expires_at }.is_over(now))
        })
        .register_fn("why_closed", |offer: &mut Map, today: Dynamic| -> Answer<Dynamic> {
            const FUNCTION: &str = "why_closed";
            let of_offer = |mismatch| unfit(FUNCTION, "offer", mismatch);
            let end = instant(offer, "end_date").map_err(of_offer)?;
            let rule = loan::Offer {
                active: field(offer, "active").map_err(of_offer)?,
                last_day: end.map(Instant::jalali_date),
                ..UNTOLD
            };
            Ok(match rule.open(argument(FUNCTION, "today", today)?) {
                Ok(()) => Dynamic::UNIT,
                Err(NotGranted::Inactive) => "inactive".into(),
                Err(_) => "contract-ended".into(),
            })
        })
        .register_fn("breathes", |offer: &mut Map, months: Dynamic| -> Answer<bool> {
            let most_breathing = field(offer, "max_breathing_period_count")
                .map_err(|mismatch| unfit("breathes", "offer", mismatch))?;
            let rule = loan::Offer { most_breathing, ..UNTOLD };
            Ok(rule.breathes(argument("breathes", "months", months)?).is_ok())
        })
        .register_fn("most_lent", |offer: &mut Map| {
            const FUNCTION: &str = "most_lent";
            let of_offer = |mismatch| unfit(FUNCTION, "offer", mismatch);
            let credit = |name| field::<Option<u64>>(offer, name).map_err(of_offer);
            let rule = loan::Offer {
                customer_credit: credit("customer_credit")?.map(Rial),
                grantor_credit: credit("loan_grantor_ceiling")?.map(Rial),
                ..UNTOLD
            };
            infallible(FUNCTION, rule.most().map(|rials| rials.0))
        })
        .register_fn("down_payments", |payable: Dynamic, most_lent: Dynamic| {
            const FUNCTION: &str = "down_payments";
            let payable = Rial(argument(FUNCTION, "payable", payable)?);
            let most = argument::<Option<u64>>(FUNCTION, "most_lent", most_lent)?.map(Rial);
            match loan::down_payments(payable, most) {
                Some(bounds) => infallible(FUNCTION, Bounds(bounds)),
                None => Ok(Dynamic::UNIT),
            }
        })
        .register_fn(
            "repayment",
            |principal: Dynamic, interest_rate: Dynamic, installments: Dynamic| {
                let (principal, terms) = lent("repayment", principal, interest_rate, installments)?;
                match terms.parts(principal) {
                    Some(parts) => infallible("repayment", parts),
                    None => Ok(Dynamic::UNIT),
                }
            },
        )
        .register_fn(
            "schedule",
            |principal: Dynamic,
             interest_rate: Dynamic,
             installments: Dynamic,
             start: Dynamic,
             breathing: Dynamic| {
                const FUNCTION: &str = "schedule";
                let (principal, terms) = lent(FUNCTION, principal, interest_rate, installments)?;
                let start: JalaliDate = argument(FUNCTION, "start", start)?;
                // No clock is looked at: the same loan has the same schedule on any day.
                start.check_calendar().map_err(|distant| {
                    unfit(FUNCTION, "start", Mismatch::new(distant.to_string()))
                })?;
                let breathing = argument(FUNCTION, "breathing", breathing)?;
                let Some(schedule) = terms.schedule(principal, start, breathing) else {
                    let Terms { interest_rate, installments } = terms;
                    let problem = format!(
                        "{} rials at {interest_rate} percent cannot be paid back in {installments} \
                         instalments from {breathing} months after {start} on",
                        principal.0
                    );
                    return Err(thrown(format!("{FUNCTION}: {problem}").into()));
                };
                infallible(FUNCTION, schedule)
            },
        );
    of_plans(engine);
}

/// What POD shows of a loan's plan and of its contract, read as what they offer.
fn of_plans(engine: &mut Engine) {
    engine
        .register_fn("installments_of", |plan: &mut Map, stated: Dynamic| {
            const FUNCTION: &str = "installments_of";
            let script: Option<String> =
                field(plan, "script").map_err(|mismatch| unfit(FUNCTION, "plan", mismatch))?;
            let stated = argument(FUNCTION, "stated", stated)?;
            infallible(FUNCTION, plan::installments(stated, script.as_deref()))
        })
        .register_fn("most_breathing", |contract: &mut Map| {
            const FUNCTION: &str = "most_breathing";
            let shown = field(contract, "max_breathing_period_count")
                .map_err(|mismatch| unfit(FUNCTION, "contract", mismatch))?;
            infallible(FUNCTION, plan::most_breathing(shown))
        })
        .register_fn(
            "customer_credit",
            |loan_credits: Dynamic, contract_id: Dynamic, customer: Dynamic| {
                const FUNCTION: &str = "customer_credit";
                let stated = if loan_credits.is_unit() {
                    None
                } else {
                    let stated = member_credits(&loan_credits);
                    Some(stated.map_err(|mismatch| unfit(FUNCTION, "loan_credits", mismatch))?)
                };
                let contract = argument(FUNCTION, "contract_id", contract_id)?;
                let customer = argument(FUNCTION, "customer", customer)?;
                let credit = plan::customer_credit(stated, contract, customer);
                infallible(FUNCTION, credit.map(|rials| rials.0))
            },
        );
}

/// Credits as the host states them.
fn member_credits(stated: &Dynamic) -> Result<Vec<MemberCredit>, Mismatch> {
    let list = stated.as_array_ref();
    let list = list.map_err(|_| Mismatch::expected("a list", describe(stated)))?;
    let one = |(index, credit): (usize, &Dynamic)| {
        let read = || -> Result<MemberCredit, Mismatch> {
            let map = credit.as_map_ref();
            let map = map.map_err(|_| Mismatch::expected("an object map", describe(credit)))?;
            Ok(MemberCredit {
                contract_id: field(&map, "contractId")?,
                user_id: field(&map, "userId")?,
                credit: Rial(field(&map, "credit")?),
            })
        };
        read().map_err(|mismatch| mismatch.in_item(index))
    };
    list.iter().enumerate().map(one).collect()
}

/// An offer of which a question asks nothing.
const UNTOLD: loan::Offer = loan::Offer {
    active: false,
    last_day: None,
    most_breathing: 0,
    customer_credit: None,
    grantor_credit: None,
};

/// What is lent, and how it is paid back.
fn lent(
    function: &str,
    principal: Dynamic,
    interest_rate: Dynamic,
    installments: Dynamic,
) -> Answer<(Rial, Terms)> {
    let principal = Rial(argument(function, "principal", principal)?);
    let interest_rate = argument(function, "interest_rate", interest_rate)?;
    let installments = argument(function, "installments", installments)?;
    Ok((principal, Terms { interest_rate, installments }))
}

/// What each credit can pay of an invoice of this guild: nothing, if it is another guild's or over.
fn holds(credits: &Array, guild: Option<&str>) -> Result<Vec<Rial>, Mismatch> {
    let mut holds = Vec::with_capacity(credits.len());
    for (index, credit) in credits.iter().enumerate() {
        let at = |mismatch: Mismatch| mismatch.in_item(index).in_field("credits");
        let credit = credit
            .as_map_ref()
            .map_err(|_| at(Mismatch::expected("an object map", describe(credit))))?;
        let own = field::<Option<String>>(&credit, "guild_code").map_err(at)?;
        let expires_at = instant(&credit, "expires_at").map_err(at)?;
        let rials: u64 = field(&credit, "remaining_amount").map_err(at)?;
        let rule = Credit { guild_code: own.as_deref(), expires_at };
        // The clock is looked at only if it matters.
        let now = if expires_at.is_some() { Instant(clock::now()) } else { Instant(0) };
        holds.push(if rule.usable(guild, now).is_ok() { Rial(rials) } else { Rial::ZERO });
    }
    Ok(holds)
}

/// The guild of an invoice, as a decider is given it or as a service answers it.
fn guild_of(invoice: &Map) -> Result<Option<String>, Mismatch> {
    if invoice.contains_key("guild_code") {
        return field(invoice, "guild_code");
    }
    let guild = invoice.get("guild_srv").cloned().unwrap_or_default();
    match guild.try_cast::<Map>() {
        Some(guild) => field(&guild, "code").map_err(|mismatch| mismatch.in_field("guild_srv")),
        None => Err(Mismatch::new("names no guild").in_field("guild_code")),
    }
}

/// From the least to the most.
struct Bounds(RangeInclusive<Rial>);

impl IntoScript for Bounds {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_map(Map::from([
            entry("least", self.0.start().0)?,
            entry("most", self.0.end().0)?,
        ])))
    }
}

impl IntoScript for Split {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        let credits: Vec<u64> = self.credits.into_iter().map(|rials| rials.0).collect();
        Ok(Dynamic::from_map(Map::from([
            entry("credits", credits)?,
            entry("wallet", self.wallet.0)?,
        ])))
    }
}

/// What a payment takes, and what is missing.
struct Taken {
    split: Split,
    lacking: Rial,
}

impl IntoScript for Taken {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        let Split { credits, wallet } = self.split;
        let credits: Vec<u64> = credits.into_iter().map(|rials| rials.0).collect();
        Ok(Dynamic::from_map(Map::from([
            entry("credits", credits)?,
            entry("lacking", self.lacking.0)?,
            entry("wallet", wallet.0)?,
        ])))
    }
}

impl IntoScript for Parts {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_map(Map::from([
            entry("each", self.each.0)?,
            entry("interest", self.interest.0)?,
            entry("last", self.last.0)?,
        ])))
    }
}

impl IntoScript for Installment {
    fn into_script(self) -> Result<Dynamic, Mismatch> {
        Ok(Dynamic::from_map(Map::from([
            entry("amount", self.amount.0)?,
            entry("due_date", self.due_date)?,
        ])))
    }
}

fn facts(function: &str, invoice: &Map) -> Answer<Invoice> {
    // Fields that decide may be missing then.
    let of_invoice = |mismatch| unfit(function, "invoice", mismatch);
    if is_unreadable(invoice).map_err(of_invoice)? {
        return Ok(Invoice { unreadable: true, ..Invoice::default() });
    }
    shown(invoice).map(Invoice::from).map_err(of_invoice)
}

/// Is some of it told as unreadable?
fn is_unreadable(invoice: &Map) -> Result<bool, Mismatch> {
    let fields = invoice.get("unreadable");
    fields
        .ok_or_else(|| Mismatch::new("is missing"))
        .and_then(|fields| {
            let list = fields.as_array_ref();
            list.map(|list| !list.is_empty())
                .map_err(|_| Mismatch::expected("a list", describe(fields)))
        })
        .map_err(|mismatch| mismatch.in_field("unreadable"))
}

fn shown(invoice: &Map) -> Result<Shown, Mismatch> {
    Ok(Shown {
        payed: field(invoice, "payed")?,
        canceled: field(invoice, "canceled")?,
        closed: field(invoice, "closed")?,
        waiting: field(invoice, "waiting")?,
        verification_needed: field(invoice, "verification_needed")?,
        payment_date: instant(invoice, "payment_date")?,
        verification_date: instant(invoice, "verification_date")?,
        will_be_paid: field(invoice, "will_be_paid")?,
        will_be_paid_at: instant(invoice, "will_be_paid_at")?,
        delivery_date: instant(invoice, "delivery_date")?,
        unreadable: false,
    })
}

fn instant(invoice: &Map, name: &str) -> Result<Option<Instant>, Mismatch> {
    Ok(field::<Option<u64>>(invoice, name)?.map(Instant))
}

/// A key that is missing is not taken for one that holds nothing: the answer would be a guess.
fn field<T: FromScript>(invoice: &Map, name: &str) -> Result<T, Mismatch> {
    let value = invoice.get(name).cloned();
    value
        .ok_or_else(|| Mismatch::new("is missing"))
        .and_then(T::from_script)
        .map_err(|mismatch| mismatch.in_field(name))
}
