//! Writes the netting policy's generated scenarios: a shop with 120 invoices, and a wholesaler with
//! 1,200. The same program always writes the same files.

use pod_host::Digest;
use pod_platform::Rial;
use pod_sandbox::{Scenario, scenario::*};
use podhost_tests::project;

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
const SHOP: u64 = 1926;
const SHOP_USER: u64 = 19_260;

fn main() {
    write("shop", &shop(60, 60, 24), true);
    write("large", &shop(600, 600, 300), false);
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

fn write(name: &str, scenario: &Scenario, readable: bool) {
    let json = if readable {
        serde_json::to_string_pretty(scenario)
    } else {
        serde_json::to_string(scenario)
    };
    let path = project("plugins/netting/scenarios").join(format!("{name}.json"));
    let json = json.expect("a scenario is JSON") + "\n";
    std::fs::write(&path, json).expect("the scenario can be written");
}
