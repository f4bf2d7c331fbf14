//! The lists whose things a run can change, and what each list asks of a thing to be in it.

use pod_platform::{
    Instant, JalaliDate, MetaQuery,
    bills::{BillPage, ListBillsRequest, ServiceBill},
    invoices::{GetInvoiceListByMetadataRequest, GetInvoiceListRequest, Invoice, InvoicePage},
    loans::{BusinessLoanListRequest, Loan, LoanListRequest, LoanPage},
    persian::persian,
};

use super::{From, List, State, Who};
use crate::door::shadow::kept::Kept;

/// Is it on one of these days, both included?
pub(super) fn within(
    at: Option<Instant>,
    from: Option<JalaliDate>,
    to: Option<JalaliDate>,
) -> bool {
    let from = from.and_then(|day| day.start());
    let to = to.and_then(|day| day.end());
    from.is_none_or(|from| at.is_some_and(|at| at >= from))
        && to.is_none_or(|to| at.is_some_and(|at| at < to))
}

fn is(own: Option<&str>, wanted: Option<&String>) -> bool {
    wanted.is_none_or(|wanted| own == Some(wanted.as_str()))
}

/// Does the account see it? What it cannot compare, it sees.
fn sees(invoice: &Invoice, who: Who) -> bool {
    let issues = match (who.business, &invoice.business) {
        (Some(own), Some(issuer)) => own == issuer.id,
        _ => who.business.is_none(),
    };
    let owes = match (who.user, &invoice.user_srv) {
        (Some(own), Some(user)) => own == user.id,
        _ => who.user.is_none(),
    };
    issues || owes
}

impl List for GetInvoiceListRequest {
    type Item = Invoice;

    fn parts(page: InvoicePage) -> (u64, Vec<Invoice>) {
        (page.count, page.result)
    }

    fn page(count: u64, result: Vec<Invoice>) -> InvoicePage {
        InvoicePage { count, result }
    }

    fn kept(state: &mut State) -> &mut Kept<Invoice> {
        &mut state.invoices
    }

    fn has(&self, invoice: &Invoice, who: Who, _: &State) -> bool {
        let flag = |wanted: Option<bool>, own: bool| wanted.is_none_or(|wanted| wanted == own);
        let issuer = invoice.issuer_srv.as_ref().map(|issuer| issuer.id);
        let has_product = |line: &pod_platform::invoices::InvoiceItem| {
            let product = line.product_short_srv.as_ref();
            product.is_some_and(|product| self.product_id_list.contains(&product.id))
        };
        sees(invoice, who)
            && self.id.is_none_or(|id| invoice.id == id)
            && is(invoice.bill_number.as_deref(), self.bill_number.as_ref())
            && is(invoice.unique_number.as_deref(), self.unique_number.as_ref())
            && self.tracker_id.is_none_or(|id| invoice.tracker_id == Some(id))
            && within(invoice.issuance_date, self.from_date, self.to_date)
            && flag(self.is_canceled, invoice.canceled)
            && flag(self.is_payed, invoice.payed)
            && flag(self.is_closed, invoice.closed)
            && flag(self.is_waiting, invoice.waiting)
            && is(invoice.guild_srv.as_ref().map(|own| own.code.as_str()), self.guild_code.as_ref())
            && is(invoice.reference_number.as_deref(), self.reference_number.as_ref())
            && self
                .user_id
                .is_none_or(|id| invoice.user_srv.as_ref().is_some_and(|user| user.id == id))
            && (self.issuer_id.is_empty() || issuer.is_some_and(|id| self.issuer_id.contains(&id)))
            && self.query.as_ref().is_none_or(|text| {
                invoice
                    .description
                    .as_ref()
                    .is_some_and(|own| persian(own).contains(&persian(text)))
            })
            && (self.product_id_list.is_empty()
                || invoice.invoice_item_srvs.iter().any(has_product))
    }

    fn from(&self) -> From {
        match (self.first_id, self.last_id) {
            (Some(id), _) => From::First(id),
            (_, Some(id)) => From::Last(id),
            _ => From::Offset(self.offset.unwrap_or_default()),
        }
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn at(&self, offset: u64, size: u32) -> Self {
        Self { offset: self.offset.map(|_| offset), size, ..self.clone() }
    }

    fn id(&self) -> Option<u64> {
        self.id
    }
}

impl List for GetInvoiceListByMetadataRequest {
    type Item = Invoice;

    fn parts(page: InvoicePage) -> (u64, Vec<Invoice>) {
        (page.count, page.result)
    }

    fn page(count: u64, result: Vec<Invoice>) -> InvoicePage {
        InvoicePage { count, result }
    }

    fn kept(state: &mut State) -> &mut Kept<Invoice> {
        &mut state.invoices
    }

    fn has(&self, invoice: &Invoice, who: Who, _: &State) -> bool {
        let query = serde_json::from_str::<MetaQuery>(&self.meta_query);
        let metadata = invoice.metadata.as_deref().map(serde_json::from_str);
        let (Ok(query), Some(Ok(metadata))) = (query, metadata) else { return false };
        sees(invoice, who)
            && query.holds(&metadata)
            && self.is_payed.is_none_or(|payed| invoice.payed == payed)
            && self.is_cancelled.is_none_or(|canceled| invoice.canceled == canceled)
    }

    fn from(&self) -> From {
        From::Offset(self.offset)
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn at(&self, offset: u64, size: u32) -> Self {
        Self { offset, size, ..self.clone() }
    }

    fn id(&self) -> Option<u64> {
        None
    }
}

impl List for ListBillsRequest {
    type Item = ServiceBill;

    fn parts(page: BillPage) -> (u64, Vec<ServiceBill>) {
        (page.count, page.result)
    }

    fn page(count: u64, result: Vec<ServiceBill>) -> BillPage {
        BillPage { count, result }
    }

    fn kept(state: &mut State) -> &mut Kept<ServiceBill> {
        &mut state.bills
    }

    fn has(&self, bill: &ServiceBill, who: Who, _: &State) -> bool {
        let is_own = match (who.user, &bill.user_srv) {
            (Some(own), Some(user)) => own == user.id,
            _ => true,
        };
        let at = bill.request_date;
        is_own
            && is(Some(&bill.bill_id), self.bill_id.as_ref())
            && is(Some(&bill.payment_id), self.payment_id.as_ref())
            && self.id.is_none_or(|id| bill.id == id)
            && self.reference_number.is_none_or(|number| bill.reference_number == Some(number))
            && self.from_date.is_none_or(|from| at.is_some_and(|at| at >= from))
            && self.to_date.is_none_or(|to| at.is_some_and(|at| at <= to))
    }

    fn from(&self) -> From {
        From::Offset(self.offset)
    }

    fn size(&self) -> u32 {
        self.size
    }

    fn at(&self, offset: u64, size: u32) -> Self {
        Self { offset, size, ..self.clone() }
    }

    fn id(&self) -> Option<u64> {
        self.id
    }
}

/// A loan with the invoice that it pays as the run has changed it.
fn with_subject(loan: Loan, state: &State) -> Loan {
    let subject = loan.subject_invoice.map(|subject| match state.invoices.now(subject.id) {
        Some(now) => now.clone(),
        None => subject,
    });
    Loan { subject_invoice: subject, ..loan }
}

/// Both lists set the same conditions, but for whose loans they are.
macro_rules! loan_list {
    ($request:ident, |$loan:ident, $list:ident, $who:ident| $is_own:expr) => {
        impl List for $request {
            type Item = Loan;

            fn parts(page: LoanPage) -> (u64, Vec<Loan>) {
                (page.count, page.result)
            }

            fn page(count: u64, result: Vec<Loan>) -> LoanPage {
                LoanPage { count, result }
            }

            fn kept(state: &mut State) -> &mut Kept<Loan> {
                &mut state.loans
            }

            fn has(&self, $loan: &Loan, $who: Who, state: &State) -> bool {
                let $list = self;
                let loan = $loan;
                let subject = loan.subject_invoice.as_ref();
                let contract = loan.contract.as_ref();
                let number = |wanted: Option<u64>, own: Option<u64>| {
                    wanted.is_none_or(|wanted| own == Some(wanted))
                };
                let down_payment = state.down_payments.get(&loan.id).copied();
                let tool = self.clear_installment_tool_code.as_ref();
                let guarantor = self.guarantor_code.as_ref();
                let own_guarantor = contract.and_then(|own| own.guarantor.as_ref());
                let is_own = $is_own;
                is_own
                    && number(self.id, Some(loan.id))
                    && number(self.subject_invoice_id, subject.map(|own| own.id))
                    && number(self.pre_paid_invoice_id, down_payment)
                    && self.pre_settlement_invoice_id.is_none()
                    && number(self.plan_id, loan.plan.as_ref().map(|own| own.id))
                    && number(self.contract_id, contract.map(|own| own.id))
                    && is(loan.bill_number.as_deref(), self.bill_number.as_ref())
                    && is(
                        loan.clear_installment_tool_id.as_deref(),
                        self.clear_installment_tool.as_ref(),
                    )
                    && tool
                        .is_none_or(|tool| loan.clear_installment_tool_code.as_ref() == Some(tool))
                    && is(loan.assurance_number.as_deref(), self.assurance_number.as_ref())
                    && is(loan.assurance_identifier.as_deref(), self.assurance_identifier.as_ref())
                    && guarantor.is_none_or(|wanted| own_guarantor == Some(wanted))
                    && within(loan.creation_date, self.creation_date_from, self.creation_date_to)
                    && within(loan.settled_date, self.settled_date_from, self.settled_date_to)
                    && within(loan.canceled_date, self.canceled_date_from, self.canceled_date_to)
                    && self.status_code.as_ref().is_none_or(|status| loan.status_code == *status)
                    && self.installment_status_code.as_ref().is_none_or(|status| {
                        loan.installments.iter().any(|part| part.status == *status)
                    })
                    && self.from_amount.is_none_or(|least| loan.total_amount >= least)
                    && self.to_amount.is_none_or(|most| loan.total_amount <= most)
                    && self.created_offline.is_none_or(|flag| loan.created_offline == flag)
            }

            fn from(&self) -> From {
                From::Offset(self.offset)
            }

            fn size(&self) -> u32 {
                self.size
            }

            fn at(&self, offset: u64, size: u32) -> Self {
                Self { offset, size, ..self.clone() }
            }

            fn id(&self) -> Option<u64> {
                self.id
            }

            fn freshen(loan: Loan, state: &State) -> Loan {
                with_subject(loan, state)
            }
        }
    };
}

loan_list!(LoanListRequest, |loan, list, who| {
    let shop = loan.business.as_ref().map(|shop| shop.id);
    let user = loan.user.as_ref().map(|user| user.id);
    (who.user.is_none() || user == who.user)
        && list.business_id.is_none_or(|wanted| shop == Some(wanted))
});

loan_list!(BusinessLoanListRequest, |loan, list, who| {
    let shop = loan.business.as_ref().map(|shop| shop.id);
    let grantor = loan.contract.as_ref().and_then(|contract| contract.grantor.as_ref());
    let grantor = grantor.and_then(|grantor| grantor.business.as_ref()).map(|own| own.id);
    let user = loan.user.as_ref().map(|user| user.id);
    (who.business.is_none() || shop == who.business || grantor == who.business)
        && list.user_id.is_none_or(|wanted| user == Some(wanted))
});
