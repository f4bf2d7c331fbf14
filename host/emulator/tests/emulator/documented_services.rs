//! The services as POD's documents list them: numbers, paths, required fields, envelopes, errors.

use pod_platform::{Platform, Route, Service, ServiceVisitor, visit_services};
use serde_json::{Value, json};

use crate::{
    common::World,
    utilities::{ELECTRICITY, MOBILE, Utilities},
};

/// A service of S0 … S3: its name, its number and POD's own sandbox's, and what it cannot be called
/// without.
type Documented = (&'static str, u32, Option<u32>, &'static [&'static str]);

const BY_NUMBER: [Documented; 17] = [
    ("payInvoiceByCredit", 30_382, None, &["invoiceId"]),
    ("payAnyInvoiceByCredit", 29_821, Some(39_317), &["invoiceId", "wallet"]),
    ("sendInvoicePaymentSMS", 29_807, Some(39_302), &["invoiceId"]),
    ("verifyPaymentSMS", 369_550, None, &["invoiceId", "code"]),
    ("payInvoice", 29_799, Some(39_294), &["invoiceId"]),
    ("payInvoiceByInvoice", 29_800, Some(39_295), &["creditorInvoiceId", "debtorInvoiceId"]),
    ("payInvoiceInFuture", 29_802, Some(39_297), &["invoiceId", "date"]),
    (
        "payInvoiceByPos",
        29_801,
        Some(39_296),
        &[
            "invoiceId",
            "terminalNumber",
            "merchantCode",
            "referenceNumber",
            "trackingNumber",
            "transactionDate",
        ],
    ),
    ("getInvoicePaymentLink", 29_815, None, &["invoiceId"]),
    ("sendPaymentLinkToUser", 1_113_426, None, &["invoiceId", "userId", "redirectUri"]),
    ("payBill", 27_903_493, None, &["billId", "paymentId"]),
    ("payBill", 52_042, None, &["billId", "paymentId"]),
    ("issueBillInvoice", 27_903_191, None, &["billId", "paymentId"]),
    ("getGatewayLink", 46_547_342, Some(217_462), &["uniqueNumber", "redirectUri", "callUri"]),
    ("listBills", 3_884_760, None, &["offset", "size"]),
    ("listBills", 52_043, None, &["offset", "size"]),
    ("cancelBill", 3_884_767, None, &["Id"]),
];

/// The direct calls of S4.
const BY_PATH: [(&str, &[&str]); 8] = [
    ("/nzh/biz/updateLoanGrantorCreditForUsers", &["fileId", "hashCode", "contractId"]),
    ("/nzh/biz/removePermittedUserFromLoanContract", &["contractId"]),
    ("/nzh/loanPlanList", &["offset", "size"]),
    ("/nzh/updateLoanByPlan", &["loanId", "planId"]),
    ("/nzh/biz/loanList", &["offset", "size"]),
    ("/nzh/loanList", &["offset", "size"]),
    ("/nzh/biz/getInstallmentList", &["loanId", "offset", "size"]),
    ("/nzh/payInvoiceByLoan", &["invoiceId", "contractId"]),
];

/// Something that each field can be.
fn value(field: &str) -> &'static str {
    match field {
        "wallet" => "PODLAND_WALLET",
        "date" => "1399/04/01",
        "transactionDate" => "1399/03/13 09:30:00",
        "redirectUri" | "callUri" => "https://shop.ir/done",
        "billId" => ELECTRICITY.0,
        "paymentId" => ELECTRICITY.1,
        _ => "5",
    }
}

/// All of them but one.
fn without(fields: &[&str], missing: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(
        fields.iter().filter(|field| **field != missing).map(|field| (*field, value(field))),
    );
    form.finish()
}

fn names_the_field(answer: &Value, field: &str) -> bool {
    let explanation = answer["explanation"].as_str().unwrap_or_default();
    answer["errorCode"] == 403 && explanation.to_lowercase().contains(&field.to_lowercase())
}

#[tokio::test]
async fn services_have_the_numbers_and_the_required_fields_of_the_documents() {
    struct Numbers(Vec<(&'static str, u32, Option<u32>)>);

    impl ServiceVisitor for Numbers {
        fn visit<S: Service>(&mut self) {
            if let Route::Product(product) = S::ROW.route {
                for number in [product.production].iter().chain(product.older) {
                    self.0.push((S::ROW.name, *number, product.sandbox));
                }
            }
        }
    }

    let mut numbers = Numbers(Vec::new());
    visit_services(&mut numbers);
    let world = World::start().await;
    for (name, number, sandbox, fields) in BY_NUMBER {
        // The client calls it by this number, too.
        let known = numbers.0.iter().find(|(of, known, _)| (*of, *known) == (name, number));
        let (_, _, client) = known.unwrap_or_else(|| panic!("{name} has no number {number}"));
        assert!(sandbox.is_none() || sandbox == *client, "{name}: {client:?}");
        for number in [Some(number), sandbox].into_iter().flatten() {
            for missing in fields {
                let ott = world.ott().await;
                let headers = [("_token_", "shop"), ("_ott_", ott.as_str())];
                let body = format!("scProductId={number}&{}", without(fields, missing));
                let answer = world.post(&headers, &body).await;
                let told = if *missing == "wallet" {
                    answer["errorCode"] == 193
                } else {
                    names_the_field(&answer, missing)
                };
                assert!(told, "{name} {number} without {missing}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn direct_calls_have_the_paths_and_the_required_fields_of_s4() {
    let world = World::start().await;
    for (path, fields) in BY_PATH {
        for missing in fields {
            let answer = world.post_to(path, "shop", &without(fields, missing)).await;
            assert!(names_the_field(&answer, missing), "{path} without {missing}: {answer}");
        }
    }
    // Of the four names of a user, one at least.
    let path = "/nzh/biz/removePermittedUserFromLoanContract";
    let nobody = world.post_to(path, "shop", "contractId=5").await;
    assert!(names_the_field(&nobody, "userId"), "{nobody}");
}

#[tokio::test]
async fn a_service_of_businesses_does_not_take_a_users_token() {
    let world = World::start().await;
    for number in [29_799, 29_800, 29_801, 29_802] {
        let ott = world.ott().await;
        let headers = [("_token_", "sara"), ("_ott_", ott.as_str())];
        let answer = world.post(&headers, &format!("scProductId={number}&invoiceId=101")).await;
        assert_eq!(answer["errorCode"], 21, "{number}: {answer}");
    }
    for path in [
        "/nzh/biz/updateLoanGrantorCreditForUsers",
        "/nzh/biz/removePermittedUserFromLoanContract",
        "/nzh/biz/loanList",
        "/nzh/biz/getInstallmentList",
    ] {
        let answer = world.post_to(path, "sara", "offset=0&size=1&contractId=5&loanId=1").await;
        assert_eq!(answer["errorCode"], 21, "{path}: {answer}");
    }
}

#[test]
fn pods_addresses_are_those_of_the_documents() {
    let (production, sandbox) = (Platform::production(), Platform::sandbox());
    assert_eq!(production.url, "https://api.pod.ir/srv/sc");
    assert_eq!(production.pay_url, "https://pay.pod.ir");
    assert_eq!(sandbox.pay_url, "https://sandbox.pod.ir:1033");
    assert_eq!(production.file_url, "https://core.pod.ir");
}

#[tokio::test]
async fn an_envelope_has_the_fields_of_s3() {
    let world = World::start().await;
    let list = "scProductId=29813&offset=0&size=1";
    let answer = world.post(&[("_token_", "shop")], list).await;
    assert_eq!(answer["hasError"], false);
    assert!(answer["messageId"].is_i64() && answer["errorCode"] == 0, "{answer}");
    assert!(answer["referenceNumber"].is_string() && answer["ott"].is_string(), "{answer}");
    assert!(answer["count"].is_u64() && answer["result"].is_array(), "{answer}");
    let refusal = world.post(&[("_token_", "nobody")], list).await;
    assert_eq!((&refusal["hasError"], &refusal["errorCode"]), (&json!(true), &json!(21)));
    assert!(refusal["message"].is_string() && refusal["referenceNumber"].is_string());
}

/// The seeds' texts have lost their half-spaces, and differ in spaces.
fn letters(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace() && *letter != '\u{200c}').collect()
}

#[tokio::test]
async fn refusals_are_in_the_words_of_the_documents() {
    let world = World::start().await;
    let guarantee = "date=1399/04/01&wallet=PODLAND_WALLET";
    for (token, body, code, words) in [
        ("nobody", "scProductId=29799&invoiceId=101".to_owned(), 21, "توکن کسبوکاری وارد نشده است"),
        (
            "sara",
            "scProductId=29821&invoiceId=101".to_owned(),
            193,
            "کد حساب دیجیتال را وارد نکرده اید",
        ),
        (
            "baker",
            format!("scProductId=29802&invoiceId=204&{guarantee}"),
            99,
            "فاکتور برای شما صادر نشده است",
        ),
        (
            "baker",
            format!("scProductId=29802&invoiceId=300&{guarantee}"),
            1,
            "اعتبار کافی جهت انجام عملیات مسدودی را ندارید",
        ),
        (
            "shop",
            "scProductId=29800&creditorInvoiceId=101&debtorInvoiceId=200".to_owned(),
            1,
            "فاکتور بستانکار پرداخت نشده است",
        ),
        (
            "shop",
            "scProductId=29800&creditorInvoiceId=200&debtorInvoiceId=100".to_owned(),
            1,
            "مجوز انجام این عملیات را ندارید",
        ),
        (
            "sara",
            "scProductId=29821&invoiceId=302&wallet=PODLAND_WALLET".to_owned(),
            72,
            "قبض منتظر درگاه   برای  ادامه  تراکنش  می  باشد",
        ),
    ] {
        let ott = world.ott().await;
        let answer = world.post(&[("_token_", token), ("_ott_", &ott)], &body).await;
        assert_eq!(answer["errorCode"], code, "{body}: {answer}");
        assert_eq!(letters(answer["message"].as_str().unwrap()), letters(words), "{body}");
    }
    let net = "scProductId=29800&creditorInvoiceId=100&debtorInvoiceId";
    let netted = world.post(&[("_token_", "shop")], &format!("{net}=200")).await;
    assert_eq!(netted["result"], true, "{netted}");
    let earmarked = world.post(&[("_token_", "shop")], &format!("{net}=204")).await;
    assert_eq!(earmarked["message"], "فاکتور بستانکار آماده برای مسدودی می باشد");

    let utilities = Utilities::start().await;
    utilities.pay("sara", MOBILE).await;
    let fine = crate::utilities::traffic_fine();
    for ((bill_id, payment_id), code, words) in [
        (("x", "1"), 141, "ورودی عددی را صحیح وارد نمایید"),
        ((ELECTRICITY.0, "12908191"), 178, "شناسه پرداخت نامعتبر میباشد"),
        (("9174639504125", "12908190"), 179, "شناسه قبض نامعتبر میباشد"),
        (MOBILE, 180, "قبض قبلا پرداخت شده است"),
        ((&*fine.0, &*fine.1), 462, "امکان پردازش قبض راهور ناجا وجود ندارد"),
    ] {
        let fields = format!("billId={bill_id}&paymentId={payment_id}");
        let answer = utilities.post("sara", 27_903_191, &fields).await;
        assert_eq!(answer["errorCode"], code, "{fields}: {answer}");
        assert_eq!(letters(answer["message"].as_str().unwrap()), letters(words), "{fields}");
    }
}

/// What S1 writes below each of these services.
#[tokio::test]
async fn what_is_not_payable_is_refused_by_its_code_whichever_way_it_is_to_be_paid() {
    let scenario = r#"{
        "businesses": [{"id": 1, "userId": 10, "name": "Shop", "apiToken": "shop"}],
        "users": [{"id": 40, "name": "Sara", "accessToken": "sara",
                   "cellphoneNumber": "09121111111", "wallet": {"PODLAND_WALLET": 9000}}],
        "invoices": [
            {"id": 1, "businessId": 1, "userId": 40, "amount": 9, "guildCode": "G", "payed": true},
            {"id": 2, "businessId": 1, "userId": 40, "amount": 9, "guildCode": "G",
             "canceled": true},
            {"id": 3, "businessId": 1, "userId": 40, "amount": 9, "guildCode": "G",
             "closed": true},
            {"id": 4, "businessId": 1, "userId": 40, "amount": 9, "guildCode": "G",
             "verificationNeeded": true},
            {"id": 5, "businessId": 1, "userId": 40, "amount": 9, "guildCode": "G",
             "waiting": true}
        ],
        "history": [{"token": "sara", "service": "payInvoiceByCredit",
                     "arguments": {"invoiceId": 4}}]
    }"#;
    let scenario = pod_emulator::Scenario::from_json("unpayable", scenario).unwrap();
    let world = World::of(scenario).await;
    for (token, service) in [
        ("sara", "scProductId=30382"),
        ("sara", "scProductId=29821&wallet=PODLAND_WALLET"),
        ("shop", "scProductId=29807"),
        ("shop", "scProductId=369550&code=12345"),
        ("shop", "scProductId=29799"),
    ] {
        for (invoice, code) in [(1, 24), (2, 32), (3, 45), (4, 58), (5, 72)] {
            let ott = world.ott().await;
            let body = format!("{service}&invoiceId={invoice}");
            let answer = world.post(&[("_token_", token), ("_ott_", &ott)], &body).await;
            assert_eq!(answer["errorCode"], code, "{body}: {answer}");
        }
    }
    assert!(world.emulator.sms().await.unwrap().is_empty());
}

#[tokio::test]
async fn keys_and_vouchers_of_calls_are_taken_and_change_nothing() {
    let world = World::start().await;
    for extra in ["", "&scApiKey=key", "&scVoucherHash=a&scVoucherHash=b", "&scVoucherHash[]=a"] {
        let body = format!("scProductId=29813&offset=0&size=1&id=101{extra}");
        let answer = world.post(&[("_token_", "shop")], &body).await;
        assert_eq!((&answer["count"], &answer["hasError"]), (&json!(1), &json!(false)), "{extra}");
    }
}
