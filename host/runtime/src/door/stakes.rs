//! How many rials a call puts at stake, and whose invoice it acts on: found out by the host, never
//! believed from the guest.

use pod_platform::{
    Effect, Request, Rial, Service, Stakes, Traffic, UtilityBill,
    invoices::{GetInvoiceListRequest, Invoice},
    loans::{Loan, LoanListRequest},
};

use super::{Connection, Passage};

/// What an answer to a look-up may take, in bytes.
const LOOKUP_BYTES_DOWN: u64 = 64 * 1024;

/// How many invoices may have the one bill number that a call names.
const MOST_OF_ONE_NUMBER: u32 = 8;

/// What a look-up told.
pub(crate) struct Found {
    /// What it took.
    pub traffic: Traffic,
    /// The rials at stake, or why nobody can tell.
    pub rials: Result<Rial, String>,
    /// Why the grant does not allow to act on what this business issued.
    pub denied: Option<String>,
}

impl Found {
    fn without_asking(rials: Result<Rial, String>) -> Self {
        Self { traffic: Traffic::default(), rials, denied: None }
    }
}

/// Which rials a request puts at stake.
pub(crate) fn of(request: &Request) -> Stakes {
    match request.row.effect {
        Effect::Mutation { stakes, .. } => stakes,
        Effect::Read => Stakes::Nothing,
    }
}

/// The invoice that a request pays, reduces or cancels, as the catalogue says.
pub(crate) fn invoice(request: &Request) -> Option<u64> {
    match of(request) {
        Stakes::PayableAmountOf(field) | Stakes::ReductionOf(field) | Stakes::RefundOf(field) => {
            id(request, field).ok()
        }
        Stakes::Nothing | Stakes::TotalAmountOfLoan(_) | Stakes::BillAmount => None,
    }
}

/// Does the grant say whose invoices a request may act on?
fn is_narrowed(passage: &Passage, request: &Request) -> bool {
    passage.grant.scope.issuers.is_some() && !request.row.invoice_fields().is_empty()
}

/// How many calls it takes to find out.
pub(crate) fn lookups(passage: &Passage, request: &Request) -> u64 {
    match of(request) {
        Stakes::PayableAmountOf(_)
        | Stakes::ReductionOf(_)
        | Stakes::RefundOf(_)
        | Stakes::TotalAmountOfLoan(_) => 1,
        Stakes::BillAmount | Stakes::Nothing => u64::from(is_narrowed(passage, request)),
    }
}

/// How many rials are at stake, and whether the grant allows to act on what they are owed for.
pub(crate) async fn find(passage: &Passage, request: &Request) -> Found {
    match of(request) {
        Stakes::Nothing if is_narrowed(passage, request) => {
            let found = invoices(passage, request).await;
            Found { rials: Ok(Rial::ZERO), ..found }
        }
        Stakes::Nothing => Found::without_asking(Ok(Rial::ZERO)),
        Stakes::BillAmount => Found::without_asking(bill_amount(request)),
        Stakes::PayableAmountOf(_) | Stakes::ReductionOf(_) | Stakes::RefundOf(_) => {
            invoices(passage, request).await
        }
        Stakes::TotalAmountOfLoan(field) => match id(request, field) {
            Ok(id) => loan(passage, id).await,
            Err(reason) => Found::without_asking(Err(reason)),
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

/// How a request names the invoice that it acts on.
enum Named<'a> {
    Id(u64),
    BillNumber(&'a str),
    UniqueNumber(&'a str),
}

impl<'a> Named<'a> {
    fn of(request: &'a Request) -> Result<Self, String> {
        let fields = request.row.invoice_fields();
        match fields.iter().find_map(|field| Some((*field, request.form.get(field)?))) {
            Some(("billNumber", number)) => Ok(Self::BillNumber(number)),
            Some(("uniqueNumber", number)) => Ok(Self::UniqueNumber(number)),
            Some((field, _)) => id(request, field).map(Self::Id),
            None => id(request, fields.first().copied().unwrap_or_default()).map(Self::Id),
        }
    }

    fn list(&self) -> GetInvoiceListRequest {
        let all = GetInvoiceListRequest {
            offset: Some(0),
            size: MOST_OF_ONE_NUMBER,
            ..GetInvoiceListRequest::default()
        };
        match *self {
            Self::Id(id) => GetInvoiceListRequest { size: 1, id: Some(id), ..all },
            Self::BillNumber(number) => {
                GetInvoiceListRequest { bill_number: Some(number.to_owned()), ..all }
            }
            Self::UniqueNumber(number) => {
                GetInvoiceListRequest { unique_number: Some(number.to_owned()), ..all }
            }
        }
    }

    fn is(&self, invoice: &Invoice) -> bool {
        match *self {
            Self::Id(id) => invoice.id == id,
            Self::BillNumber(number) => invoice.bill_number.as_deref() == Some(number),
            Self::UniqueNumber(number) => invoice.unique_number.as_deref() == Some(number),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Id(id) => format!("invoice {id}"),
            Self::BillNumber(number) => format!("the invoice with the bill number {number}"),
            Self::UniqueNumber(number) => format!("the invoice with the unique number {number}"),
        }
    }
}

/// What the platform says has to be paid for an invoice, and who issued it.
async fn invoices(passage: &Passage, request: &Request) -> Found {
    let named = match Named::of(request) {
        Ok(named) => named,
        // What is not named is nobody's: a ceiling per payment must not stand in for its issuer.
        Err(reason) => {
            let denied = is_narrowed(passage, request).then(|| reason.clone());
            return Found { denied, ..Found::without_asking(Err(reason)) };
        }
    };
    let what = named.in_words();
    let found: Looked<Vec<Invoice>> = look_up(passage, &named.list(), |page| {
        let is_all = page.count <= u64::from(MOST_OF_ONE_NUMBER);
        let found: Vec<_> = page.result.into_iter().filter(|invoice| named.is(invoice)).collect();
        (is_all && !found.is_empty()).then_some(found)
    })
    .await;
    let Looked { traffic, value } = found;
    let issuers = value.as_deref().map_err(Clone::clone).and_then(|found| {
        let issuers = found.iter().map(|invoice| Some(invoice.business.as_ref()?.id));
        let issuers: Option<Vec<u64>> = issuers.collect();
        issuers.ok_or_else(|| "it names no business".to_owned())
    });
    let stakes = of(request);
    let rials = value.map(|found| found.iter().map(|invoice| of_invoice(stakes, invoice)).max());
    let rials = rials.map(Option::unwrap_or_default);
    Found {
        traffic,
        rials: rials.map_err(|error| format!("the amount of {what} cannot be read: {error}")),
        denied: denied(passage, &what, issuers),
    }
}

/// What is at stake of an invoice.
fn of_invoice(stakes: Stakes, invoice: &Invoice) -> Rial {
    // What is kept for a promised payment goes back, too.
    let has_money = invoice.payed || invoice.will_be_paid_at.is_some();
    match stakes {
        Stakes::RefundOf(_) if !has_money => Rial::ZERO,
        _ => invoice.payable_amount,
    }
}

/// What the platform says a loan comes to, and whose invoice it pays.
async fn loan(passage: &Passage, id: u64) -> Found {
    let list = LoanListRequest { size: 1, id: Some(id), ..Default::default() };
    let Looked { traffic, value }: Looked<Loan> =
        look_up(passage, &list, |page| page.result.into_iter().find(|loan| loan.id == id)).await;
    let shop = value.as_ref().map_err(Clone::clone).and_then(|loan| {
        let shop = loan.business.as_ref().map(|shop| vec![shop.id]);
        shop.ok_or_else(|| "it names no business".to_owned())
    });
    let rials = value.map(|loan| loan.total_amount);
    Found {
        traffic,
        rials: rials.map_err(|error| format!("the total of loan {id} cannot be read: {error}")),
        denied: denied(passage, &format!("loan {id}"), shop),
    }
}

/// Why the grant does not allow to act on what these businesses issued; none, if it does.
fn denied(passage: &Passage, what: &str, issuers: Result<Vec<u64>, String>) -> Option<String> {
    let scope = &passage.grant.scope;
    scope.issuers.as_ref()?;
    match issuers {
        Ok(issuers) => scope.denies_issuers(what, &issuers),
        Err(error) => Some(format!(
            "the issuer of {what} cannot be read ({error}), and only some issuers' invoices are \
             granted: `issuers` in policy.toml, [capabilities], or in podhost.toml, \
             [policy.NAME.capabilities]"
        )),
    }
}

/// What a look-up took, and what it found.
struct Looked<T> {
    traffic: Traffic,
    value: Result<T, String>,
}

async fn look_up<S: Service, T>(
    passage: &Passage,
    list: &S,
    found: impl FnOnce(S::Response) -> Option<T>,
) -> Looked<T> {
    let nothing = |reason: String| Looked { traffic: Traffic::default(), value: Err(reason) };
    let request = match list.prepare() {
        Ok(request) => request,
        Err(error) => return nothing(error.to_string()),
    };
    let connection = match passage.connection() {
        Ok(connection) => connection,
        Err(error) => return nothing(error.to_string()),
    };
    let accepts = |bytes| bytes <= LOOKUP_BYTES_DOWN;
    let (traffic, value) = match &passage.shadow {
        Some(shadow) => {
            let looked_up = shadow.look_up(passage, connection, &request, &accepts).await;
            (looked_up.0, looked_up.1.map(|answer| answer.value))
        }
        None => {
            let Connection { client, credentials, .. } = connection;
            let exchange = client.send(&request, credentials, None, &accepts).await;
            (exchange.traffic, exchange.outcome.map(|answer| answer.value))
        }
    };
    let value = value.map_err(|error| error.to_string()).and_then(|value| {
        let page = value.downcast::<S::Response>().ok();
        page.and_then(|page| found(*page))
            .ok_or_else(|| "the account sees no such thing".to_owned())
    });
    Looked { traffic, value }
}
