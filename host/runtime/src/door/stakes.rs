//! How many rials a call puts at stake: found out by the host, never believed from the guest.

use pod_platform::{
    Effect, Request, Rial, Service, Stakes, Traffic, UtilityBill, invoices::GetInvoiceListRequest,
    loans::LoanListRequest,
};

use super::{Connection, Passage};

/// What an answer to a look-up may take, in bytes.
const LOOKUP_BYTES_DOWN: usize = 64 * 1024;

fn of(request: &Request) -> Stakes {
    match request.row.effect {
        Effect::Mutation { stakes, .. } => stakes,
        Effect::Read => Stakes::Nothing,
    }
}

/// The invoice that a request pays, as the catalogue says.
pub(crate) fn invoice(request: &Request) -> Option<u64> {
    match of(request) {
        Stakes::PayableAmountOf(field) => id(request, field).ok(),
        _ => None,
    }
}

/// How many calls it takes to find out.
pub(crate) fn lookups(request: &Request) -> u64 {
    match of(request) {
        Stakes::PayableAmountOf(_) | Stakes::TotalAmountOfLoan(_) => 1,
        Stakes::BillAmount | Stakes::Nothing => 0,
    }
}

/// How many rials are at stake, and what it took to find out. The error says why nobody can tell.
pub(crate) async fn rials(passage: &Passage, request: &Request) -> (Traffic, Result<Rial, String>) {
    match of(request) {
        Stakes::Nothing => (Traffic::default(), Ok(Rial::ZERO)),
        Stakes::BillAmount => (Traffic::default(), bill_amount(request)),
        Stakes::PayableAmountOf(field) => match id(request, field) {
            Ok(id) => payable_amount(passage, id).await,
            Err(reason) => (Traffic::default(), Err(reason)),
        },
        Stakes::TotalAmountOfLoan(field) => match id(request, field) {
            Ok(id) => loan_total(passage, id).await,
            Err(reason) => (Traffic::default(), Err(reason)),
        },
    }
}

fn id(request: &Request, field: &str) -> Result<u64, String> {
    let id = request.form.get(field).and_then(|id| id.parse().ok());
    id.ok_or_else(|| format!("`{field}` names nothing, so what is at stake is unknown"))
}

fn bill_amount(request: &Request) -> Result<Rial, String> {
    let field = |name| request.form.get(name).unwrap_or_default();
    UtilityBill::read(field("billId"), field("paymentId"))
        .map(|bill| bill.amount())
        .map_err(|error| error.to_string())
}

/// What the platform says has to be paid for an invoice.
async fn payable_amount(passage: &Passage, id: u64) -> (Traffic, Result<Rial, String>) {
    let list =
        GetInvoiceListRequest { offset: Some(0), size: 1, id: Some(id), ..Default::default() };
    look_up(passage, &format!("the amount of invoice {id}"), &list, |page| {
        page.result.into_iter().find(|invoice| invoice.id == id).map(|found| found.payable_amount)
    })
    .await
}

/// What the platform says a loan comes to.
async fn loan_total(passage: &Passage, id: u64) -> (Traffic, Result<Rial, String>) {
    let list = LoanListRequest { size: 1, id: Some(id), ..Default::default() };
    look_up(passage, &format!("the total of loan {id}"), &list, |page| {
        page.result.into_iter().find(|loan| loan.id == id).map(|found| found.total_amount)
    })
    .await
}

async fn look_up<S: Service>(
    passage: &Passage,
    what: &str,
    list: &S,
    found: impl FnOnce(S::Response) -> Option<Rial>,
) -> (Traffic, Result<Rial, String>) {
    let request = match list.prepare() {
        Ok(request) => request,
        Err(error) => return (Traffic::default(), Err(error.to_string())),
    };
    let connection = match passage.connection() {
        Ok(connection) => connection,
        Err(error) => return (Traffic::default(), Err(error.to_string())),
    };
    let (traffic, value) = match &passage.shadow {
        Some(shadow) => {
            let looked_up = shadow.look_up(passage, connection, &request, LOOKUP_BYTES_DOWN).await;
            (looked_up.0, looked_up.1.map(|answer| answer.value))
        }
        None => {
            let Connection { client, credentials, .. } = connection;
            let exchange = client.send(&request, credentials, None, LOOKUP_BYTES_DOWN).await;
            (exchange.traffic, exchange.outcome.map(|answer| answer.value))
        }
    };
    let amount = value.map_err(|error| error.to_string()).and_then(|value| {
        let page = value.downcast::<S::Response>().ok();
        page.and_then(|page| found(*page))
            .ok_or_else(|| "the account sees no such thing".to_owned())
    });
    (traffic, amount.map_err(|error| format!("{what} cannot be read: {error}")))
}
