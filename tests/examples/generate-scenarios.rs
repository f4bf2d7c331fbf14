//! Writes the policies' generated scenarios: a shop with 120 invoices to net, and for each policy a
//! month of a real shop: 2,000 invoices, 300 delegated credits, 40 bills, 12 loan plans. The same
//! program always writes the same files.

use std::collections::BTreeMap;

use pod_emulator::{Scenario, scenario::*};
use pod_host::Digest;
use pod_platform::{Rial, loans::LoanGuarantor};
use podhost_tests::project;
use serde_json::{Value, json};

const FIRST_NAMES: &[&str] =
    &["مریم", "علی", "زهرا", "رضا", "فاطمه", "حسین", "نرگس", "امیر", "سارا", "مهدی", "لیلا", "کیان"];
const LAST_NAMES: &[&str] =
    &["کریمی", "رضایی", "محمدی", "حسینی", "احمدی", "موسوی", "جعفری", "رحیمی", "قاسمی", "نوری"];
const SUPPLIERS: &[&str] = &[
    "پخش مواد غذایی البرز",
    "چاپ و بسته‌بندی سپهر",
    "لبنیات دامداران",
    "برنج شمال",
    "خدمات رایانه‌ای پارس",
];
const GUILD: &str = "FOOD_GUILD";
const GUILDS: &[&str] = &["FOOD_GUILD", "HEALTH_GUILD", "TOILETRIES_GUILD", "CLOTHING_GUILD"];
const SHOP: u64 = 1926;
const SHOP_USER: u64 = 19_260;

fn main() {
    write("netting/scenarios/shop", &json!(shop(60, 60, 24)), true);
    write("netting/scenarios/month", &json!(shop(1_000, 1_000, 300)), false);
    write("delegation/scenarios/month", &json!(household(2_000, 300)), false);
    write("loan-plan/scenarios/month", &json!(furniture()), true);
    let (scenario, bills) = month();
    write("month/scenarios/month", &json!(scenario), false);
    write("month/scenarios/month.input", &bills, true);
}

/// Somebody with so many invoices of all guilds, and with so much delegated credit.
fn household(invoices: u64, delegations: u64) -> Scenario {
    let mut numbers = Numbers::default();
    let mut scenario = shop(0, 0, 40);
    let customer = 30_000;
    scenario.caller = Some("customer-0-access-token".into());
    scenario.users[0].wallet = wallet(30_000_000);
    for user in &mut scenario.users[1..] {
        user.wallet = wallet(1_000_000_000);
    }
    scenario.invoices = (0..invoices)
        .map(|id| {
            let issuer = 2_000 + numbers.below(SUPPLIERS.len() as u64);
            let guild_code = numbers.one_of(GUILDS).to_owned();
            let amount = numbers.amount();
            Invoice { guild_code, ..invoice(500_000 + id, issuer, customer, amount) }
        })
        .collect();
    scenario.delegations =
        (0..delegations).map(|id| delegation(&mut numbers, id, customer, 30_001)).collect();
    scenario
}

/// A credit of up to 5,000,000 rials, mostly for one guild and mostly with an end.
fn delegation(numbers: &mut Numbers, id: u64, delegate_id: u64, first_lender: u64) -> Delegation {
    let guild_code = (numbers.below(4) != 0).then(|| numbers.one_of(GUILDS).to_owned());
    let until = (numbers.below(5) != 0)
        .then(|| format!("1399/{:02}/{:02}", 3 + numbers.below(4), 12 + numbers.below(18)));
    Delegation {
        delegator_id: first_lender + id % 39,
        delegate_id,
        hash: format!("credit-{id}"),
        amount: numbers.amount(),
        guild_code,
        until,
    }
}

/// A furniture shop that chooses among 12 plans of 3 contracts for a customer.
fn furniture() -> Scenario {
    let mut scenario = shop(0, 0, 3);
    scenario.users[0].wallet = wallet(20_000_000);
    scenario.invoices = vec![invoice(500_000, SHOP, 30_000, Rial(48_765_000))];
    scenario.loan_contracts = contracts(SHOP, 30_000, 60_000_000);
    scenario
}

/// Three contracts with four plans each.
fn contracts(business_id: u64, user_id: u64, credit: u64) -> Vec<LoanContract> {
    let rates = [[1.5, 3.0, 6.5, 14.0], [2.0, 2.75, 6.0, 15.5], [0.0, 4.0, 8.0, 18.0]];
    (0..)
        .zip(rates)
        .map(|(contract, rates)| LoanContract {
            id: 50 + contract,
            business_id,
            name: Some(format!("قرارداد {}", contract + 1)),
            ceiling: Rial(500_000_000),
            commission_rate: 0.0,
            end_date: None,
            guarantor: (contract == 1).then_some(LoanGuarantor::LoanGuarantorPasargad),
            max_breathing_period_count: Some(3),
            clear_installment_tool: None,
            guild_code: None,
            permitted_businesses: None,
            members: vec![Member { user_id, credit: Rial(credit / (contract + 1)) }],
            plans: (0..)
                .zip([3, 6, 12, 24].into_iter().zip(rates))
                .map(|(plan, (installments, interest_rate))| Plan {
                    id: 10 * (contract + 1) + plan,
                    name: format!("{installments} ماهه"),
                    installments,
                    interest_rate,
                    // The interest-free one is taken already.
                    active: interest_rate > 0.0,
                })
                .collect(),
        })
        .collect()
}

/// A shop's month, and its bills.
fn month() -> (Scenario, Value) {
    let mut numbers = Numbers::default();
    let mut scenario = shop(1_000, 1_000, 300);
    scenario.businesses[0].wallet = wallet(60_000_000);
    scenario.businesses[0].cellphone_number = Some("09120000009".into());
    for invoice in scenario.invoices.iter_mut().filter(|invoice| invoice.business_id != SHOP) {
        invoice.guild_code = numbers.one_of(GUILDS).to_owned();
        // Some debts are more than anything at hand: loans are for them.
        if numbers.below(100) == 0 {
            invoice.amount = Rial(invoice.amount.0 * 8);
            invoice.vat = None;
        }
    }
    for user in &mut scenario.users {
        user.wallet = wallet(1_000_000_000);
    }
    // Credit and wallet do not suffice: some of it is for loans.
    scenario.delegations = (0..300)
        .map(|id| {
            let credit = delegation(&mut numbers, id, SHOP_USER, 30_000);
            Delegation { amount: Rial(credit.amount.0 / 5), ..credit }
        })
        .collect();
    scenario.loan_contracts = contracts(2_000, SHOP_USER, 60_000_000);
    let mut bills: Vec<Value> = (0..38)
        .map(|_| {
            // Fines are of type 9: POD refuses them.
            let kind = [1, 2, 3, 4, 5, 9][numbers.below(6) as usize];
            let (bill_id, payment_id) = bill(&mut numbers, kind);
            json!({ "billId": bill_id, "paymentId": payment_id })
        })
        .collect();
    bills.push(bills[3].clone());
    bills.push(json!({ "billId": "9100074409151", "paymentId": "12908199" }));
    (scenario, json!({ "bills": bills }))
}

/// A bill that checks, of up to 2,000,000 rials.
fn bill(numbers: &mut Numbers, kind: u64) -> (String, String) {
    let with_check = |digits: String| {
        let check = check_digit(&digits);
        digits + &check
    };
    let file = 1_000_000 + numbers.below(9_000_000);
    let bill_id = with_check(format!("{file}{}{kind}", 100 + numbers.below(900)));
    let payment_id =
        with_check(format!("{}9{:02}", 10 + numbers.below(1_990), 1 + numbers.below(6)));
    let check = check_digit(&format!("{bill_id}{payment_id}"));
    (bill_id, payment_id + &check)
}

/// Weights 2 to 7 from the right; 0 where the rest of 11 is 0 or 1.
fn check_digit(digits: &str) -> String {
    let digits = digits.bytes().rev().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits.zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
    let rest = sum % 11;
    (if rest < 2 { 0 } else { 11 - rest }).to_string()
}

fn wallet(rials: u64) -> BTreeMap<String, Rial> {
    [("PODLAND_WALLET".to_owned(), Rial(rials))].into()
}

/// A shop that owes `debts` invoices, was paid `paid` and waits for the rest of its own.
fn shop(debts: u64, paid: u64, customers: u64) -> Scenario {
    let mut numbers = Numbers::default();
    let business = |id, user_id, name: &str, token: String| Business {
        cellphone_number: None,
        id,
        user_id,
        name: name.to_owned(),
        api_token: token,
        wallet: Default::default(),
        guilds: Default::default(),
        num_of_products: None,
        rate: None,
        sheba: None,
        profile_image: None,
    };
    let mut businesses = vec![business(SHOP, SHOP_USER, "فروشگاه لیلا", "shop-api-token".into())];
    for (id, name) in (0..).zip(SUPPLIERS) {
        businesses.push(business(
            2_000 + id,
            20_000 + id,
            name,
            format!("supplier-{id}-api-token"),
        ));
    }
    let users = (0..customers)
        .map(|id| User {
            national_code: None,
            username: None,
            profile_image: None,
            id: 30_000 + id,
            name: format!("{} {}", numbers.one_of(FIRST_NAMES), numbers.one_of(LAST_NAMES)),
            access_token: format!("customer-{id}-access-token"),
            cellphone_number: Some(format!("0912{:07}", 1_000_000 + id)),
            wallet: Default::default(),
        })
        .collect();
    let mut invoices = Vec::new();
    for id in 0..debts {
        let amount = numbers.amount();
        // One in five is taxed, one in ten paid already.
        let vat = (numbers.below(5) == 0).then(|| Rial(amount.0 * 9 / 100));
        let payed = numbers.below(10) == 0;
        invoices.push(Invoice {
            vat,
            payed,
            ..invoice(
                500_000 + id,
                2_000 + numbers.below(SUPPLIERS.len() as u64),
                SHOP_USER,
                amount,
            )
        });
    }
    for id in 0..paid {
        let amount = numbers.amount();
        // One in six is not paid yet.
        let payed = numbers.below(6) != 0;
        let user = 30_000 + numbers.below(customers);
        invoices.push(Invoice { payed, ..invoice(600_000 + id, SHOP, user, amount) });
    }
    Scenario {
        now: Some("1399/03/13 10:00:00".into()),
        caller: Some("shop-api-token".into()),
        businesses,
        users,
        invoices,
        ..Scenario::default()
    }
}

fn invoice(id: u64, business_id: u64, user_id: u64, amount: Rial) -> Invoice {
    Invoice {
        id,
        business_id,
        user_id: Some(user_id),
        amount,
        vat: None,
        guild_code: GUILD.into(),
        payed: false,
        verification_needed: false,
        bill_number: None,
        description: None,
        canceled: false,
        closed: false,
        waiting: false,
        issuance_date: None,
        payment_date: None,
    }
}

/// Numbers that look random and never change.
#[derive(Default)]
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 += 1;
        let digest = Digest::of(&[b"scenario", &self.0.to_le_bytes()]);
        let head: [u8; 8] = digest.0[..8].try_into().expect("a digest is longer");
        u64::from_le_bytes(head) % bound
    }

    /// From 5,000 to 5,000,000 rials, small amounts more often than large ones; in whole
    /// thousands, so that equal ones occur.
    fn amount(&mut self) -> Rial {
        let magnitude = [50, 200, 1_000, 5_000][self.below(4) as usize];
        Rial((5 + self.below(magnitude)) * 1_000)
    }

    fn one_of<'a>(&mut self, names: &[&'a str]) -> &'a str {
        names[self.below(names.len() as u64) as usize]
    }
}

fn write(name: &str, contents: &Value, readable: bool) {
    let json = if readable {
        serde_json::to_string_pretty(contents)
    } else {
        serde_json::to_string(contents)
    };
    let path = project("plugins").join(format!("{name}.json"));
    let json = json.expect("a scenario is JSON") + "\n";
    std::fs::write(&path, json).expect("the scenario can be written");
}
