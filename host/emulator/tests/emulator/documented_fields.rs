//! Fields under the names that S0 … S4 give them, as somebody writes them who has only read these:
//! neither our client nor its contract is asked what a field is called.

use serde_json::{Value, json};

use crate::{
    common::World,
    loan_world::{LoanWorld, loan, pay},
    street::{get, start},
    utilities::{LANDLINE, Utilities, WATER},
};

/// What a call answers that has to go well.
async fn done(world: &World, token: &str, body: &str) -> Value {
    let ott = world.ott().await;
    let answer = world.post(&[("_token_", token), ("_ott_", &ott)], body).await;
    assert_eq!(answer["hasError"], false, "{body}: {answer}");
    answer["result"].clone()
}

/// How many a direct call lists.
async fn count(world: &World, path: &str, token: &str, filter: &str) -> u64 {
    let answer = world.post_to(path, token, &format!("offset=0&size=50&{filter}")).await;
    assert_eq!(answer["hasError"], false, "{path} {filter}: {answer}");
    answer["count"].as_u64().unwrap()
}

/// Each filter with a value that fits the one thing that is there, and one that does not.
async fn each_filters(world: &World, path: &str, token: &str, filters: &[(&str, &str, &str)]) {
    for (field, fitting, other) in filters {
        for (value, expected) in [(fitting, 1), (other, 0)] {
            let found = count(world, path, token, &format!("{field}={value}")).await;
            assert_eq!(found, expected, "{path}: {field}={value}");
        }
    }
}

#[tokio::test]
async fn loans_are_narrowed_by_the_names_of_s4() {
    let world = LoanWorld::start().await;
    let request = pod_platform::loans::PayInvoiceByLoanRequest {
        assurance_number: Some("A-1".into()),
        ..loan(101, 6, 64, 85)
    };
    let id = world.taken("sara", &request).await.id.to_string();
    let subject = world.invoice(101).await;
    let number = subject.unique_number.unwrap();
    let down_payment = "110";
    assert_eq!(world.invoice(110).await.payable_amount.0, 85);
    let filters = [
        ("id", id.as_str(), "99"),
        ("subjectInvoiceId", "101", "102"),
        ("prePaidInvoiceId", down_payment, "101"),
        ("planId", "64", "61"),
        ("contractId", "6", "5"),
        ("billNumber", "S-101", "S-102"),
        ("clearInstallmentTool", "PODLAND_WALLET", "DIGIPAY_WALLET"),
        (
            "clearInstallmentToolCode",
            "LOAN_CLEAR_INSTALLMENT_TOOL_WALLET",
            "LOAN_CLEAR_INSTALLMENT_TOOL_BANK_ACCOUNT_NUMBER",
        ),
        ("assuranceNumber", "A-1", "A-2"),
        ("assuranceIdentifier", number.as_str(), "x"),
        ("guarantorCode", "LOAN_GUARANTOR_PASARGAD", "LOAN_GUARANTOR_NO_GUARANTOR"),
        ("creationDateFrom", "1399/03/13", "1399/03/14"),
        ("creationDateTo", "1399/03/13", "1399/03/12"),
        ("statusCode", "LOAN_STATUS_CREATED", "LOAN_STATUS_WAITING_TO_CREATE"),
        ("installmentStatusCode", "INSTALLMENT_STATUS_DONE", "INSTALLMENT_STATUS_DELETED"),
        ("fromAmount", "7700", "7701"),
        ("toAmount", "7700", "7699"),
        ("createdOffline", "false", "true"),
    ];
    for (path, token) in [("/nzh/biz/loanList", "shop"), ("/nzh/loanList", "sara")] {
        each_filters(&world, path, token, &filters).await;
        // It was neither settled early nor cancelled.
        for none in ["settledDateFrom", "canceledDateFrom"] {
            assert_eq!(count(&world, path, token, &format!("{none}=1399/01/01")).await, 0);
        }
        for none in ["settledDateTo", "canceledDateTo"] {
            assert_eq!(count(&world, path, token, &format!("{none}=1499/01/01")).await, 0);
        }
        assert_eq!(count(&world, path, token, "preSettlementInvoiceId=101").await, 0);
    }
    each_filters(&world, "/nzh/biz/loanList", "shop", &[("userId", "40", "50")]).await;
    each_filters(&world, "/nzh/loanList", "sara", &[("businessId", "1", "2")]).await;

    let parts = world.installments(id.parse().unwrap(), None).await;
    let (first, invoice) = (parts[0].id.to_string(), parts[0].related_invoices[0].id.to_string());
    let of_loan = format!("loanId={id}");
    for (filter, expected) in [
        (String::new(), 2),
        (format!("id={first}"), 1),
        (format!("invoiceId={invoice}"), 1),
        ("fromDate=1399/03/14".into(), 1),
        ("toDate=1399/03/13".into(), 1),
        ("statusCode=INSTALLMENT_STATUS_CREATED".into(), 1),
    ] {
        let path = "/nzh/biz/getInstallmentList";
        let found = count(&world, path, "bank", &format!("{of_loan}&{filter}")).await;
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn plans_are_narrowed_by_the_names_of_s4() {
    let world = LoanWorld::start().await;
    // Of contract 8, which is the shop's, there is one plan.
    let filters = [
        ("id", "66", "61"),
        ("name", "two", "six"),
        ("active", "true", "false"),
        ("createDateFrom", "1399/03/13", "1399/03/14"),
        ("createDateTo", "1399/03/13", "1399/03/12"),
        ("creator", "10", "20"),
        ("grantorId", "1", "2"),
        ("contractId", "8", "5"),
        ("interestRate", "10", "2"),
    ];
    each_filters(&world, "/nzh/loanPlanList", "shop", &filters).await;
    assert_eq!(count(&world, "/nzh/loanPlanList", "sara", "useable=true").await, 4);
}

#[tokio::test]
async fn bills_are_narrowed_by_the_names_of_s2() {
    let utilities = Utilities::start().await;
    let water = utilities.pay("sara", WATER).await;
    let landline = utilities.pay("sara", LANDLINE).await;
    for (filter, expected) in [
        (format!("billId={}", WATER.0), water.id),
        (format!("paymentId={}", LANDLINE.1), landline.id),
        (format!("id={}", water.id), water.id),
        (format!("referenceNumber={}", landline.reference_number.unwrap()), landline.id),
    ] {
        for number in [52_043, 3_884_760] {
            assert_eq!(utilities.ids(number, &filter).await, [expected], "{number} {filter}");
        }
    }
}

#[tokio::test]
async fn what_payments_may_be_told_has_the_names_of_s0_and_s1() {
    let world = start().await;
    let credit = "delegatorId=50&delegationHash=reza-food&forceDelegation";
    let forced = format!("scProductId=29821&invoiceId=101&wallet=PODLAND_WALLET&{credit}=true");
    let ott = world.ott().await;
    let refused = world.post(&[("_token_", "sara"), ("_ott_", &ott)], &forced).await;
    assert_eq!(refused["errorCode"], 56, "1,000 of 4,360: {refused}");
    let paid = format!("scProductId=30382&invoiceId=101&wallet=DIGIPAY_WALLET&{credit}=false");
    assert_eq!(done(&world, "sara", &paid).await, true);
    assert_eq!(world.balance("delegation:reza-food").await, 0);
    assert_eq!(world.balance("wallet:40:DIGIPAY_WALLET").await, 60_000 - 3_360);

    let sms = "scProductId=29807&invoiceId=100&wallet=DIGIPAY_WALLET&delegatorId=50\
               &delegationHash=reza-today&forceDelegation=false&smsContentType=1";
    assert_eq!(done(&world, "shop", sms).await, true);
    let text = world.emulator.sms().await.unwrap().pop().unwrap().text;
    assert!(text.contains("reza-today") && !text.contains("http"), "{text}");
    let sms = "scProductId=29807&invoiceId=100&smsContentType=2\
               &redirectUri=https://shop.ir/done&callbackUri=https://shop.ir/paid";
    assert_eq!(done(&world, "shop", sms).await, true);
    let text = world.emulator.sms().await.unwrap().pop().unwrap().text;
    assert!(text.contains("shop.ir%2Fdone") && text.contains("callUri=https"), "{text}");

    let link = "scProductId=29815&invoiceId=102&gateway=LOC\
                &redirectUri=https://shop.ir/done&callbackUri=https://shop.ir/paid";
    let link = done(&world, "shop", link).await;
    let page = get(&world.emulator, link.as_str().unwrap()).await;
    assert_eq!(page.parameter("paid"), "true");
    assert!(page.location.starts_with("https://shop.ir/done?"), "{page:?}");
}

#[tokio::test]
async fn a_loan_is_asked_for_by_the_names_of_s4() {
    let world = LoanWorld::start().await;
    let fields = "invoiceId=101&contractId=5&planId=61&primaryAmount=85&assuranceNumber=A-1\
                  &breathingPeriodType=LOAN_PLAN_BREATHING_PERIOD_TYPE_MONTHLY\
                  &breathingPeriodCount=3";
    let answer = world.post_to("/nzh/payInvoiceByLoan", "shop", fields).await;
    let loan = &answer["result"];
    assert_eq!((&loan["plan"]["id"], &loan["primaryAmount"]), (&json!(61), &json!(85)));
    assert_eq!(loan["assuranceNumber"], "A-1");
    assert_eq!(loan["breathingPeriodType"], "LOAN_PLAN_BREATHING_PERIOD_TYPE_MONTHLY");
    assert_eq!(loan["breathingPeriodCount"], 3);

    for (field, value) in [
        ("userId", "40"),
        ("cellphoneNumber", "09120000040"),
        ("nationalCode", "0012345679"),
        ("username", "sara.40"),
    ] {
        let world = LoanWorld::start().await;
        let path = "/nzh/biz/removePermittedUserFromLoanContract";
        let fields = format!("contractId=5&{field}={value}");
        let removed = world.post_to(path, "bank", &fields).await;
        assert_eq!(removed["result"], true, "{field}: {removed}");
        let left = count(&world, "/nzh/loanPlanList", "sara", "contractId=5").await;
        assert_eq!(left, 0, "{field}");
    }
}

#[tokio::test]
async fn what_becomes_of_an_invoice_has_the_names_of_s0() {
    let world = World::start().await;
    let net = "scProductId=29800&creditorInvoiceId=100&debtorInvoiceId=200";
    assert_eq!(done(&world, "shop", net).await, true);
    let promise = "scProductId=29802&invoiceId=204&date=1399/04/01&wallet=PODLAND_WALLET";
    assert_eq!(done(&world, "shop", promise).await, true);
    assert!(world.call("sara", &pay(301)).await.unwrap());
    let invoice = |token: &'static str, id: u64| {
        let world = &world;
        async move {
            done(world, token, &format!("scProductId=29813&offset=0&size=1&id={id}")).await[0]
                .clone()
        }
    };
    let creditor = invoice("shop", 100).await;
    assert_eq!((&creditor["willBePaid"], &creditor["payed"]), (&json!(true), &json!(true)));
    let debtor = invoice("baker", 200).await;
    assert_eq!((&debtor["willBeBlocked"], &debtor["payed"]), (&json!(true), &json!(true)));
    assert_eq!(debtor["withdrawable"], false);
    let promised = invoice("baker", 204).await;
    // The beginning of that day in Tehran.
    assert_eq!(promised["willBePaidAt"], 1_592_681_400_000_u64);
    let unverified = invoice("mill", 301).await;
    assert_eq!(
        (&unverified["verificationNeeded"], &unverified["payed"]),
        (&json!(true), &json!(false))
    );
}
