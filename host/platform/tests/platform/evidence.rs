//! How a doubt about a mutation is looked into: which read is asked, and what POD's answer to it
//! proves.

use pod_platform::{
    Answer, Attempt, Before, Effect, EffectClass, Evidence, Instant, MARK_PREFIX, Prior, Proof,
    Request, Rial, Row, Service, ServiceVisitor, Sighting, TokenKind,
    bills::{CancelBillRequest, IssueBillInvoiceRequest, PayBillRequest},
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, IssueInvoiceRequest, ReduceInvoiceRequest,
        VerifyAndCloseInvoiceRequest, VerifyInvoiceRequest,
    },
    loans::{PayInvoiceByLoanRequest, UpdateLoanByPlanRequest},
    payments::{
        PayAnyInvoiceByCreditRequest, PayInvoiceByCreditRequest, PayInvoiceByInvoiceRequest,
        PayInvoiceByPosRequest, PayInvoiceInFutureRequest, PayInvoiceRequest,
        SendInvoicePaymentSMSRequest, VerifyPaymentSMSRequest,
    },
    visit_services,
};
use serde_json::{Value, json};

/// 1399/03/13 10:00:00 in Tehran.
const SINCE: u64 = 1_591_075_800_000;
const MINUTE: u64 = 60_000;
/// The account: business 3, billed as user 7.
const US: Attempt<'_> = Attempt {
    user: Some(7),
    business: Some(3),
    since: Instant(SINCE),
    until: None,
    now: Instant(SINCE + MINUTE),
    before: Some(&OPEN),
};
/// What it asks for was not so before, and could be.
const OPEN: Before =
    Before { prior: Prior::Open, shows: String::new(), stamp: String::new(), known: Vec::new() };
/// Nobody has told whom the account acts for.
const UNKNOWN: Attempt<'_> = Attempt { user: None, business: None, ..US };
/// An hour later, when an unverified payment may have gone back.
const LATE: Attempt<'_> = Attempt { now: Instant(SINCE + 55 * MINUTE), ..US };
/// The host stopped after the intent. What is looked at a minute later may be of another.
const RESUMED: Attempt<'_> = Attempt { until: Some(Instant(SINCE + 10_000)), ..US };
/// Nothing was read before.
const BLIND: Attempt<'_> = Attempt { before: None, ..US };

const NOT_SEEN: Proof = Proof::NotSeen { may_have_gone_back: false };
const UNDECIDED: Proof = Proof::NotSeen { may_have_gone_back: true };

fn evidence(row: &Row) -> Evidence {
    match row.effect {
        Effect::Mutation { evidence, .. } => evidence,
        Effect::Read => panic!("{} is a read", row.name),
    }
}

/// What lists of these things, as POD writes them, prove of a request: an answer to each question.
fn weigh_all<S: Service>(request: &S, lists: &[&[Value]], attempt: Attempt<'_>) -> Sighting {
    let request = request.prepare().unwrap();
    let evidence = evidence(request.row);
    let answers = answers(evidence, &request, lists);
    let sighting = evidence.weigh(&request.form, &answers, attempt);
    assert!(!sighting.shows.is_empty());
    if let Proof::Happened(result) = &sighting.proof {
        let text = std::str::from_utf8(result).unwrap();
        (request.read)(1, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    sighting
}

fn answers(evidence: Evidence, request: &Request, lists: &[&[Value]]) -> Vec<Option<Answer>> {
    let questions = evidence.questions(&request.form);
    let answer = |(question, list): (Request, &&[Value])| {
        let result = Value::from(*list).to_string();
        let count = list.len() as u64;
        let value = (question.read)(count, &result).unwrap();
        let reference_number = "77001".into();
        let assumed = Vec::new();
        Some(Answer { reference_number, count, result: result.into(), value, assumed })
    };
    questions.into_iter().zip(lists).map(answer).collect()
}

/// What they show before it.
fn before<S: Service>(request: &S, lists: &[&[Value]]) -> Before {
    let request = request.prepare().unwrap();
    let evidence = evidence(request.row);
    let answers = answers(evidence, &request, lists);
    evidence.before(&request.form, &answers, Some(3)).unwrap()
}

/// Of a request with one question.
fn weigh<S: Service>(request: &S, list: &[Value], attempt: Attempt<'_>) -> Sighting {
    weigh_all(request, &[list], attempt)
}

fn proof<S: Service>(request: &S, list: &[Value], attempt: Attempt<'_>) -> Proof {
    weigh(request, list, attempt).proof
}

fn happened<S: Service>(request: &S, list: &[Value], attempt: Attempt<'_>) -> Value {
    match weigh(request, list, attempt) {
        Sighting { proof: Proof::Happened(result), .. } => serde_json::from_slice(&result).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Invoice 501 of business 3 for user 40, with amounts as POD writes them, and what differs.
fn invoice(changes: Value) -> Value {
    let mut invoice = json!({
        "id": 501, "totalAmount": 10_000.0, "payableAmount": 10_900.0, "vat": 900.0,
        "paymentDate": 0, "payed": false, "canceled": false, "closed": false,
        "verificationNeeded": false, "verificationDate": 0, "waiting": false, "edited": false,
        "business": {"id": 3, "name": "shop"}, "issuerSrv": {"id": 7, "name": "shop"},
        "userSrv": {"id": 40, "name": "Sara"},
        "invoiceItemSrvs": [
            {"id": 501_001, "amount": 4_000.0, "quantity": 1.0, "description": "bread"},
            {"id": 501_002, "amount": 3_000.0, "quantity": 2.0, "description": "tea"},
        ],
    });
    for (field, value) in changes.as_object().unwrap() {
        invoice[field] = value.clone();
    }
    invoice
}

/// The same, paid a second after the intent.
fn paid(changes: Value) -> Value {
    let mut invoice = invoice(json!({"payed": true, "paymentDate": SINCE + 1_000}));
    for (field, value) in changes.as_object().unwrap() {
        invoice[field] = value.clone();
    }
    invoice
}

#[derive(Default)]
struct Rows(Vec<&'static Row>);

impl ServiceVisitor for Rows {
    fn visit<S: Service>(&mut self) {
        self.0.push(S::ROW);
    }
}

#[test]
fn a_class_promises_what_its_evidence_holds() {
    let mut rows = Rows::default();
    visit_services(&mut rows);
    let mut mutations = 0;
    for row in rows.0 {
        let Effect::Mutation { class, evidence, .. } = row.effect else { continue };
        mutations += 1;
        match class {
            EffectClass::NoEvidence => assert_eq!(evidence, Evidence::Hidden, "{}", row.name),
            EffectClass::Idempotent => assert!(
                matches!(evidence, Evidence::ByRepeat | Evidence::BillInvoiced),
                "{}",
                row.name
            ),
            EffectClass::SelfFencing | EffectClass::MarkedByUs | EffectClass::Readable => {
                let is_read = !matches!(evidence, Evidence::ByRepeat | Evidence::Hidden);
                assert!(is_read, "{}: {evidence:?}", row.name);
            }
        }
    }
    assert_eq!(mutations, 23);
}

/// A row that forgot it would be sent up to three times, without an intent.
#[test]
fn m7_what_a_name_says_to_change_something_is_no_read() {
    const VERBS: [&str; 10] = [
        "cancel", "close", "issue", "pay", "reduce", "remove", "send", "update", "upload", "verify",
    ];
    let mut rows = Rows::default();
    visit_services(&mut rows);
    for row in rows.0 {
        let changes = VERBS.iter().any(|verb| row.name.starts_with(verb));
        assert_eq!(row.effect != Effect::Read, changes, "{}", row.name);
    }
}

/// The question of a request, which must be a read that the same token can call.
fn question<S: Service>(request: &S) -> Request {
    let request = request.prepare().unwrap();
    let evidence = evidence(request.row);
    let question = evidence.questions(&request.form).remove(0);
    assert_eq!(question.row.effect, Effect::Read);
    assert!(!question.row.needs_ott);
    let token = question.row.token;
    assert!(token == TokenKind::Any || token == request.row.token, "{}", request.row.name);
    let reads = evidence.attribution().reads;
    assert!(reads.contains(question.row.name), "{reads}: {}", question.row.name);
    question
}

#[test]
fn every_question_is_a_read_by_what_the_call_names() {
    let by = |question: Request, field: &str, value: &str| {
        assert_eq!(question.form.get(field), Some(value), "{question:?}");
    };
    by(question(&any()), "id", "501");
    by(question(&own()), "id", "501");
    by(question(&sms()), "id", "501");
    by(question(&PayInvoiceRequest { invoice_id: 501 }), "id", "501");
    by(question(&pos()), "id", "501");
    by(question(&netting()), "id", "501");
    by(question(&future()), "id", "501");
    by(question(&VerifyInvoiceRequest { id: Some(501), bill_number: None }), "id", "501");
    by(
        question(&VerifyInvoiceRequest { id: None, bill_number: Some("a-1".into()) }),
        "billNumber",
        "a-1",
    );
    by(question(&VerifyAndCloseInvoiceRequest { id: 501 }), "id", "501");
    by(question(&CloseInvoiceRequest { id: 501 }), "id", "501");
    by(question(&CancelInvoiceRequest { id: 501 }), "id", "501");
    by(question(&reduce()), "id", "501");
    by(question(&issue("podhost-1-2")), "billNumber", "podhost-1-2");
    by(question(&bill()), "billId", "7748317800142");
    by(question(&bill()), "paymentId", "1770160");
    by(question(&bill_invoice()), "billId", "7748317800142");
    by(question(&bill_invoice()), "paymentId", "1770160");
    by(question(&CancelBillRequest { id: 9 }), "id", "9");
    by(question(&loan()), "subjectInvoiceId", "501");
    by(question(&UpdateLoanByPlanRequest { loan_id: 5, plan_id: 2 }), "id", "5");

    let sms = SendInvoicePaymentSMSRequest { invoice_id: 501, ..Default::default() };
    let sms = sms.prepare().unwrap();
    assert!(evidence(sms.row).questions(&sms.form).is_empty());
    let unnumbered = IssueInvoiceRequest { bill_number: None, ..issue("") }.prepare().unwrap();
    assert!(Evidence::Marked.questions(&unnumbered.form).is_empty());
}

fn bill_invoice() -> IssueBillInvoiceRequest {
    IssueBillInvoiceRequest { bill_id: "7748317800142".into(), payment_id: "1770160".into() }
}

/// POD answers the same invoice to whoever asks, and has the bill in the list of who asked first.
#[test]
fn an_answered_invoice_of_a_bill_was_made_by_who_asked_first() {
    let request = bill_invoice().prepare().unwrap();
    let evidence = evidence(request.row);
    let waits = json!({"id": 5, "billId": "7748317800142", "paymentId": "1770160", "price": 1770000,
        "status": "SERVICE_BILL_ISSUE_INVOICE", "invoiceId": 501});
    let canceled = json!({"id": 4, "billId": "7748317800142", "paymentId": "1770160",
        "price": 1770000, "status": "SERVICE_BILL_CANCELED", "invoiceId": 400});
    let paid = json!({"id": 5, "billId": "7748317800142", "paymentId": "1770160", "price": 1770000,
        "status": "SERVICE_BILL_ACCEPTED", "invoiceId": 501});
    let before = |bills: &[Value]| {
        evidence.before(&request.form, &answers(evidence, &request, &[bills]), None).unwrap()
    };
    assert_eq!(before(&[]).prior, Prior::Open);
    assert_eq!(before(std::slice::from_ref(&canceled)).prior, Prior::Open);
    assert_eq!(before(std::slice::from_ref(&waits)).prior, Prior::AlreadySo);
    assert_eq!(before(&[paid]).prior, Prior::Barred);

    let answered = |user: Value| -> Box<dyn std::any::Any + Send> {
        let invoice = invoice(json!({"userSrv": user})).to_string();
        (request.read)(1, &invoice).unwrap()
    };
    let (ours, anothers) = (answered(json!({"id": 7})), answered(json!({"id": 8})));
    let untold = answered(json!(null));
    let (open, already) = (before(&[canceled]), before(std::slice::from_ref(&waits)));
    let was_there = |before, answer: &Box<dyn std::any::Any + Send>, user, after| {
        evidence.was_there(before, &**answer, user, after)
    };
    assert_eq!(was_there(&open, &ours, Some(7), None), Some(false));
    assert_eq!(was_there(&already, &ours, Some(7), None), Some(true));
    assert_eq!(was_there(&open, &anothers, Some(7), None), Some(true));
    for (answer, user) in [(&ours, None), (&untold, Some(7)), (&untold, None)] {
        assert_eq!(was_there(&open, answer, user, None), None);
        assert_eq!(was_there(&open, answer, user, Some(&already)), Some(false));
        // Another asked first, or paid it since.
        assert_eq!(was_there(&open, answer, user, Some(&open)), None);
    }
}

fn any() -> PayAnyInvoiceByCreditRequest {
    let wallet = "PODLAND_WALLET".into();
    PayAnyInvoiceByCreditRequest { invoice_id: 501, wallet, ..Default::default() }
}

fn own() -> PayInvoiceByCreditRequest {
    PayInvoiceByCreditRequest { invoice_id: 501, ..Default::default() }
}

fn sms() -> VerifyPaymentSMSRequest {
    VerifyPaymentSMSRequest { invoice_id: 501, code: "12345".into() }
}

fn pos() -> PayInvoiceByPosRequest {
    PayInvoiceByPosRequest {
        invoice_id: 501,
        terminal_number: "0021".into(),
        merchant_code: "M".into(),
        reference_number: "900".into(),
        tracking_number: "1".into(),
        transaction_date: "1399/03/13 09:59:00".parse().unwrap(),
        wallet: None,
    }
}

fn netting() -> PayInvoiceByInvoiceRequest {
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 501, debtor_invoice_id: 601 }
}

fn future() -> PayInvoiceInFutureRequest {
    PayInvoiceInFutureRequest {
        invoice_id: 501,
        date: "1399/04/01".parse().unwrap(),
        guild_code: None,
        wallet: Some("PODLAND_WALLET".into()),
    }
}

fn reduce() -> ReduceInvoiceRequest {
    ReduceInvoiceRequest {
        id: 501,
        invoice_item_id: vec![501_002, 501_003],
        price: vec![Rial(3_000), Rial(1)],
        quantity: vec![2.0, 0.0],
        item_description: vec!["tea".into(), "gone".into()],
        preferred_tax_rate: None,
    }
}

fn issue(number: &str) -> IssueInvoiceRequest {
    IssueInvoiceRequest {
        guild_code: "FOOD_GUILD".into(),
        product_id: vec![0, 0],
        price: vec![Some(Rial(3_000)), Some(Rial(4_000))],
        quantity: vec![2.0, 1.0],
        product_description: vec!["tea".into(), "bread".into()],
        user_id: Some(40),
        bill_number: Some(number.into()),
        ..Default::default()
    }
}

fn bill() -> PayBillRequest {
    PayBillRequest { bill_id: "7748317800142".into(), payment_id: "1770160".into() }
}

fn loan() -> PayInvoiceByLoanRequest {
    PayInvoiceByLoanRequest {
        invoice_id: 501,
        contract_id: 4,
        assurance_number: Some("A-1".into()),
        ..Default::default()
    }
}

#[test]
fn paid_by_the_account() {
    let user = |id: u64| json!({"id": id});
    let by_us = paid(json!({"payer": user(7)}));
    assert_eq!(happened(&any(), std::slice::from_ref(&by_us), US), true);
    assert_eq!(
        weigh(&any(), &[by_us], US).shows,
        "invoice 501: payed, userSrv 40, payer 7, paymentDate 1399/03/13 10:00:01"
    );
    let by_call = json!({"payer": user(7), "paymentToolCode": "PAYMENT_TOOL_CREDIT"});
    assert_eq!(happened(&any(), &[paid(by_call)], US), true);
    for (changes, expected) in [
        (json!({"payed": false, "paymentDate": 0}), NOT_SEEN),
        (json!({"payer": user(40)}), Proof::ByAnother),
        // It was open just before the call: whatever its date, it was paid since.
        (json!({"payer": user(7), "paymentDate": 1}), Proof::Happened("true".into())),
        // It waits for its verification; somebody else's payment may go back.
        (
            json!({"payer": user(7), "payed": false, "verificationNeeded": true}),
            Proof::Happened("true".into()),
        ),
        (json!({"payer": user(40), "payed": false, "verificationNeeded": true}), NOT_SEEN),
        (
            json!({"payer": user(40), "verificationNeeded": true, "verificationDate": SINCE}),
            Proof::ByAnother,
        ),
        // The account netted it, or paid it by card: not by this call.
        (json!({"payer": user(7), "willBeBlocked": true}), Proof::ByAnother),
        (json!({"payer": user(7), "maskedCardNumber": "6037-99**-****-1234"}), Proof::ByAnother),
        // Its user may have paid at the gateway, or out of another wallet.
        (json!({"payer": user(7), "paymentToolCode": "PAYMENT_TOOL_ONLINE_CREDIT"}), UNDECIDED),
        (json!({"payer": user(7), "wallet": "OTHER_WALLET"}), UNDECIDED),
        // Cancelled since: it had been paid, or nobody knows.
        (
            json!({"payer": user(7), "payed": false, "canceled": true, "cancelDate": SINCE + 2}),
            Proof::Happened("true".into()),
        ),
        (
            json!({"payed": false, "paymentDate": 0, "canceled": true, "cancelDate": SINCE + 2}),
            UNDECIDED,
        ),
        (
            json!({"payed": false, "paymentDate": 0, "canceled": true, "cancelDate": 1_000}),
            NOT_SEEN,
        ),
        // POD shows no payer: anybody.
        (json!({}), UNDECIDED),
        (json!({"userSrv": user(7)}), UNDECIDED),
    ] {
        assert_eq!(proof(&any(), &[paid(changes.clone())], US), expected, "{changes}");
    }
}

#[test]
fn what_is_looked_at_late_has_to_be_dated() {
    let at = |at: u64| paid(json!({"payer": {"id": 7}, "paymentDate": at}));
    happened(&any(), &[at(SINCE + 1_000)], RESUMED);
    happened(&any(), &[at(SINCE + 15_000)], RESUMED);
    assert_eq!(proof(&any(), &[at(SINCE + 15_001)], RESUMED), UNDECIDED, "somebody else had time");
    let in_time = Attempt { now: Instant(SINCE + 15_000), ..RESUMED };
    happened(&any(), &[at(SINCE + 20_000)], in_time);
    // POD does not say when an invoice was closed, or reduced, or a loan got its plan.
    let close = CloseInvoiceRequest { id: 501 };
    let closed = paid(json!({"closed": true}));
    assert_eq!(happened(&close, std::slice::from_ref(&closed), in_time), true);
    assert_eq!(proof(&close, &[closed], RESUMED), UNDECIDED);
    // Nothing was read before: only a date says that it came after.
    happened(&any(), &[at(SINCE - 5_000)], BLIND);
    assert_eq!(proof(&any(), &[at(SINCE - 5_001)], BLIND), UNDECIDED);
    assert_eq!(proof(&close, &[paid(json!({"closed": true}))], BLIND), UNDECIDED);
}

/// What is so before a call is not its doing, whatever shows afterwards.
#[test]
fn what_was_so_before_is_never_claimed() {
    fn is_so<S: Service>(request: &S, lists: &[&[Value]], later: &[&[Value]]) {
        let before = before(request, lists);
        assert_eq!(before.prior, Prior::AlreadySo, "{before:?}");
        let attempt = Attempt { before: Some(&before), ..US };
        let sighting = weigh_all(request, lists, attempt);
        assert_eq!(sighting.proof, Proof::ByAnother, "{sighting:?}");
        assert!(sighting.shows.contains("so before this call"), "{sighting:?}");
        // It changed: maybe it went back and was done again.
        assert_eq!(weigh_all(request, later, attempt).proof, UNDECIDED);
    }
    let ours = |at: u64| paid(json!({"payer": {"id": 7}, "paymentDate": at}));
    let (then, again) = ([ours(1)], [ours(SINCE + 1)]);
    is_so(&any(), &[&then], &[&again]);
    is_so(&own(), &[&then], &[&again]);
    is_so(&sms(), &[&then], &[&again]);
    is_so(&pos(), &[&then], &[&again]);
    is_so(&PayInvoiceRequest { invoice_id: 501 }, &[&then], &[&again]);
    let invoice_601 = |changes: Value| {
        let mut invoice = paid(changes);
        invoice["id"] = 601.into();
        invoice
    };
    let linked = [paid(json!({"willBePaid": true, "willBlockedFor": 601}))];
    let netted = |at: u64| [invoice_601(json!({"willBeBlocked": true, "paymentDate": at}))];
    is_so(&netting(), &[&linked, &netted(1)], &[&linked, &netted(SINCE + 1)]);
    let day = |at: u64| [invoice(json!({"willBePaidAt": at}))];
    is_so(&future(), &[&day(1_592_681_400_000)], &[&day(1_592_681_400_001)]);
    let verified = |at: u64| [paid(json!({"verificationNeeded": true, "verificationDate": at}))];
    let verify = VerifyInvoiceRequest { id: Some(501), bill_number: None };
    is_so(&verify, &[&verified(1)], &[&verified(SINCE)]);
    let canceled = |at: u64| [invoice(json!({"canceled": true, "cancelDate": at}))];
    is_so(&CancelInvoiceRequest { id: 501 }, &[&canceled(1)], &[&canceled(SINCE)]);
    let closed = [paid(json!({"closed": true}))];
    is_so(&CloseInvoiceRequest { id: 501 }, &[&closed], &[&[paid(json!({}))]]);
    let canceled_bill = |at: u64| [service_bill(9, "SERVICE_BILL_CANCELED", at)];
    is_so(&CancelBillRequest { id: 9 }, &[&canceled_bill(1)], &[&canceled_bill(SINCE)]);
    let bills = |ids: &[u64]| -> Vec<Value> {
        ids.iter().map(|id| service_bill(*id, "SERVICE_BILL_ACCEPTED", 0)).collect()
    };
    is_so(&bill(), &[&bills(&[9])], &[&bills(&[9, 10])]);
    let replan = UpdateLoanByPlanRequest { loan_id: 5, plan_id: 2 };
    is_so(&replan, &[&[shown_loan("LOAN_STATUS_CREATED", 4, 1)]], &[&[]]);
    let numbered = |id: u64| {
        let mut invoice = invoice(json!({"billNumber": "a-1"}));
        invoice["id"] = id.into();
        [invoice]
    };
    is_so(&issue("a-1"), &[&numbered(501)], &[&numbered(502)]);
}

/// What bars a call may have been lifted since, by somebody: then nobody can tell.
#[test]
fn what_was_barred_is_not_claimed() {
    let barred = before(&any(), &[&[invoice(json!({"waiting": true}))]]);
    assert_eq!(barred.prior, Prior::Barred);
    let attempt = Attempt { before: Some(&barred), ..US };
    assert_eq!(proof(&any(), &[paid(json!({"payer": {"id": 7}}))], attempt), UNDECIDED);
    assert_eq!(proof(&any(), &[invoice(json!({"waiting": true}))], attempt), NOT_SEEN);
    assert_eq!(before(&any(), &[&[invoice(json!({}))]]).prior, Prior::Open);
    assert_eq!(before(&any(), &[&[]]).prior, Prior::Unseen);
}

/// POD says `waiting` of a payment that awaits its verification, too. That one can be taken back.
#[test]
fn p11_an_unverified_payment_bars_another_one_and_no_cancellation() {
    let cancel = CancelInvoiceRequest { id: 501 };
    let unverified = json!({"verificationNeeded": true, "paymentDate": SINCE, "waiting": true});
    assert_eq!(before(&any(), &[&[invoice(unverified.clone())]]).prior, Prior::AlreadySo);
    assert_eq!(before(&cancel, &[&[invoice(unverified)]]).prior, Prior::Open);
    let at_gateway = json!({"verificationNeeded": true, "waiting": true});
    assert_eq!(before(&cancel, &[&[invoice(at_gateway)]]).prior, Prior::Barred);
}

#[test]
fn a_payment_that_waits_for_its_verification_goes_back_after_an_hour() {
    let three_step =
        |verified: u64| invoice(json!({"verificationNeeded": true, "verificationDate": verified}));
    assert_eq!(proof(&any(), &[three_step(0)], US), NOT_SEEN);
    assert_eq!(proof(&any(), &[three_step(0)], LATE), UNDECIDED);
    assert_eq!(proof(&any(), &[invoice(json!({}))], LATE), NOT_SEEN, "no verification needed");
    // What lingers of such a payment is no payment.
    let lingers = paid(json!({"payed": false, "verificationNeeded": true, "payer": {"id": 7}}));
    assert_eq!(proof(&any(), std::slice::from_ref(&lingers), LATE), UNDECIDED);
    let early = Attempt { now: Instant(LATE.now.0 - 1), ..LATE };
    assert_eq!(proof(&any(), &[lingers], early), Proof::Happened("true".into()));
    assert_eq!(proof(&own(), &[three_step(0)], LATE), UNDECIDED);
    assert_eq!(proof(&sms(), &[three_step(0)], LATE), UNDECIDED);
    assert_eq!(proof(&pos(), &[three_step(0)], LATE), UNDECIDED);
    assert_eq!(proof(&future(), &[three_step(0)], LATE), UNDECIDED);
    let mut debt = three_step(0);
    debt["id"] = 601.into();
    assert_eq!(weigh_all(&netting(), &[&[paid(json!({}))], &[debt]], LATE).proof, UNDECIDED);
}

#[test]
fn whom_an_account_acts_for_may_be_unknown() {
    let by = |payer: u64| [paid(json!({"payer": {"id": payer}}))];
    assert_eq!(proof(&any(), &by(7), UNKNOWN), UNDECIDED);
    let business = Attempt { business: Some(3), ..UNKNOWN };
    assert_eq!(proof(&any(), &by(7), business), Proof::Happened("true".into()), "its issuer");
    assert_eq!(proof(&any(), &by(40), business), Proof::ByAnother);
    let debtor = Attempt { business: Some(4), ..UNKNOWN };
    assert_eq!(proof(&any(), &by(40), debtor), Proof::Happened("true".into()), "its user");
    // Only the invoice's own user can pay so.
    assert_eq!(proof(&own(), &by(40), UNKNOWN), Proof::Happened("true".into()));
    assert_eq!(proof(&own(), &by(7), UNKNOWN), Proof::ByAnother);
    assert!(weigh(&any(), &by(7), UNKNOWN).shows.ends_with("cannot be told"));
}

#[test]
fn what_the_account_does_not_see() {
    // Of somebody else's invoice, its payer sees nothing.
    assert_eq!(proof(&any(), &[], US), UNDECIDED);
    assert_eq!(proof(&own(), &[], US), NOT_SEEN);
    assert_eq!(weigh_all(&netting(), &[&[], &[]], US).proof, NOT_SEEN);
    assert_eq!(proof(&bill(), &[], US), NOT_SEEN);
    assert_eq!(proof(&issue("podhost-1"), &[], US), NOT_SEEN);
    // Not seen is not the same as not there: lists of loans leave some out.
    assert_eq!(weigh_all(&loan(), &[&[], &[]], US).proof, UNDECIDED);
    // A server that ignores the filter proves nothing.
    let other = paid(json!({"id": 502, "payer": {"id": 7}}));
    assert_eq!(proof(&own(), &[other], US), NOT_SEEN);
    assert_eq!(weigh(&own(), &[], US).shows, "invoice 501: this account sees none");
}

/// A user who pays by a call of his own leaves the same traces as the code that he got.
#[test]
fn paid_by_the_invoices_user() {
    assert_eq!(proof(&sms(), &[paid(json!({"payer": {"id": 40}}))], UNKNOWN), UNDECIDED);
    assert_eq!(proof(&sms(), &[paid(json!({"payer": {"id": 7}}))], US), Proof::ByAnother);
    assert_eq!(proof(&sms(), &[invoice(json!({}))], US), NOT_SEEN);
}

#[test]
fn paid_outside_pod() {
    let request = PayInvoiceRequest { invoice_id: 501 };
    let mark = paid(json!({}));
    assert_eq!(happened(&request, &[mark], US), true);
    for (changes, expected) in [
        (json!({"payer": {"id": 40}}), UNDECIDED),
        (json!({"paymentToolCode": "PAYMENT_TOOL_CREDIT"}), Proof::ByAnother),
        (json!({"maskedCardNumber": "6037-99**-****-1234"}), Proof::ByAnother),
        (json!({"willBeBlocked": true}), Proof::ByAnother),
        (json!({"delegationAmount": 10.0}), Proof::ByAnother),
        (json!({"payed": false, "paymentDate": 0}), NOT_SEEN),
        (
            json!({
                "paymentToolCode": "PAYMENT_TOOL_CREDIT", "payed": false,
                "verificationNeeded": true,
            }),
            NOT_SEEN,
        ),
    ] {
        assert_eq!(proof(&request, &[paid(changes.clone())], US), expected, "{changes}");
    }
}

#[test]
fn paid_at_a_terminal() {
    for (changes, expected) in [
        (json!({"transactionReferenceId": "900"}), Proof::Happened("true".into())),
        (json!({"terminalNumber": "21", "referenceNumber": "77"}), Proof::Happened("true".into())),
        (json!({"referenceNumber": "000900"}), Proof::Happened("true".into())),
        (json!({"terminalNumber": "21", "transactionReferenceId": "901"}), Proof::ByAnother),
        (json!({"terminalNumber": "22"}), Proof::ByAnother),
        (json!({"paymentToolCode": "PAYMENT_TOOL_CREDIT"}), Proof::ByAnother),
        (json!({}), UNDECIDED),
        (json!({"payed": false, "paymentDate": 0}), NOT_SEEN),
    ] {
        assert_eq!(proof(&pos(), &[paid(changes.clone())], US), expected, "{changes}");
    }
}

/// Both sides of a netting are looked at: the creditor invoice and the debt.
#[test]
fn earmarked_for_the_debt() {
    let netted = json!({"willBeBlocked": true});
    let linked = json!({"willBePaid": true, "willBlockedFor": 601});
    // The debt was a loan's down payment: the link goes on to what the loan pays.
    let moved_on = json!({"willBePaid": true, "willBlockedFor": 500});
    let proof = |creditor: &Value, debt: &Value, attempt: Attempt<'_>| {
        let mut debt = paid(debt.clone());
        debt["id"] = 601.into();
        weigh_all(&netting(), &[&[paid(creditor.clone())], &[debt]], attempt).proof
    };
    let happened = Proof::Happened("true".into());
    assert_eq!(proof(&linked, &netted, US), happened);
    assert_eq!(proof(&moved_on, &netted, US), happened);
    assert_eq!(proof(&json!({"willBePaid": true}), &netted, US), happened);
    assert_eq!(proof(&linked, &netted, BLIND), happened);
    assert_eq!(proof(&moved_on, &netted, BLIND), UNDECIDED);
    // Netted out of another invoice, or paid otherwise.
    assert_eq!(proof(&json!({}), &netted, US), Proof::ByAnother);
    assert_eq!(proof(&moved_on, &json!({"payer": {"id": 7}}), US), Proof::ByAnother);
    let open = json!({"payed": false, "paymentDate": 0});
    assert_eq!(proof(&moved_on, &open, US), Proof::ByAnother);
    assert_eq!(proof(&json!({}), &open, US), NOT_SEEN);
}

#[test]
fn guaranteed_for_the_day() {
    // 1399/04/01 00:00:00 in Tehran.
    let day = 1_592_681_400_000_u64;
    let ours = json!({"id": 7});
    for (changes, expected) in [
        (json!({"willBePaidAt": day}), Proof::Happened("true".into())),
        (json!({"willBePaidAt": day - 1}), Proof::ByAnother),
        (json!({}), NOT_SEEN),
        // The day has passed: paid by the guarantee, or before it by whomever.
        (json!({"payed": true, "paymentDate": day, "payer": ours}), UNDECIDED),
        (json!({"payed": true, "paymentDate": day - 1, "payer": ours}), Proof::ByAnother),
        (json!({"canceled": true, "cancelDate": SINCE + 1}), UNDECIDED),
    ] {
        assert_eq!(proof(&future(), &[invoice(changes.clone())], US), expected, "{changes}");
    }
    let guaranteed = invoice(json!({"willBePaidAt": day}));
    assert_eq!(proof(&future(), &[guaranteed], RESUMED), UNDECIDED, "it is not dated");
}

#[test]
fn verified_closed_canceled() {
    let verify = VerifyInvoiceRequest { id: Some(501), bill_number: None };
    let both = VerifyAndCloseInvoiceRequest { id: 501 };
    let verified = paid(json!({"verificationNeeded": true, "verificationDate": SINCE}));
    assert_eq!(happened(&verify, std::slice::from_ref(&verified), US)["id"], 501);
    assert_eq!(proof(&both, &[verified], US), UNDECIDED);
    let closed = paid(json!({"verificationDate": SINCE, "closed": true}));
    assert_eq!(happened(&both, std::slice::from_ref(&closed), US)["closed"], true);
    assert_eq!(proof(&verify, &[paid(json!({"verificationNeeded": true}))], US), NOT_SEEN);
    let close = CloseInvoiceRequest { id: 501 };
    assert_eq!(happened(&close, &[closed], US), true);
    assert_eq!(proof(&close, &[paid(json!({}))], US), NOT_SEEN);
    // Its time was over: it closed by itself.
    let timed_out = paid(json!({"closed": true, "unsafeCloseTimeOut": 60}));
    assert_eq!(proof(&close, &[timed_out], US), UNDECIDED);
    let not_yet = paid(json!({"closed": true, "unsafeCloseTimeOut": 600}));
    assert_eq!(happened(&close, &[not_yet], US), true);
    let cancel = CancelInvoiceRequest { id: 501 };
    let canceled = invoice(json!({"canceled": true, "cancelDate": SINCE}));
    assert_eq!(happened(&cancel, &[canceled], US), true);
    assert_eq!(proof(&cancel, &[invoice(json!({}))], US), NOT_SEEN);

    // By its number: a business that bills the account may use the same one.
    let verify = VerifyInvoiceRequest { id: None, bill_number: Some("a-1".into()) };
    let numbered = |id: u64, business: u64| {
        let business = json!({"id": business, "name": "shop"});
        paid(json!({
            "id": id, "business": business, "billNumber": "a-1", "verificationDate": SINCE,
        }))
    };
    assert_eq!(happened(&verify, &[numbered(502, 8), numbered(501, 3)], US)["id"], 501);
    assert_eq!(proof(&verify, &[numbered(502, 8)], US), NOT_SEEN);
}

#[test]
fn reduced_as_asked() {
    let edited = |items: Value| invoice(json!({"edited": true, "invoiceItemSrvs": items}));
    let tea = |amount: f64, quantity: f64, text: &str| json!({"id": 501_002, "amount": amount, "quantity": quantity, "description": text});
    let as_asked = edited(json!([tea(3_000.0, 2.0, "tea")]));
    assert_eq!(happened(&reduce(), &[as_asked], US)["edited"], true);
    for other in [
        invoice(json!({})),
        edited(json!([tea(2_999.0, 2.0, "tea")])),
        edited(json!([tea(3_000.0, 1.0, "tea")])),
        edited(json!([tea(3_000.0, 2.0, "green tea")])),
        edited(json!([])),
        edited(json!([tea(3_000.0, 2.0, "tea"), {"id": 501_003, "amount": 1.0, "quantity": 1.0}])),
    ] {
        assert_eq!(proof(&reduce(), std::slice::from_ref(&other), US), NOT_SEEN, "{other}");
    }
    let nothing = ReduceInvoiceRequest { id: 501, ..Default::default() };
    assert_eq!(proof(&nothing, &[edited(json!([]))], US), NOT_SEEN);
    let taxed = |rate| ReduceInvoiceRequest { preferred_tax_rate: Some(rate), ..nothing.clone() };
    happened(&taxed(0.09), &[edited(json!([]))], US);
    assert_eq!(proof(&taxed(0.08), &[edited(json!([]))], US), NOT_SEEN);
}

#[test]
fn issued_with_a_mark() {
    let numbered = |number: &str, changes: Value| {
        let mut invoice = invoice(changes);
        invoice["billNumber"] = number.into();
        invoice
    };
    let mark = format!("{MARK_PREFIX}1-2");
    let marked = numbered(&mark, json!({"userSrv": null}));
    assert_eq!(happened(&issue(&mark), &[marked], US)["billNumber"], *mark);
    let longer = numbered(&format!("{mark}3"), json!({}));
    assert_eq!(proof(&issue(&mark), &[longer], US), NOT_SEEN);
    let others = numbered(&mark, json!({"business": {"id": 8, "name": "other"}}));
    assert_eq!(proof(&issue(&mark), &[others], US), NOT_SEEN);

    // A number of the guest's own may have been there before, on another invoice.
    happened(&issue("a-1"), &[numbered("a-1", json!({}))], US);
    for changes in [json!({"userSrv": {"id": 41}}), json!({"invoiceItemSrvs": []})] {
        assert_eq!(proof(&issue("a-1"), &[numbered("a-1", changes)], US), Proof::ByAnother);
    }
    let preview = IssueInvoiceRequest { preview: Some(true), ..issue("a-1") };
    assert_eq!(proof(&preview, &[numbered("a-1", json!({}))], US), NOT_SEEN);
}

fn service_bill(id: u64, status: &str, canceled: u64) -> Value {
    json!({
        "id": id, "billId": "7748317800142", "paymentId": "1770160", "price": 17_000.0,
        "requestDate": SINCE, "status": status, "userSrv": {"id": 7}, "cancelDate": canceled,
    })
}

#[test]
fn bills() {
    let shown = |id: u64, status: &str| service_bill(id, status, 0);
    for status in [
        "SERVICE_BILL_ACCEPTED",
        "SERVICE_BILL_FILE_CONFIRMED",
        "SERVICE_BILL_SEND_FILE_FAILED",
        "SERVICE_BILL_SANTA_CONFIRMED",
    ] {
        assert_eq!(happened(&bill(), &[shown(9, status)], US)["status"], status);
        assert_eq!(happened(&bill(), &[shown(9, status)], UNKNOWN)["id"], 9);
        let theirs = Attempt { user: Some(8), ..US };
        assert_eq!(proof(&bill(), &[shown(9, status)], theirs), Proof::ByAnother);
    }
    assert_eq!(proof(&bill(), &[shown(9, "SERVICE_BILL_ISSUE_INVOICE")], US), NOT_SEEN);
    assert_eq!(proof(&bill(), &[shown(9, "SERVICE_BILL_NEW")], US), UNDECIDED);
    let canceled = shown(9, "SERVICE_BILL_CANCELED");
    assert_eq!(proof(&bill(), std::slice::from_ref(&canceled), US), UNDECIDED);
    let later = Attempt { since: Instant(SINCE + 6_000), ..US };
    assert_eq!(proof(&bill(), std::slice::from_ref(&canceled), later), NOT_SEEN);
    let again = [canceled.clone(), shown(10, "SERVICE_BILL_ACCEPTED")];
    assert_eq!(happened(&bill(), &again, US)["id"], 10);
    let mut other = shown(9, "SERVICE_BILL_ACCEPTED");
    other["paymentId"] = "12070160".into();
    assert_eq!(proof(&bill(), &[other], US), NOT_SEEN);

    let cancel = CancelBillRequest { id: 9 };
    assert_eq!(happened(&cancel, &[canceled], US)["id"], 9);
    assert_eq!(proof(&cancel, &[shown(9, "SERVICE_BILL_ACCEPTED")], US), NOT_SEEN);
    assert_eq!(proof(&cancel, &[shown(10, "SERVICE_BILL_CANCELED")], US), NOT_SEEN);
}

fn shown_loan(status: &str, contract: u64, at: u64) -> Value {
    json!({
        "id": 5, "creationDate": at, "primaryAmount": 0.0, "totalAmount": 10_900.0,
        "installments": [], "preSettlements": [], "statusCode": status, "active": false,
        "subjectInvoice": invoice(json!({})), "plan": {"id": 2, "active": true},
        "contract": {"id": contract, "active": true}, "assuranceNumber": "A-1",
    })
}

/// A lender's list and a customer's list are both asked.
#[test]
fn loans() {
    let created = "LOAN_STATUS_CREATED";
    let both = |lent: &[Value], owed: &[Value], attempt: Attempt<'_>| {
        weigh_all(&loan(), &[lent, owed], attempt).proof
    };
    let new = shown_loan(created, 4, SINCE);
    assert_eq!(happened(&loan(), std::slice::from_ref(&new), US)["id"], 5);
    assert!(matches!(both(&[], std::slice::from_ref(&new), US), Proof::Happened(_)));
    let ours = std::slice::from_ref(&new);
    assert!(matches!(both(ours, ours, US), Proof::Happened(_)));
    happened(&loan(), &[shown_loan("LOAN_STATUS_WAITING_TO_CREATE", 4, SINCE)], US);
    assert_eq!(both(&[shown_loan("LOAN_STATUS_CANCELED", 4, SINCE)], &[], US), UNDECIDED);
    assert_eq!(both(&[shown_loan(created, 4, SINCE - 6_000)], &[], BLIND), UNDECIDED);
    // Under another contract, or with a down payment: the customer may have taken it.
    assert_eq!(both(&[shown_loan(created, 6, SINCE)], &[], US), UNDECIDED);
    let mut more = new.clone();
    more["primaryAmount"] = 1.into();
    assert_eq!(both(&[more], &[], US), UNDECIDED);
    // Without a number of the call's own, it may be the customer's.
    let unnamed = PayInvoiceByLoanRequest { assurance_number: None, ..loan() };
    assert_eq!(weigh_all(&unnamed, &[ours, &[]], US).proof, UNDECIDED);
    // It was there before.
    let known = Before { known: vec![5], ..OPEN };
    assert_eq!(both(&[new], &[], Attempt { before: Some(&known), ..US }), NOT_SEEN);

    let replan = |plan_id| UpdateLoanByPlanRequest { loan_id: 5, plan_id };
    assert_eq!(happened(&replan(2), &[shown_loan(created, 4, 1)], US)["plan"]["id"], 2);
    assert_eq!(proof(&replan(3), &[shown_loan(created, 4, 1)], US), NOT_SEEN);
}

#[test]
fn m4_what_could_not_be_read_proves_nothing() {
    let by_us = paid(json!({"payer": {"id": 7}, "vat": 1.35}));
    let sighting = weigh(&any(), &[by_us], US);
    assert_eq!(sighting.shows, "invoice 501 cannot be read: POD sent vat 1.35");
    assert_eq!(sighting.proof, UNDECIDED);
    let mut accepted = service_bill(9, "SERVICE_BILL_ACCEPTED", 0);
    accepted["price"] = json!("much");
    let sighting = weigh(&bill(), &[accepted], US);
    assert_eq!(sighting.shows, r#"the payment of a bill 9 cannot be read: POD sent price "much""#);
    assert_eq!(sighting.proof, UNDECIDED);
}

#[test]
fn an_answer_to_another_question_proves_nothing() {
    let form = own().prepare().unwrap().form;
    let answer = Answer {
        reference_number: String::new(),
        count: 0,
        result: "true".into(),
        value: Box::new(true),
        assumed: Vec::new(),
    };
    assert_eq!(Evidence::PaidForItself.weigh(&form, &[Some(answer)], US).proof, UNDECIDED);
}
