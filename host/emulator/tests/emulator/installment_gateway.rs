//! The gateway of instalments on the payment page: a buyer takes a loan there.

use pod_platform::loans::{InstallmentStatus, LoanListRequest, LoanStatus};

use crate::loan_world::{LoanWorld, amounts, statuses};
use crate::street::{Page, get, submit};

const GATEWAY: &str = "پرداخت از طریق درگاه اقساطی";

fn page_of(invoice: u64, payer: u64) -> String {
    format!("/v1/pbc/payinvoice/?invoiceId={invoice}&payer={payer}")
}

async fn act(world: &LoanWorld, invoice: u64, form: &str) -> Page {
    let path = format!("{}&redirectUri=https://shop.ir/done", page_of(invoice, 40));
    submit(&world.emulator, &path, form).await
}

async fn newest(world: &LoanWorld) -> pod_platform::loans::Loan {
    let request = LoanListRequest { size: 1, ..LoanListRequest::default() };
    world.call("sara", &request).await.unwrap().result.remove(0)
}

#[tokio::test]
async fn p5_a_buyer_chooses_a_plan_and_a_larger_down_payment() {
    let world = LoanWorld::start().await;
    get(&world.emulator, &page_of(101, 40)).await.says(GATEWAY);
    let page = act(&world, 101, "action=plan").await;
    assert_eq!(page.status, 200);
    page.says("Instalments").says("six").says("three").says("با ضمانت بانک پاسارگاد");
    page.says("کیف پول پاد").says("سریال وثیقه");
    // Not a plan that cannot be chosen, and no contract that has ended or is for others.
    for plan in [63, 65, 66, 67] {
        assert!(!page.text.contains(&format!("value=\"{plan}\"")), "{plan}");
    }
    let page =
        act(&world, 101, "action=plan&plan=62&primaryAmount=۱٬۰۸۵&assuranceNumber=A-7").await;
    page.says("۲٬۰۰۰").says("۶٬۰۰۰").says("۱۳۹۹/۰۵/۱۳").says("A-7");
    assert!(!world.invoice(101).await.payed);

    let form = "action=borrow&plan=62&primaryAmount=1,085&assuranceNumber=A-7";
    let down_payment = act(&world, 101, form).await;
    assert_eq!(down_payment.status, 303);
    let loan = newest(&world).await;
    assert_eq!(amounts(&loan), [2_000, 2_000, 2_000]);
    assert_eq!(loan.assurance_number.as_deref(), Some("A-7"));
    assert!(!loan.active && !loan.created_offline, "the down payment makes it active");
    get(&world.emulator, &down_payment.location).await.says("۱٬۰۸۵");
    let paid = submit(&world.emulator, &down_payment.location, "action=wallet").await;
    assert_eq!(paid.parameter("paid"), "true");
    assert!(world.loan(loan.id).await.active && world.invoice(101).await.payed);
    let accounts = ["loan-supply:5", "wallet:40:PODLAND_WALLET"];
    // The first instalment is due today.
    assert_eq!(world.balances(accounts).await, [46_000, 16_915]);
}

#[tokio::test]
async fn p5_without_a_down_payment_the_choice_is_the_confirmation() {
    let world = LoanWorld::start().await;
    let done = act(&world, 102, "action=borrow&plan=64").await;
    assert_eq!(done.parameter("paid"), "true");
    let loan = newest(&world).await;
    assert_eq!(loan.status_code, LoanStatus::LoanStatusCreated);
    assert!(loan.active);
    assert_eq!(*statuses(&loan)[0], InstallmentStatus::InstallmentStatusDone);
    assert_eq!(amounts(&loan), [1_650, 1_650]);
}

#[tokio::test]
async fn p5_the_gateway_is_for_members_and_for_what_their_contracts_allow() {
    let world = LoanWorld::start().await;
    // Of nobody's invoice there is no buyer, and another payer is not the buyer.
    let number = world.invoice(101).await.unique_number.unwrap();
    let anybodys = format!("/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber={number}&payer=50");
    assert!(!get(&world.emulator, &anybodys).await.text.contains(GATEWAY));
    for action in ["plan", "borrow"] {
        let form = format!("action={action}&plan=62");
        assert_eq!(submit(&world.emulator, &anybodys, &form).await.status, 409, "{action}");
    }
    for form in [
        "action=borrow",
        "action=borrow&plan=63",
        "action=borrow&plan=66",
        "action=borrow&plan=62&primaryAmount=7085",
        "action=borrow&plan=62&primaryAmount=1000,00",
        "action=plan&plan=62&primaryAmount=9000",
    ] {
        assert_eq!(act(&world, 101, form).await.status, 409, "{form}");
    }
    // More than the member may borrow.
    assert_eq!(act(&world, 109, "action=borrow&plan=62").await.status, 409);
    assert_eq!(world.balances(["loan-supply:5"]).await, [50_000]);
    // One loan for an invoice.
    assert_eq!(act(&world, 101, "action=borrow&plan=62&primaryAmount=85").await.status, 303);
    assert_eq!(act(&world, 101, "action=borrow&plan=61").await.status, 409);
    assert!(!get(&world.emulator, &page_of(101, 40)).await.text.contains(GATEWAY));
}
