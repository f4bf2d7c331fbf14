//! The books: all money and all objects, in a form in which two histories can be compared.
//!
//! What depends on when something was done, or in which call, is left out: times, reference
//! numbers, one-time tokens, bill numbers and hashes that the platform or its caller made up. Lists
//! are sorted by what they hold, not by when it came.

use std::collections::BTreeMap;

use pod_platform::Rial;
use serde::Serialize;
use sqlx::{SqliteConnection, query, query_as, query_scalar};

use crate::{
    invoice::{Record, rial},
    ledger::Ledger,
    loans,
};

/// All money and all objects of a platform, at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Books {
    /// What is in each account that ever held money, as the [ledger](Ledger) names them.
    pub balances: BTreeMap<String, i64>,
    /// Everything that was posted, sorted by what it was for and what it moved.
    pub transactions: Vec<Transaction>,
    /// All invoices, by id.
    pub invoices: Vec<Invoice>,
    /// The payments of utility bills, by id.
    pub bills: Vec<Bill>,
    /// All loans, by id.
    pub loans: Vec<Loan>,
    /// Who may borrow how much, by contract and user.
    pub loan_members: Vec<LoanMember>,
    /// How many SMS were sent, by the service that sent them.
    pub sms: BTreeMap<String, u64>,
    /// How many files are kept, the platform's own included.
    pub files: u64,
}

/// A transaction of the ledger.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// The service or event that it was for.
    pub service: String,
    /// What each account got, or gave.
    pub postings: BTreeMap<String, i64>,
}

/// An invoice.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// Its id.
    pub id: i64,
    /// Who issued it.
    pub business_id: i64,
    /// Whom it is for; none: anybody.
    pub user_id: Option<i64>,
    /// The issuer's trade.
    pub guild_code: String,
    /// Before tax.
    pub amount: Rial,
    /// What was taken off.
    pub discount: Rial,
    /// Tax, on top of the amount.
    pub vat: Rial,
    /// Is it paid?
    pub payed: bool,
    /// Is the money here, and waits for the issuer's verification?
    pub unverified: bool,
    /// Is it cancelled?
    pub canceled: bool,
    /// Is it closed?
    pub closed: bool,
    /// Is its payer at the bank?
    pub waiting: bool,
    /// Was it reduced?
    pub edited: bool,
    /// Is money kept, or a guarantee given, that pays it later?
    pub guaranteed: bool,
    /// Does it pay another one?
    pub will_be_paid: bool,
    /// Was it paid by another one?
    pub will_be_blocked: bool,
    /// The invoice that it pays.
    pub will_blocked_for: Option<i64>,
    /// Who paid it.
    pub payer_id: Option<i64>,
    /// The wallet that it was paid from.
    pub wallet: Option<String>,
    /// What was paid of delegated credits.
    pub delegated: Rial,
    /// Where its money came from, in the order of use.
    pub sources: Vec<Source>,
}

/// Where an invoice's money came from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// An account of the ledger.
    pub account: String,
    /// How much came from there.
    pub rials: Rial,
}

/// A payment of a utility bill.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// Its id.
    pub id: i64,
    /// The bill.
    pub bill_id: String,
    /// Which of its payments.
    pub payment_id: String,
    /// How far it is, in POD's spelling.
    pub status: String,
    /// The invoice that pays it.
    pub invoice_id: i64,
    /// Who pays it.
    pub user_id: i64,
}

/// A loan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loan {
    /// Its id.
    pub id: i64,
    /// Its contract.
    pub contract_id: i64,
    /// Its plan; none: none is chosen yet.
    pub plan_id: Option<i64>,
    /// Who borrows.
    pub user_id: i64,
    /// The invoice that it pays.
    pub subject_invoice_id: i64,
    /// The invoice of its down payment.
    pub pre_paid_invoice_id: Option<i64>,
    /// What is lent.
    pub principal: Rial,
    /// The down payment.
    pub primary_amount: Rial,
    /// What is to be paid back.
    pub total_amount: Rial,
    /// How far it is, in POD's spelling.
    pub status: String,
    /// Does it run?
    pub active: bool,
    /// How it is paid back.
    pub installments: Vec<Installment>,
}

/// An instalment.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Installment {
    /// Its place in the loan, from 1.
    pub number: i64,
    /// What is to be paid.
    pub amount: Rial,
    /// How far it is, in POD's spelling.
    pub status: String,
    /// The invoice that it became.
    pub invoice_id: Option<i64>,
}

/// Somebody who may borrow under a contract.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoanMember {
    /// The contract.
    pub contract_id: i64,
    /// The user.
    pub user_id: i64,
    /// The most that the user may borrow.
    pub credit: Rial,
}

impl Books {
    /// What is due has happened.
    pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        Ok(Self {
            balances: Ledger::read(connection).await?.balances,
            transactions: transactions(connection).await?,
            invoices: invoices(connection).await?,
            bills: bills(connection).await?,
            loans: all_loans(connection).await?,
            loan_members: loan_members(connection).await?,
            sms: sms(connection).await?,
            files: query_scalar::<_, i64>("SELECT COUNT(*) FROM files")
                .fetch_one(connection)
                .await?
                .unsigned_abs(),
        })
    }
}

async fn transactions(connection: &mut SqliteConnection) -> Result<Vec<Transaction>, sqlx::Error> {
    let rows: Vec<(i64, String, String, i64)> = query_as(
        "SELECT transaction_id, service, account, amount
         FROM postings JOIN transactions ON transactions.id = transaction_id",
    )
    .fetch_all(connection)
    .await?;
    let mut transactions: BTreeMap<i64, Transaction> = BTreeMap::new();
    for (id, service, account, amount) in rows {
        let new = || Transaction { service, postings: BTreeMap::new() };
        transactions.entry(id).or_insert_with(new).postings.insert(account, amount);
    }
    let mut transactions: Vec<_> = transactions.into_values().collect();
    transactions.sort();
    Ok(transactions)
}

async fn invoices(connection: &mut SqliteConnection) -> Result<Vec<Invoice>, sqlx::Error> {
    let rows: Vec<(i64, String, i64)> = query_as(
        "SELECT invoice_id, account, rials FROM payment_sources ORDER BY invoice_id, position",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut sources: BTreeMap<i64, Vec<Source>> = BTreeMap::new();
    for (invoice, account, rials) in rows {
        sources.entry(invoice).or_default().push(Source { account, rials: rial(rials) });
    }
    let rows = query("SELECT * FROM invoices ORDER BY id").fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let record = Record::read(row)?;
            Ok(Invoice {
                id: record.id,
                business_id: record.business_id,
                user_id: record.user_id,
                guild_code: record.guild_code,
                amount: rial(record.amount),
                discount: rial(record.discount),
                vat: rial(record.vat),
                payed: record.payed,
                unverified: record.unverified,
                canceled: record.canceled,
                closed: record.closed,
                waiting: record.waiting,
                edited: record.edited,
                guaranteed: record.will_be_paid_at.is_some(),
                will_be_paid: record.will_be_paid,
                will_be_blocked: record.will_be_blocked,
                will_blocked_for: record.will_blocked_for,
                payer_id: record.payer_id,
                wallet: record.wallet,
                delegated: rial(record.delegated),
                sources: sources.remove(&record.id).unwrap_or_default(),
            })
        })
        .collect()
}

async fn bills(connection: &mut SqliteConnection) -> Result<Vec<Bill>, sqlx::Error> {
    let rows: Vec<(i64, String, String, String, i64, i64)> = query_as(
        "SELECT id, bill_id, payment_id, status, invoice_id, user_id FROM service_bills ORDER BY id",
    )
    .fetch_all(connection)
    .await?;
    let bill = |(id, bill_id, payment_id, status, invoice_id, user_id)| Bill {
        id,
        bill_id,
        payment_id,
        status,
        invoice_id,
        user_id,
    };
    Ok(rows.into_iter().map(bill).collect())
}

async fn all_loans(connection: &mut SqliteConnection) -> Result<Vec<Loan>, sqlx::Error> {
    let rows = query("SELECT * FROM installments ORDER BY loan_id, number")
        .fetch_all(&mut *connection)
        .await?;
    let mut installments: BTreeMap<i64, Vec<Installment>> = BTreeMap::new();
    for row in &rows {
        let record = loans::Installment::read(row)?;
        installments.entry(record.loan_id).or_default().push(Installment {
            number: record.number,
            amount: rial(record.amount),
            status: record.status,
            invoice_id: record.invoice_id,
        });
    }
    let rows = query("SELECT * FROM loans ORDER BY id").fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let record = loans::Loan::read(row)?;
            Ok(Loan {
                id: record.id,
                contract_id: record.contract_id,
                plan_id: record.plan_id,
                user_id: record.user_id,
                subject_invoice_id: record.subject_invoice_id,
                pre_paid_invoice_id: record.pre_paid_invoice_id,
                principal: rial(record.principal),
                primary_amount: rial(record.primary_amount),
                total_amount: rial(record.total_amount),
                status: record.status,
                active: record.active,
                installments: installments.remove(&record.id).unwrap_or_default(),
            })
        })
        .collect()
}

async fn loan_members(connection: &mut SqliteConnection) -> Result<Vec<LoanMember>, sqlx::Error> {
    let rows: Vec<(i64, i64, i64)> = query_as(
        "SELECT contract_id, user_id, credit FROM loan_members ORDER BY contract_id, user_id",
    )
    .fetch_all(connection)
    .await?;
    let member =
        |(contract_id, user_id, credit)| LoanMember { contract_id, user_id, credit: rial(credit) };
    Ok(rows.into_iter().map(member).collect())
}

async fn sms(connection: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let rows: Vec<(String, i64)> = query_as("SELECT service, COUNT(*) FROM sms GROUP BY service")
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|(service, count)| (service, count.unsigned_abs())).collect())
}
