//! Fills a new database with a scenario, in one transaction.

use pod_platform::{Instant, Rial, loans::LoanGuarantor};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, query};

use crate::{
    Error, clock, faults, files,
    handlers::payments::PODLAND_WALLET,
    invoice::{Record, line, unique_number, unregistered},
    ledger::{self, Account, Move},
    loans::{self, Contract, Plan},
    parties::{Caller, guild_number},
    payment::{self, Source},
    scenario::{Invoice, PosTransaction, Rate, Scenario},
    sheba, store,
};

pub(crate) const OTT_KEY: &str = "ottKey";
pub(crate) const CALLER: &str = "caller";
pub(crate) const MESSAGE_ERROR_CODE: &str = "messageErrorCode";
/// There as long as the scenario's history has not happened.
pub(crate) const HISTORY: &str = "historyToHappen";

/// Who issues the invoices of utility bills.
const PLATFORM_NAME: &str = "سرزمین هوشمند پاد";

/// The grantor's trade, if a contract names none: that of S4's sample.
const BUSINESS_GUILD: &str = "BUSINESS_GUILD";
/// The most months before the first instalment, if a contract says nothing.
const MAX_BREATHING_PERIOD_COUNT: u32 = 12;

/// Guilds whose numbers and names POD's samples show (S4, recorded answers).
const GUILDS: [(&str, u64, &str); 4] = [
    ("TOILETRIES_GUILD", 44, "آرایش و زیبایی"),
    ("HEALTH_GUILD", 45, "بهداشت و درمان"),
    ("BUSINESS_GUILD", 48, "اقتصاد و بازرگانی"),
    ("CLOTHING_GUILD", 52, "پوشاک"),
];

/// Fills the database. The scenario has been checked.
pub(crate) async fn seed(
    connection: &mut SqliteConnection,
    scenario: &Scenario,
    now: Instant,
) -> Result<(), Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    store::create(&mut transaction).await?;
    settings(&mut transaction, scenario).await?;
    parties(&mut transaction, scenario).await?;
    guilds(&mut transaction, scenario).await?;
    bills(&mut transaction, scenario).await?;
    for invoice in &scenario.invoices {
        let record = record(invoice, now)?;
        record.save(&mut transaction).await?;
        if record.payed && !record.closed {
            let sources = [origin(&record)];
            payment::remember_sources(&mut transaction, record.id, &sources).await?;
        }
    }
    products(&mut transaction, scenario).await?;
    pos_transactions(&mut transaction, scenario).await?;
    delegations(&mut transaction, scenario).await?;
    loan_contracts(&mut transaction, scenario, now).await?;
    files::seed(&mut transaction).await?;
    faults::seed(&mut transaction, scenario).await?;
    let moves = opening(scenario)?;
    ledger::post(&mut transaction, now, "opening", 0, &moves).await?;
    transaction.commit().await?;
    Ok(())
}

async fn settings(connection: &mut SqliteConnection, scenario: &Scenario) -> Result<(), Error> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(Error::Random)?;
    let key = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let settings: [(&str, Option<String>); 5] = [
        (MESSAGE_ERROR_CODE, scenario.message_error_code.map(|code| code.to_string())),
        (OTT_KEY, Some(key)),
        (CALLER, scenario.caller_token().map(str::to_owned)),
        (HISTORY, (!scenario.history.is_empty()).then(String::new)),
        (clock::NOW, scenario.instant().map(|now| now.0.to_string())),
    ];
    for (name, value) in settings {
        if let Some(value) = value {
            query("INSERT INTO settings (name, value) VALUES (?, ?)")
                .bind(name)
                .bind(value)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

async fn parties(connection: &mut SqliteConnection, scenario: &Scenario) -> Result<(), Error> {
    const BUSINESS: &str = "INSERT INTO businesses (id, user_id, name, token, cellphone_number, \
                            num_of_products, rate, rate_count, sheba, profile_image) \
                            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    query(BUSINESS)
        .bind(Caller::PLATFORM.business_id)
        .bind(Caller::PLATFORM.user_id)
        .bind(PLATFORM_NAME)
        .bind(None::<&str>)
        .bind(None::<&str>)
        .bind(0)
        .bind(0.0)
        .bind(0)
        .bind(sheba::of_business(0))
        .bind(None::<&str>)
        .execute(&mut *connection)
        .await?;
    for business in &scenario.businesses {
        let own = scenario.products.iter().filter(|product| product.business_id == business.id);
        let num_of_products = business.num_of_products.unwrap_or_else(|| own.count() as u64);
        let rate = business.rate.unwrap_or(Rate { rate: 0.0, rate_count: 0 });
        let sheba = business.sheba.clone();
        query(BUSINESS)
            .bind(stored(business.id)?)
            .bind(stored(business.user_id)?)
            .bind(&business.name)
            .bind(&business.api_token)
            .bind(&business.cellphone_number)
            .bind(stored(num_of_products)?)
            .bind(rate.rate)
            .bind(stored(rate.rate_count)?)
            .bind(sheba.unwrap_or_else(|| sheba::of_business(business.id)))
            .bind(&business.profile_image)
            .execute(&mut *connection)
            .await?;
    }
    for user in &scenario.users {
        query(
            "INSERT INTO users (id, name, token, cellphone_number, national_code, username, \
             profile_image) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(stored(user.id)?)
        .bind(&user.name)
        .bind(&user.access_token)
        .bind(&user.cellphone_number)
        .bind(&user.national_code)
        .bind(&user.username)
        .bind(&user.profile_image)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn guilds(connection: &mut SqliteConnection, scenario: &Scenario) -> Result<(), Error> {
    let is_stated = |code: &str| scenario.guilds.iter().any(|guild| guild.code == code);
    let known = GUILDS.iter().filter(|(code, ..)| !is_stated(code));
    let known = known.map(|(code, id, name)| (*code, *id, *name));
    let stated = scenario.guilds.iter().map(|guild| {
        let id = guild.id.unwrap_or_else(|| guild_number(&guild.code));
        (guild.code.as_str(), id, guild.name.as_str())
    });
    for (code, id, name) in known.chain(stated) {
        query("INSERT INTO guilds (code, id, name) VALUES (?, ?, ?)")
            .bind(code)
            .bind(stored(id)?)
            .bind(name)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn bills(connection: &mut SqliteConnection, scenario: &Scenario) -> Result<(), Error> {
    for bill in &scenario.bills {
        query(
            "INSERT INTO bills (bill_id, payment_id, company, send_file_fails) VALUES (?, ?, ?, ?)",
        )
        .bind(&bill.bill_id)
        .bind(&bill.payment_id)
        .bind(&bill.company)
        .bind(bill.send_file_fails)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn products(connection: &mut SqliteConnection, scenario: &Scenario) -> Result<(), Error> {
    for product in &scenario.products {
        query(
            "INSERT INTO products (id, business_id, name, price, guild_code) \
             VALUES (?, ?, ?, ?, ?)",
        )
        .bind(stored(product.id)?)
        .bind(stored(product.business_id)?)
        .bind(&product.name)
        .bind(stored(product.price.0)?)
        .bind(&product.guild_code)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn pos_transactions(
    connection: &mut SqliteConnection,
    scenario: &Scenario,
) -> Result<(), Error> {
    for transaction in &scenario.pos_transactions {
        insert_pos_transaction(connection, transaction).await?;
    }
    Ok(())
}

/// Notes what was paid at a terminal.
pub(crate) async fn insert_pos_transaction(
    connection: &mut SqliteConnection,
    transaction: &PosTransaction,
) -> Result<(), Error> {
    query(
        "INSERT INTO pos_transactions (invoice_id, terminal_number, merchant_code, \
         reference_number, tracking_number, transaction_date, amount) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(stored(transaction.invoice_id)?)
    .bind(&transaction.terminal_number)
    .bind(&transaction.merchant_code)
    .bind(&transaction.reference_number)
    .bind(&transaction.tracking_number)
    .bind(transaction.transaction_date.to_string())
    .bind(stored(transaction.amount.0)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Where a scenario does not say when its invoice was issued or paid, it was at the moment in which
/// the platform starts.
fn record(invoice: &Invoice, now: Instant) -> Result<Record, Error> {
    let id = stored(invoice.id)?;
    let issued_at = invoice.issued_at().unwrap_or(now);
    let paid_at = invoice.payed.then(|| invoice.paid_at().unwrap_or(now));
    let description = invoice.description.as_deref();
    let product = unregistered(description, invoice.amount);
    let lines = [line(id, 0, product, invoice.amount, 1.0, Rial::ZERO, description)];
    let user_id = invoice.user_id.map(stored).transpose()?;
    let vat = invoice.vat.unwrap_or_default();
    Ok(Record {
        id,
        business_id: stored(invoice.business_id)?,
        user_id,
        guild_code: invoice.guild_code.clone(),
        amount: stored(invoice.amount.0)?,
        vat: stored(vat.0)?,
        #[expect(clippy::cast_precision_loss, reason = "a rate, used if the invoice is reduced")]
        tax_rate: if invoice.amount == Rial::ZERO {
            0.0
        } else {
            vat.0 as f64 / invoice.amount.0 as f64
        },
        bill_number: invoice.bill_number.clone(),
        unique_number: unique_number(id),
        description: invoice.description.clone(),
        lines: serde_json::to_string(&lines)
            .map_err(|error| Error::Database(sqlx::Error::Encode(Box::new(error))))?,
        issued_at: stored(issued_at.0)?,
        issued_on: issued_at.jalali_date().to_string(),
        paid_at: paid_at.map(|at| stored(at.0)).transpose()?,
        payer_id: user_id.filter(|_| invoice.payed),
        payed: invoice.payed,
        canceled: invoice.canceled,
        closed: invoice.closed,
        waiting: invoice.waiting,
        verification_needed: invoice.verification_needed,
        // What is stated to be paid counts as paid, so it was verified (S1).
        verified_at: paid_at
            .filter(|_| invoice.payed && invoice.verification_needed)
            .map(|at| stored(at.0))
            .transpose()?,
        ..Record::default()
    })
}

/// Where a scenario's payment goes back to if it is cancelled: its user's wallet, or out.
fn origin(invoice: &Record) -> Source {
    let account = match invoice.user_id {
        Some(user) => Account::Wallet { user, code: PODLAND_WALLET },
        None => Account::Outside,
    };
    Source { account: account.to_string(), rials: invoice.payable() }
}

async fn delegations(connection: &mut SqliteConnection, scenario: &Scenario) -> Result<(), Error> {
    for (position, delegation) in scenario.delegations.iter().enumerate() {
        query(
            "INSERT INTO delegations (hash, delegator_id, delegate_id, position, guild_code, \
             expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&delegation.hash)
        .bind(stored(delegation.delegator_id)?)
        .bind(stored(delegation.delegate_id)?)
        .bind(stored(position as u64)?)
        .bind(&delegation.guild_code)
        .bind(delegation.expires_at().map(|at| stored(at.0)).transpose()?)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn loan_contracts(
    connection: &mut SqliteConnection,
    scenario: &Scenario,
    now: Instant,
) -> Result<(), Error> {
    let created_at = stored(now.0)?;
    for contract in &scenario.loan_contracts {
        let no_guarantor = LoanGuarantor::LoanGuarantorNoGuarantor;
        let tool = contract.clear_installment_tool.as_deref().unwrap_or(PODLAND_WALLET);
        let contract_id = stored(contract.id)?;
        let record = Contract {
            id: contract_id,
            business_id: stored(contract.business_id)?,
            name: contract.name.clone(),
            ceiling: stored(contract.ceiling.0)?,
            commission_rate: contract.commission_rate,
            guarantor: contract.guarantor.as_ref().unwrap_or(&no_guarantor).code().to_owned(),
            end_date: contract.end_date.map(|day| day.to_string()),
            max_breathing_period_count: contract
                .max_breathing_period_count
                .unwrap_or(MAX_BREATHING_PERIOD_COUNT)
                .into(),
            clear_installment_tool: tool.to_owned(),
            guild_code: contract.guild_code.clone().unwrap_or_else(|| BUSINESS_GUILD.to_owned()),
            permitted_businesses: contract
                .permitted_businesses
                .as_ref()
                .map(|ids| json!(ids).to_string()),
            created_at,
            upstream: None,
        };
        record.save(connection).await?;
        for member in &contract.members {
            let (user, credit) = (stored(member.user_id)?, stored(member.credit.0)?);
            loans::set_credit(connection, contract_id, user, credit).await?;
        }
        for plan in &contract.plans {
            let record = Plan {
                id: stored(plan.id)?,
                contract_id,
                name: plan.name.clone(),
                installments: plan.installments.into(),
                interest_rate: plan.interest_rate,
                active: plan.active,
                created_at,
                upstream: None,
            };
            record.save(connection).await?;
        }
    }
    Ok(())
}

/// All money that the scenario speaks of comes from outside.
fn opening(scenario: &Scenario) -> Result<Vec<Move<'_>>, Error> {
    let mut accounts = Vec::new();
    for business in &scenario.businesses {
        let user = stored(business.user_id)?;
        for (code, rials) in &business.wallet {
            accounts.push((Account::Wallet { user, code }, *rials));
        }
        let business_id = stored(business.id)?;
        for (code, rials) in &business.guilds {
            let account = Account::Guild { business: business_id, code };
            accounts.push((account, *rials));
        }
    }
    for user in &scenario.users {
        let id = stored(user.id)?;
        for (code, rials) in &user.wallet {
            accounts.push((Account::Wallet { user: id, code }, *rials));
        }
    }
    for delegation in &scenario.delegations {
        let hash = &delegation.hash;
        accounts.push((Account::Delegation { hash }, delegation.amount));
    }
    for contract in &scenario.loan_contracts {
        let supply = Account::LoanSupply { contract: stored(contract.id)? };
        accounts.push((supply, contract.ceiling));
    }
    for invoice in scenario.invoices.iter().filter(|invoice| invoice.payed) {
        // A closed invoice is settled: its issuer has the money.
        let account = if invoice.closed {
            Account::Guild { business: stored(invoice.business_id)?, code: &invoice.guild_code }
        } else {
            Account::Invoice { id: stored(invoice.id)? }
        };
        accounts.push((account.clone(), invoice.amount));
        accounts.push((account, invoice.vat.unwrap_or_default()));
    }
    accounts
        .into_iter()
        .map(|(to, rials)| Ok(Move { from: Account::Outside, to, rials: stored(rials.0)? }))
        .collect()
}

/// The check has seen to it that this fits.
fn stored(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|error| Error::Database(sqlx::Error::Encode(Box::new(error))))
}
