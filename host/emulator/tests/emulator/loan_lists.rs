//! loanPlanList, biz/loanList, loanList and getInstallmentList.

use pod_platform::{
    Rial,
    loans::{
        BusinessLoanListRequest, ClearInstallmentTool, GetInstallmentListRequest,
        InstallmentStatus, LoanGuarantor, LoanListRequest, LoanPlanListRequest, LoanStatus,
        PayInvoiceByLoanRequest,
    },
    types::PlatformErrorKind as Kind,
};

use crate::loan_world::{LoanWorld, loan};

fn plans() -> LoanPlanListRequest {
    LoanPlanListRequest { size: 100, ..LoanPlanListRequest::default() }
}

fn all() -> BusinessLoanListRequest {
    BusinessLoanListRequest { size: 100, ..BusinessLoanListRequest::default() }
}

fn own() -> LoanListRequest {
    LoanListRequest { size: 100, ..LoanListRequest::default() }
}

async fn plan_ids(world: &LoanWorld, caller: &str, request: LoanPlanListRequest) -> Vec<u64> {
    let page = world.call(caller, &request).await.unwrap();
    page.result.iter().map(|plan| plan.id).collect()
}

async fn ids(world: &LoanWorld, caller: &str, request: BusinessLoanListRequest) -> Vec<u64> {
    let page = world.call(caller, &request).await.unwrap();
    assert!(page.count >= page.result.len() as u64);
    page.result.iter().map(|loan| loan.id).collect()
}

async fn own_ids(world: &LoanWorld, caller: &str, request: LoanListRequest) -> Vec<u64> {
    let page = world.call(caller, &request).await.unwrap();
    page.result.iter().map(|loan| loan.id).collect()
}

#[tokio::test]
async fn plans_are_seen_by_members_and_their_grantor() {
    let world = LoanWorld::start().await;
    for (caller, expected) in [
        ("sara", &[67, 66, 65, 64, 63, 62, 61][..]),
        ("reza", &[64, 63, 62, 61]),
        // The mill's business acts for the user that it is billed as.
        ("mill", &[63, 62, 61]),
        ("bank", &[67, 65, 64, 63, 62, 61]),
        ("shop", &[66]),
    ] {
        assert_eq!(plan_ids(&world, caller, plans()).await, expected, "{caller}");
    }
    let page = LoanPlanListRequest { offset: 1, size: 2, ..plans() };
    let page = world.call("reza", &page).await.unwrap();
    assert_eq!(page.count, 4);
    assert_eq!(page.result.iter().map(|plan| plan.id).collect::<Vec<_>>(), [63, 62]);
    let plan = &page.result[1];
    assert_eq!((plan.name.as_deref(), plan.interest_rate), (Some("three"), Some(0.0)));
    assert_eq!(plan.script.as_deref(), Some(r#"{"installments":3}"#));
    assert_eq!(plan.creator.as_ref().unwrap().id, 20);
    assert_eq!(plan.contract.as_ref().unwrap().id, 5);
}

#[tokio::test]
async fn every_filter_of_plans_filters() {
    let world = LoanWorld::start().await;
    let day = |text: &str| Some(text.parse().unwrap());
    for (request, expected) in [
        (LoanPlanListRequest { id: Some(64), ..plans() }, &[64][..]),
        (LoanPlanListRequest { id: Some(99), ..plans() }, &[]),
        (LoanPlanListRequest { name: Some("hre".into()), ..plans() }, &[62]),
        (LoanPlanListRequest { active: Some(false), ..plans() }, &[67, 63]),
        (
            LoanPlanListRequest { create_date_from: day("1399/03/13"), ..plans() },
            &[67, 66, 65, 64, 63, 62, 61],
        ),
        (LoanPlanListRequest { create_date_from: day("1399/03/14"), ..plans() }, &[]),
        (LoanPlanListRequest { create_date_to: day("1399/03/13"), id: Some(61), ..plans() }, &[61]),
        (LoanPlanListRequest { create_date_to: day("1399/03/12"), ..plans() }, &[]),
        (LoanPlanListRequest { creator: Some(10), ..plans() }, &[66]),
        (LoanPlanListRequest { grantor_id: Some(1), ..plans() }, &[66]),
        (LoanPlanListRequest { contract_id: Some(6), ..plans() }, &[64]),
        (LoanPlanListRequest { interest_rate: Some(2.0), ..plans() }, &[61]),
        (LoanPlanListRequest { useable: Some(true), ..plans() }, &[66, 64, 62, 61]),
        (LoanPlanListRequest { useable: Some(false), ..plans() }, &[67, 65, 63]),
    ] {
        assert_eq!(plan_ids(&world, "sara", request.clone()).await, expected, "{request:?}");
    }
    let useable = LoanPlanListRequest { useable: Some(true), ..plans() };
    // A grantor who is no member can choose none, a customer whose credit is used up neither.
    assert_eq!(plan_ids(&world, "bank", useable.clone()).await, [0; 0]);
    assert_eq!(plan_ids(&world, "reza", useable.clone()).await, [64, 62, 61]);
    world.call("shop", &loan(105, 5, 61, 0)).await.unwrap();
    assert_eq!(plan_ids(&world, "reza", useable.clone()).await, [64, 62, 61]);
    world.call("shop", &loan(106, 5, 61, 1_000)).await.unwrap();
    assert_eq!(plan_ids(&world, "reza", useable).await, [64]);
}

/// Loan 1: Sara's, paid back. 2: Reza's, under a guarantor's contract, whose first instalment waits
/// for the bank. 3: Sara's, asked for without a plan, and not answered. 4: the mill's, pending.
async fn four_loans() -> LoanWorld {
    let world = LoanWorld::start().await;
    let request =
        PayInvoiceByLoanRequest { assurance_number: Some("A-1".into()), ..loan(101, 5, 62, 7_000) };
    world.taken("sara", &request).await;
    world.set_clock("1399/06/01 10:00:00");
    let asked = PayInvoiceByLoanRequest { plan_id: None, ..loan(102, 5, 0, 0) };
    world.helped(&loan(105, 6, 64, 1_000)).await;
    world.call("shop", &asked).await.unwrap();
    world.set_clock("1399/06/02 10:00:00");
    world.call("mill", &loan(107, 5, 61, 500)).await.unwrap();
    world
}

#[tokio::test]
async fn loans_are_seen_by_shop_grantor_and_customer() {
    let world = four_loans().await;
    assert_eq!(ids(&world, "shop", all()).await, [4, 3, 2, 1]);
    assert_eq!(ids(&world, "bank", all()).await, [4, 3, 2, 1]);
    assert_eq!(ids(&world, "mill", all()).await, [0; 0]);
    assert_eq!(own_ids(&world, "sara", own()).await, [3, 1]);
    assert_eq!(own_ids(&world, "mill", own()).await, [4]);
    assert_eq!(own_ids(&world, "shop", own()).await, [0; 0]);
    assert_eq!(world.refused("sara", &all()).await, Kind::InvalidToken);

    let page = BusinessLoanListRequest { offset: 1, size: 2, ..all() };
    let page = world.call("bank", &page).await.unwrap();
    assert_eq!(page.count, 4);
    assert_eq!(page.result.iter().map(|loan| loan.id).collect::<Vec<_>>(), [3, 2]);
}

#[tokio::test]
async fn every_filter_of_loans_filters() {
    let world = four_loans().await;
    let day = |text: &str| Some(text.parse().unwrap());
    let unique_number = world.invoice(105).await.unique_number;
    let down_payment = world.newest_invoice("mill").await.id;
    for (request, expected) in [
        (BusinessLoanListRequest { id: Some(2), ..all() }, &[2][..]),
        (BusinessLoanListRequest { subject_invoice_id: Some(105), ..all() }, &[2]),
        (BusinessLoanListRequest { pre_paid_invoice_id: Some(down_payment), ..all() }, &[4]),
        (BusinessLoanListRequest { pre_settlement_invoice_id: Some(down_payment), ..all() }, &[]),
        (BusinessLoanListRequest { plan_id: Some(62), ..all() }, &[1]),
        (BusinessLoanListRequest { contract_id: Some(5), ..all() }, &[4, 3, 1]),
        (BusinessLoanListRequest { bill_number: Some("S-101".into()), ..all() }, &[1]),
        (
            BusinessLoanListRequest {
                clear_installment_tool: Some("PODLAND_WALLET".into()),
                ..all()
            },
            &[4, 3, 2, 1],
        ),
        (
            BusinessLoanListRequest {
                clear_installment_tool: Some("DIGIPAY_WALLET".into()),
                ..all()
            },
            &[],
        ),
        (
            BusinessLoanListRequest {
                clear_installment_tool_code: Some(
                    ClearInstallmentTool::LoanClearInstallmentToolWallet,
                ),
                ..all()
            },
            &[4, 3, 2, 1],
        ),
        (
            BusinessLoanListRequest {
                clear_installment_tool_code: Some(
                    ClearInstallmentTool::LoanClearInstallmentToolDirectDebit,
                ),
                ..all()
            },
            &[],
        ),
        (BusinessLoanListRequest { assurance_number: Some("A-1".into()), ..all() }, &[1]),
        (BusinessLoanListRequest { assurance_identifier: unique_number, ..all() }, &[2]),
        (
            BusinessLoanListRequest {
                guarantor_code: Some(LoanGuarantor::LoanGuarantorPasargad),
                ..all()
            },
            &[2],
        ),
        (BusinessLoanListRequest { creation_date_from: day("1399/06/01"), ..all() }, &[4, 3, 2]),
        (BusinessLoanListRequest { creation_date_to: day("1399/06/01"), ..all() }, &[3, 2, 1]),
        // Paid back on its days, none was settled before its time.
        (BusinessLoanListRequest { settled_date_from: day("1399/01/01"), ..all() }, &[]),
        (BusinessLoanListRequest { settled_date_to: day("1400/01/01"), ..all() }, &[]),
        (BusinessLoanListRequest { canceled_date_from: day("1399/06/02"), ..all() }, &[3]),
        (BusinessLoanListRequest { canceled_date_from: day("1399/06/03"), ..all() }, &[]),
        (BusinessLoanListRequest { canceled_date_to: day("1399/06/02"), ..all() }, &[3]),
        (BusinessLoanListRequest { canceled_date_to: day("1399/06/01"), ..all() }, &[]),
        (BusinessLoanListRequest { status_code: Some(LoanStatus::LoanStatusDone), ..all() }, &[1]),
        (
            BusinessLoanListRequest { status_code: Some(LoanStatus::LoanStatusCreated), ..all() },
            &[4, 2],
        ),
        (
            BusinessLoanListRequest {
                installment_status_code: Some(InstallmentStatus::InstallmentStatusDone),
                ..all()
            },
            &[2, 1],
        ),
        (
            BusinessLoanListRequest {
                installment_status_code: Some(InstallmentStatus::Other("ODD".into())),
                ..all()
            },
            &[],
        ),
        (BusinessLoanListRequest { user_id: Some(40), ..all() }, &[3, 1]),
        (BusinessLoanListRequest { from_amount: Some(Rial(3_570)), ..all() }, &[4, 2]),
        (BusinessLoanListRequest { from_amount: Some(Rial(3_571)), ..all() }, &[2]),
        (BusinessLoanListRequest { to_amount: Some(Rial(85)), ..all() }, &[1]),
        (BusinessLoanListRequest { to_amount: Some(Rial(84)), ..all() }, &[]),
        (BusinessLoanListRequest { created_offline: Some(true), ..all() }, &[3]),
        (BusinessLoanListRequest { created_offline: Some(false), ..all() }, &[4, 2, 1]),
    ] {
        assert_eq!(ids(&world, "bank", request.clone()).await, expected, "{request:?}");
    }
    // With one instalment of that status, all are shown.
    let waiting = BusinessLoanListRequest {
        installment_status_code: Some(InstallmentStatus::InstallmentStatusCreated),
        user_id: Some(50),
        ..all()
    };
    let page = world.call("shop", &waiting).await.unwrap();
    assert_eq!(page.result[0].installments.len(), 2);
}

#[tokio::test]
async fn a_customer_filters_the_own_loans() {
    let world = four_loans().await;
    for (request, expected) in [
        (LoanListRequest { business_id: Some(1), ..own() }, &[3, 1][..]),
        (LoanListRequest { business_id: Some(2), ..own() }, &[]),
        (LoanListRequest { id: Some(2), ..own() }, &[]),
        (LoanListRequest { plan_id: Some(62), ..own() }, &[1]),
        (LoanListRequest { status_code: Some(LoanStatus::LoanStatusCanceled), ..own() }, &[3]),
        (LoanListRequest { created_offline: Some(false), size: 1, ..own() }, &[1]),
        (LoanListRequest { offset: 1, ..own() }, &[1]),
    ] {
        assert_eq!(own_ids(&world, "sara", request.clone()).await, expected, "{request:?}");
    }
}

#[tokio::test]
async fn every_filter_of_instalments_filters() {
    let world = four_loans().await;
    let of = |loan_id| GetInstallmentListRequest {
        loan_id,
        size: 100,
        ..GetInstallmentListRequest::default()
    };
    let day = |text: &str| Some(text.parse().unwrap());
    let page = world.call("shop", &of(1)).await.unwrap();
    let (first, invoice) = (page.result[0].id, page.result[1].related_invoices[0].id);
    for (request, expected) in [
        (of(1), &[1, 2, 3][..]),
        (GetInstallmentListRequest { size: 2, offset: 1, ..of(1) }, &[2, 3]),
        (GetInstallmentListRequest { id: Some(first), ..of(1) }, &[1]),
        (GetInstallmentListRequest { id: Some(first), ..of(2) }, &[]),
        (GetInstallmentListRequest { invoice_id: Some(invoice), ..of(1) }, &[2]),
        (GetInstallmentListRequest { from_date: day("1399/04/13"), ..of(1) }, &[2, 3]),
        (GetInstallmentListRequest { to_date: day("1399/04/13"), ..of(1) }, &[1, 2]),
        (
            GetInstallmentListRequest {
                status_code: Some(InstallmentStatus::InstallmentStatusDone),
                ..of(2)
            },
            &[1],
        ),
        (
            GetInstallmentListRequest {
                status_code: Some(InstallmentStatus::InstallmentStatusDeleted),
                ..of(1)
            },
            &[],
        ),
        (of(3), &[]),
    ] {
        let page = world.call("bank", &request).await.unwrap();
        let numbers: Vec<u32> = page.result.iter().map(|part| part.installment_id).collect();
        assert_eq!(numbers, expected, "{request:?}");
    }
    let page = GetInstallmentListRequest { size: 1, ..of(1) };
    assert_eq!(world.call("bank", &page).await.unwrap().count, 3);
    assert_eq!(world.refused("mill", &of(1)).await, Kind::NotFound);
    assert_eq!(world.refused("bank", &of(9)).await, Kind::NotFound);
    assert_eq!(world.refused("sara", &of(1)).await, Kind::InvalidToken);
}
