//! What the pages show, ready to be written: the templates fill themselves from these.

use askama::Template;
use pod_platform::JalaliDate;

use super::persian::{day, digits, moment, money, quantity, rials};
use crate::{
    handlers::payments::PODLAND_WALLET,
    invoice::{Record, instant},
    parties::Parties,
    payment::Credit,
    service::Refusal,
};

/// Says something, and leads back to the business.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) way_back: Option<String>,
}

/// An invoice, and how to pay it.
#[derive(Template)]
#[template(path = "preview.html")]
pub(super) struct Preview {
    pub(super) invoice: Invoice,
    /// Why something that the payer tried did not work.
    pub(super) notice: Option<String>,
    /// Why the invoice cannot be paid (any more).
    pub(super) state: Option<&'static str>,
    /// The query of the page where the payer logs in.
    pub(super) login: String,
    pub(super) way_back: Option<String>,
}

/// Stands in for POD's log-in: who are you?
#[derive(Template)]
#[template(path = "payers.html")]
pub(super) struct Payers {
    pub(super) payable: String,
    pub(super) payers: Vec<Payer>,
    /// The query of the page before.
    pub(super) back: String,
}

pub(super) struct Payer {
    pub(super) name: String,
    pub(super) is_business: bool,
    /// The query of the payer's own page.
    pub(super) query: String,
}

/// What a payer who has logged in can pay with.
#[derive(Template)]
#[template(path = "wallet.html")]
pub(super) struct WalletPage {
    pub(super) payable: String,
    pub(super) issuer: String,
    pub(super) payer: String,
    pub(super) notice: Option<String>,
    /// Does a loan without a down payment wait for this payer's confirmation?
    pub(super) loan: bool,
    /// Is there a contract under which this payer can pay in instalments?
    pub(super) installments: bool,
    pub(super) credits: Vec<Money>,
    pub(super) wallets: Vec<Money>,
    /// The query of the page before.
    pub(super) back: String,
}

/// Something to pay with.
pub(super) struct Money {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) left: String,
    pub(super) chosen: bool,
}

/// Stands in for the bank.
#[derive(Template)]
#[template(path = "bank.html")]
pub(super) struct Bank {
    pub(super) payable: String,
    pub(super) issuer: String,
    pub(super) number: String,
    pub(super) terminal: String,
    pub(super) card: String,
}

/// What was paid.
#[derive(Template)]
#[template(path = "receipt.html")]
pub(super) struct Receipt {
    pub(super) invoice: Invoice,
    /// Names and values.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) unverified: bool,
}

/// An invoice as pages show it.
pub(super) struct Invoice {
    /// Names and values.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) description: Option<String>,
    pub(super) lines: Vec<Line>,
    pub(super) has_discounts: bool,
    /// What comes before the payable amount.
    pub(super) sums: Vec<(&'static str, String)>,
    pub(super) payable: String,
}

pub(super) struct Line {
    pub(super) name: String,
    pub(super) quantity: String,
    pub(super) price: String,
    pub(super) discount: String,
    pub(super) sum: String,
}

impl Invoice {
    pub(super) fn of(invoice: &Record, parties: &Parties) -> Result<Self, Refusal> {
        let user = invoice.user_id.map(|user| parties.user_name(user).to_owned());
        let deadline = invoice.deadline.as_deref().and_then(|day| day.parse::<JalaliDate>().ok());
        let facts = [
            ("پذیرنده", Some(parties.business_name(invoice.business_id).to_owned())),
            ("خریدار", user),
            ("شماره فاکتور", Some(digits(invoice.id))),
            ("شماره قبض", invoice.bill_number.clone()),
            ("تاریخ صدور", Some(day(invoice.issued_at))),
            ("مهلت پرداخت", deadline.map(digits)),
        ];
        let sums = [
            ("جمع اقلام", Some(invoice.amount + invoice.discount)),
            ("تخفیف", Some(invoice.discount).filter(|discount| *discount > 0)),
            ("مالیات بر ارزش افزوده", Some(invoice.vat)),
        ];
        let lines = invoice.items()?.into_iter().map(|item| {
            let discount = item.discount.unwrap_or_default();
            let sum = item
                .amount
                .times(item.quantity)
                .and_then(|product| product.rials.checked_sub(discount));
            let product = item.product_short_srv.and_then(|product| product.name);
            Line {
                name: product.or(item.description).unwrap_or_else(|| "کالا یا خدمت".to_owned()),
                quantity: quantity(item.quantity),
                price: money(item.amount),
                discount: money(discount),
                sum: sum.map(money).unwrap_or_default(),
            }
        });
        let given = |(name, value): (_, Option<String>)| Some((name, value?));
        Ok(Self {
            facts: facts.into_iter().filter_map(given).collect(),
            description: invoice.description.clone(),
            lines: lines.collect(),
            has_discounts: invoice.discount > 0,
            sums: sums.into_iter().filter_map(|(name, sum)| Some((name, rials(sum?)))).collect(),
            payable: rials(invoice.payable()),
        })
    }
}

impl Receipt {
    pub(super) fn of(invoice: &Record, parties: &Parties) -> Result<Self, Refusal> {
        let card = invoice.card_receipt();
        let is_card = card.masked_card_number.is_some();
        let wallet = invoice.wallet.as_deref().map(wallet_name);
        let how = if is_card { Some("کارت شتابی".to_owned()) } else { wallet };
        let facts = [
            ("پرداخت‌کننده", invoice.payer_id.map(|payer| parties.user_name(payer).to_owned())),
            ("روش پرداخت", how.filter(|_| invoice.payment_tool.is_some())),
            ("از اعتبار", Some(invoice.delegated).filter(|rials| *rials > 0).map(rials_named)),
            ("زمان پرداخت", invoice.paid_at.map(|at| moment(instant(at)))),
            ("شماره پرداخت", invoice.payment_reference.as_deref().map(digits)),
            ("شماره کارت", card.masked_card_number.as_deref().map(digits)),
            ("شناسه انتقال وجه شاپرک", card.rrn.as_deref().map(digits)),
            ("شماره پیگیری", card.tref.as_deref().map(digits)),
        ];
        Ok(Self {
            invoice: Invoice::of(invoice, parties)?,
            facts: facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            unverified: invoice.unverified,
        })
    }
}

impl Money {
    pub(super) fn credit(credit: Credit, parties: &Parties) -> Self {
        Self {
            name: parties.user_name(credit.delegator).to_owned(),
            left: rials(credit.balance),
            code: credit.hash,
            chosen: false,
        }
    }

    pub(super) fn wallet(code: String, balance: i64) -> Self {
        Self {
            name: wallet_name(&code),
            left: rials(balance),
            chosen: code == PODLAND_WALLET,
            code,
        }
    }
}

fn rials_named(amount: i64) -> String {
    format!("{} ریال", rials(amount))
}

pub(super) fn wallet_name(code: &str) -> String {
    match code {
        PODLAND_WALLET => "کیف پول پاد".to_owned(),
        other => format!("کیف پول {other}"),
    }
}
