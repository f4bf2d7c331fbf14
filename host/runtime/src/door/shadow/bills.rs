//! Utility bills.

use bytes::Bytes;
use pod_platform::{
    BillType, UtilityBill,
    bills::{BillStatus, ListBillsRequest, ServiceBill},
    invoices::{Guild, Invoice},
    types::PlatformErrorKind as Kind,
};

use super::{
    Act, Refusal, Source,
    invoices::{close, must_be_payable},
    money::{Means, PODLAND_WALLET},
    written,
};

/// Hamrah-e-Aval's number among the companies: its bills' payments are never cancelled (S2).
const HAMRAH_E_AVAL: &str = "091";

/// The trade of the invoices by which bills are paid. No document tells its code.
const GUILD: &str = "UTILITY_GUILD";

impl<S: Source> Act<'_, S> {
    pub(super) async fn pay_bill(&mut self) -> Result<Bytes, Refusal> {
        let identifiers = self.identifiers()?;
        let means = Means::wallet(PODLAND_WALLET);
        let open = match self.valid_bill(&identifiers).await? {
            None => None,
            Some(bill) => Some(self.invoice_of(&bill).await?),
        };
        if let Some(invoice) = &open {
            must_be_payable(invoice, self.now)?;
        }
        let payable = Invoice { payable_amount: identifiers.amount(), ..Invoice::default() };
        let shares = self.shares(open.as_ref().unwrap_or(&payable), &means)?;
        let invoice = match open {
            Some(invoice) => invoice,
            None => self.begin_bill(&identifiers),
        };
        let id = invoice.id;
        self.pay_out_of(invoice, &means, &shares)?;
        let paid = self.state.bills.all().find(|bill| bill.invoice_id == Some(id));
        written(paid.ok_or(Kind::NotFound)?)
    }

    pub(super) async fn issue_bill_invoice(&mut self) -> Result<Bytes, Refusal> {
        let identifiers = self.identifiers()?;
        let invoice = match self.valid_bill(&identifiers).await? {
            None => self.begin_bill(&identifiers),
            Some(bill) => self.invoice_of(&bill).await?,
        };
        written(&invoice)
    }

    /// The newer services take no traffic fines (S3).
    fn identifiers(&self) -> Result<UtilityBill, Refusal> {
        let field = |name| self.form().get(name).unwrap_or_default();
        let bill = UtilityBill::read(field("billId"), field("paymentId"));
        let bill = bill.map_err(|_| Kind::InvalidBillId)?;
        match bill.bill_type() {
            BillType::TrafficFine => Err(Kind::TrafficFineNotProcessed.into()),
            _ => Ok(bill),
        }
    }

    /// The bill's invoice that waits to be paid; none, if there is none yet. What others paid, no
    /// list of the account's shows.
    async fn valid_bill(&mut self, bill: &UtilityBill) -> Result<Option<ServiceBill>, Refusal> {
        let list = ListBillsRequest {
            size: 20,
            bill_id: Some(bill.bill_id().to_owned()),
            payment_id: Some(bill.payment_id().to_owned()),
            ..Default::default()
        };
        let page = self.ask(&list).await?;
        self.state.bills.see(&page.result);
        let same = |one: &&ServiceBill| {
            one.bill_id == bill.bill_id()
                && one.payment_id == bill.payment_id()
                && one.status != BillStatus::ServiceBillCanceled
        };
        let Some(valid) = self.state.bills.all().find(same).cloned() else {
            self.assumed.insert("bill-not-paid-by-others");
            return Ok(None);
        };
        match valid.status {
            BillStatus::ServiceBillIssueInvoice => Ok(Some(valid)),
            _ => Err(Kind::DuplicateServiceBill.into()),
        }
    }

    async fn invoice_of(&mut self, bill: &ServiceBill) -> Result<Invoice, Refusal> {
        let id = bill.invoice_id.unwrap_or_default();
        Ok(self.find(id).await?.ok_or(Kind::InvoiceNotFound)?)
    }

    fn begin_bill(&mut self, identifiers: &UtilityBill) -> Invoice {
        let (bill, payment) = (identifiers.bill_id(), identifiers.payment_id());
        let description = format!("قبض، شناسه قبض {bill}، شناسه پرداخت {payment}");
        let user = self.own_user();
        let mut invoice = self.bill(identifiers.amount(), description);
        invoice.guild_srv = Some(Guild { id: 0, name: GUILD.to_owned(), code: GUILD.to_owned() });
        invoice.user_srv.clone_from(&user);
        self.state.invoices.put(invoice.clone());
        let id = self.new_id();
        self.state.bills.put(ServiceBill {
            id,
            bill_id: bill.to_owned(),
            payment_id: payment.to_owned(),
            price: identifiers.amount(),
            utility_company_name: None,
            sub_utility_company_name: None,
            request_date: Some(self.now),
            reference_number: None,
            status: BillStatus::ServiceBillIssueInvoice,
            invoice_id: Some(invoice.id),
            settlement_request_id: Some(0),
            user_srv: user,
            cancel_date: None,
            unreadable: Vec::new(),
        });
        invoice
    }

    /// An invoice is paid: if it is a bill's, so is the bill, and the invoice closes by itself.
    pub(super) fn bill_paid(&mut self, invoice: u64) {
        let of_invoice = |bill: &&ServiceBill| bill.invoice_id == Some(invoice);
        let bill = self.state.bills.all().find(of_invoice).cloned();
        let (Some(bill), Some(mut invoice)) = (bill, self.state.invoices.get(invoice).cloned())
        else {
            return;
        };
        close(&mut invoice);
        self.state.bills.put(ServiceBill {
            status: BillStatus::ServiceBillAccepted,
            request_date: Some(self.now),
            reference_number: Some(self.reference),
            user_srv: invoice.payer.clone().or(bill.user_srv),
            ..bill
        });
        self.state.invoices.put(invoice);
    }

    pub(super) async fn cancel_bill(&mut self) -> Result<Bytes, Refusal> {
        let id = self.number("id").unwrap_or_default();
        if self.state.bills.get(id).is_none() {
            let list = ListBillsRequest { size: 1, id: Some(id), ..Default::default() };
            let page = self.ask(&list).await?;
            self.state.bills.see(&page.result);
        }
        let bill = self.state.bills.get(id).cloned().ok_or(Kind::NotFound)?;
        let identifiers = UtilityBill::read(&bill.bill_id, &bill.payment_id);
        let is_for_good = identifiers.is_ok_and(|bill| {
            let is_mobile = bill.bill_type() == BillType::Mobile;
            bill.bill_type() == BillType::TrafficFine
                || (is_mobile && bill.company() == HAMRAH_E_AVAL)
        });
        if bill.status != BillStatus::ServiceBillAccepted || is_for_good {
            return Err(Kind::NoPermission.into());
        }
        let invoice = bill.invoice_id.unwrap_or_default();
        if self.find(invoice).await?.is_some() {
            self.cancel_invoice(invoice);
            if let Some(invoice) = self.state.invoices.now(invoice).cloned() {
                self.state.invoices.put(Invoice { closed: false, ..invoice });
            }
        }
        self.state.money.give(PODLAND_WALLET, bill.price.0);
        let status = BillStatus::ServiceBillCanceled;
        let bill = ServiceBill { status, cancel_date: Some(self.now), ..bill };
        self.state.bills.put(bill.clone());
        written(&bill)
    }
}
