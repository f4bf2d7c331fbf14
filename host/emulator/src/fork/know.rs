//! What has to be known before a call can be answered, and how it is found out.

use pod_platform::{
    Instant, Service,
    bills::ListBillsRequest,
    invoices::{GetInvoiceListRequest, Invoice, User},
    loans::{BusinessLoanListRequest, Contract, LoanListRequest, LoanPlan, LoanPlanListRequest},
    rules,
    types::UnreadableField,
    wire::lenient::Item,
};
use sqlx::{Connection as _, SqliteConnection, query_scalar};

use super::{FIRST_ID, Fork, Upstream, import, loans, pristine};
use crate::service::Refusal;

/// How many invoices may have one number, and how many bills one pair of identifiers.
const MOST_OF_ONE_NAME: u32 = 20;
/// As many plans as a contract has.
const PLANS: u32 = 100;

/// On which side of an invoice the account acts, by what it calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// It issued it.
    Issued,
    /// It owes it.
    Owed,
    /// The service does not tell.
    Either,
}

/// What a request is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Need {
    /// The invoice with this id.
    Invoice(u64, Side),
    /// The account's own invoice with this number of its own.
    Numbered(String),
    /// The invoice that anybody can pay by this number.
    Unique(String),
    /// Whoever an invoice that is issued will show, as far as other invoices have shown them.
    Issuing { user: Option<u64>, guild: String },
    /// The payment of a utility bill that the account asked for or made, by the bill's identifiers.
    Bill { bill_id: String, payment_id: String },
    /// The same by its id.
    BillById(u64),
    /// A loan of the account's, with its contract, one of whose plans may be named.
    Loan { id: u64, plan: Option<u64> },
    /// The loan that pays, or is to pay, an invoice.
    LoanPaying(u64),
    /// A contract with its plans, one of which may be named.
    Contract { id: u64, plan: Option<u64> },
}

/// Reads what is needed, and puts it into the tables.
pub(crate) struct Reading<'a> {
    pub(crate) fork: &'a Fork,
    pub(crate) upstream: &'a dyn Upstream,
    pub(crate) connection: &'a mut SqliteConnection,
    pub(crate) now: Instant,
}

impl Reading<'_> {
    /// From now on this is in the tables, or else it is not on the real platform either.
    pub(crate) async fn know(&mut self, need: &Need) -> Result<(), Refusal> {
        match need {
            Need::Invoice(id, side) => self.invoice(*id, *side).await,
            Need::Numbered(number) => {
                let list =
                    GetInvoiceListRequest { bill_number: Some(number.clone()), ..first_page() };
                self.invoices(&list, Side::Issued).await
            }
            Need::Unique(number) => {
                let list =
                    GetInvoiceListRequest { unique_number: Some(number.clone()), ..first_page() };
                self.invoices(&list, Side::Either).await
            }
            Need::Issuing { user, guild } => self.people(*user, guild).await,
            Need::Bill { bill_id, payment_id } => {
                let list = ListBillsRequest {
                    size: MOST_OF_ONE_NAME,
                    bill_id: Some(bill_id.clone()),
                    payment_id: Some(payment_id.clone()),
                    ..ListBillsRequest::default()
                };
                self.bills(&list).await
            }
            Need::BillById(id) if *id < FIRST_ID && !self.is_here("service_bills", *id).await? => {
                let list = ListBillsRequest { size: 1, id: Some(*id), ..Default::default() };
                self.bills(&list).await
            }
            Need::BillById(_) => Ok(()),
            Need::Loan { id, plan } => self.loan(*id, *plan).await,
            Need::LoanPaying(invoice) if *invoice < FIRST_ID => self.loan_paying(*invoice).await,
            Need::LoanPaying(_) => Ok(()),
            Need::Contract { id, plan } => self.contract(*id, *plan).await,
        }
    }

    /// Asks the real platform.
    pub(super) async fn ask<R: Service>(&self, request: &R) -> Result<R::Response, Refusal> {
        let request = request.prepare()?;
        let answer = self.upstream.read(&request).await;
        let answer = answer.map_err(|error| Refusal::Internal(Box::new(error)))?;
        self.fork.seen.see(&answer);
        match answer.value.downcast::<R::Response>() {
            Ok(value) => Ok(*value),
            Err(_) => unreachable!("`prepare` pairs a request with its own reader"),
        }
    }

    async fn people(&mut self, user: Option<u64>, guild: &str) -> Result<(), Refusal> {
        let own = self.fork.identity.caller().business_id.map(i64::unsigned_abs);
        let (issued, customer, trade) = {
            let things = self.fork.seen.things();
            let mut seen = things.invoices.values();
            let is_own = |one: &&Invoice| one.business.as_ref().map(|shop| shop.id) == own;
            let issued = seen.clone().find(is_own).cloned();
            let is_for = |one: &&User| Some(one.id) == user;
            let customer =
                seen.clone().filter_map(|one| one.user_srv.as_ref()).find(is_for).cloned();
            let trade = seen.find_map(|one| one.guild_srv.clone().filter(|own| own.code == guild));
            (issued, customer, trade)
        };
        let issuer = issued.as_ref().and_then(|one| one.issuer_srv.as_ref());
        if let Some(shop) = issued.as_ref().and_then(|one| one.business.as_ref()) {
            import::business(self.connection, &self.fork.met, shop, issuer).await?;
        }
        if let Some(customer) = &customer {
            import::user(self.connection, &self.fork.met, customer).await?;
        }
        if let Some(trade) = &trade {
            import::guild(self.connection, &self.fork.met, trade).await?;
        }
        Ok(())
    }

    async fn invoice(&mut self, id: u64, side: Side) -> Result<(), Refusal> {
        let seen = self.fork.seen.things().invoices.remove(&id);
        if let Some(invoice) = seen {
            // What has changed here is not read anew.
            if !pristine::has_changed(self.connection, "invoices", id.cast_signed()).await? {
                self.take_in(&[invoice], side).await?;
            }
            return Ok(());
        }
        if id >= FIRST_ID || self.is_here("invoices", id).await? {
            return Ok(());
        }
        let list = GetInvoiceListRequest { id: Some(id), size: 1, ..first_page() };
        self.invoices(&list, side).await
    }

    async fn invoices(&mut self, list: &GetInvoiceListRequest, side: Side) -> Result<(), Refusal> {
        let page = self.ask(list).await?;
        let mut new: Vec<Invoice> = Vec::with_capacity(page.result.len());
        for invoice in page.result {
            let id = invoice.id.cast_signed();
            if !pristine::has_changed(self.connection, "invoices", id).await? {
                new.push(invoice);
            }
        }
        self.take_in(&new, side).await
    }

    /// Puts invoices into the tables.
    async fn take_in(&mut self, invoices: &[Invoice], side: Side) -> Result<(), Refusal> {
        must_be_readable(invoices)?;
        let mut transaction = self.connection.begin().await?;
        for invoice in invoices {
            if let Some(user) = self.fork.identity.learn(invoice, side) {
                import::account_is(&mut transaction, self.now, user).await?;
                self.fork.met.tell();
            }
            import::invoice(&mut transaction, self.now, &self.fork.met, invoice).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Bills come with the invoices that pay them.
    async fn bills(&mut self, list: &ListBillsRequest) -> Result<(), Refusal> {
        let bills = self.ask(list).await?.result;
        must_be_readable(&bills)?;
        for bill in bills {
            let id = bill.id.cast_signed();
            if pristine::has_changed(self.connection, "service_bills", id).await? {
                continue;
            }
            if let Some(invoice) = bill.invoice_id {
                self.invoice(invoice, Side::Owed).await?;
            }
            let mut transaction = self.connection.begin().await?;
            import::bill(&mut transaction, &self.fork.met, &bill).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn loan(&mut self, id: u64, plan: Option<u64>) -> Result<(), Refusal> {
        let seen = self.fork.seen.things().loans.remove(&id);
        if let Some(loan) = seen {
            self.take_in_loans(&[loan]).await?;
        } else if id < FIRST_ID && !self.is_here("loans", id).await? {
            let list = LoanListRequest { size: 1, id: Some(id), ..Default::default() };
            let found = self.ask(&list).await?.result;
            self.take_in_loans(&found).await?;
        }
        let contract: Option<i64> = query_scalar("SELECT contract_id FROM loans WHERE id = ?")
            .bind(id.cast_signed())
            .fetch_optional(&mut *self.connection)
            .await?;
        match contract {
            Some(contract) => self.contract(contract.unsigned_abs(), plan).await,
            None => Ok(()),
        }
    }

    async fn loan_paying(&mut self, invoice: u64) -> Result<(), Refusal> {
        let known: bool =
            query_scalar("SELECT EXISTS (SELECT 1 FROM loans WHERE subject_invoice_id = ?)")
                .bind(invoice.cast_signed())
                .fetch_one(&mut *self.connection)
                .await?;
        if known {
            return Ok(());
        }
        let list = BusinessLoanListRequest {
            size: MOST_OF_ONE_NAME,
            subject_invoice_id: Some(invoice),
            ..Default::default()
        };
        let found = self.ask(&list).await?.result;
        self.take_in_loans(&found).await
    }

    async fn take_in_loans(&mut self, found: &[pod_platform::loans::Loan]) -> Result<(), Refusal> {
        must_be_readable(found)?;
        let known = &self.fork.gaps.known;
        let mut transaction = self.connection.begin().await?;
        for loan in found {
            if !pristine::has_changed(&mut transaction, "loans", loan.id.cast_signed()).await? {
                loans::loan(&mut transaction, self.now, known, &self.fork.met, loan).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// A contract's plans, as far as the account sees them. Of a contract of which it sees none,
    /// nothing is known but that a request names it.
    async fn contract(&mut self, id: u64, plan: Option<u64>) -> Result<(), Refusal> {
        let is_of = |own: &LoanPlan| own.contract.as_ref().is_some_and(|known| known.id == id);
        let seen: Vec<LoanPlan> =
            self.fork.seen.things().plans.values().filter(|own| is_of(own)).cloned().collect();
        let plans = if seen.is_empty() {
            let list =
                LoanPlanListRequest { size: PLANS, contract_id: Some(id), ..Default::default() };
            self.ask(&list).await?.result
        } else {
            seen
        };
        let known = &self.fork.gaps.known;
        let shown = plans.iter().find_map(|plan| plan.contract.clone());
        let is_shown = shown.is_some();
        // What a contract allows that nobody shows is assumed.
        let breathing = shown.as_ref().map_or(u32::MAX, |shown| {
            rules::plan::most_breathing(shown.max_breathing_period_count)
        });
        let contract = shown.unwrap_or(Contract { id, ..Contract::default() });
        let mut transaction = self.connection.begin().await?;
        if is_shown || !is_row(&mut transaction, "loan_contracts", id).await? {
            let met = &self.fork.met;
            loans::contract(&mut transaction, known, met, &contract, None, breathing).await?;
        }
        if !is_shown {
            self.fork.gaps.assume("loan-contract-fits");
        }
        for plan in &plans {
            loans::plan(&mut transaction, known, id, plan).await?;
        }
        if let (Some(plan), true) = (plan, plans.is_empty()) {
            let named = LoanPlan { id: plan, active: true, ..LoanPlan::default() };
            loans::plan(&mut transaction, known, id, &named).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn is_here(&mut self, table: &'static str, id: u64) -> Result<bool, sqlx::Error> {
        is_row(self.connection, table, id).await
    }
}

/// Nobody knows what a call does to a thing of which some could not be read.
fn must_be_readable<T: Item>(items: &[T]) -> Result<(), Refusal> {
    match items.iter().find(|item| !item.unreadable().is_empty()) {
        None => Ok(()),
        Some(strange) => {
            let fields = UnreadableField::in_words(strange);
            Err(Refusal::unknown(format!("some of it cannot be read: POD sent {fields}")))
        }
    }
}

async fn is_row(
    connection: &mut SqliteConnection,
    table: &'static str,
    id: u64,
) -> Result<bool, sqlx::Error> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?)");
    query_scalar(sqlx::AssertSqlSafe(sql)).bind(id.cast_signed()).fetch_one(connection).await
}

fn first_page() -> GetInvoiceListRequest {
    GetInvoiceListRequest {
        offset: Some(0),
        size: MOST_OF_ONE_NAME,
        ..GetInvoiceListRequest::default()
    }
}
