//! What is read, with what the run has changed laid over it.
//!
//! A page of a list is exact: what is changed may have left the list or come into it, so the page is
//! cut anew out of a somewhat larger one of the platform's. Lists are in the order of ids, the newest
//! first unless asked otherwise.

mod conditions;

use bytes::Bytes;
use pod_platform::{
    Service,
    bills::ListBillsRequest,
    invoices::{GetInvoiceListByMetadataRequest, GetInvoiceListRequest, Invoice},
    loans::{
        BusinessLoanListRequest, GetInstallmentListRequest, Installment, InstallmentPage,
        InstallmentStatus, Loan, LoanListRequest, LoanPlanPage,
    },
    payments::{GetInvoicePaymentLinkRequest, GetPayInvoiceByUniqueNumberLinkRequest},
    types::PlatformErrorKind as Kind,
    wire::form::Fields,
};

use super::{
    Act, Answer, FIRST_ID, Refusal, Source, State,
    files::invalid,
    kept::{Kept, Thing},
};
use conditions::within;

/// Which part of a list.
#[derive(Clone, Copy)]
enum From {
    /// The newest first, without so many.
    Offset(u64),
    /// The oldest first, from this id on.
    First(u64),
    /// The newest first, from this id on.
    Last(u64),
}

/// Whose list it is.
#[derive(Clone, Copy)]
struct Who {
    user: Option<u64>,
    business: Option<u64>,
}

/// A list of things that the run can change.
trait List: Service {
    type Item: Thing;

    fn parts(page: Self::Response) -> (u64, Vec<Self::Item>);
    fn page(count: u64, items: Vec<Self::Item>) -> Self::Response;
    fn kept(state: &mut State) -> &mut Kept<Self::Item>;

    /// Would it be in the list?
    fn has(&self, item: &Self::Item, who: Who, state: &State) -> bool;
    fn from(&self) -> From;
    fn size(&self) -> u32;

    /// The same list, another part of it.
    fn at(&self, offset: u64, size: u32) -> Self;

    /// The only id that it asks for.
    fn id(&self) -> Option<u64>;

    /// What hangs on it, as the run has changed that.
    fn freshen(item: Self::Item, _: &State) -> Self::Item {
        item
    }
}

impl<S: Source> Act<'_, S> {
    /// Reads, and lays over it what the run has changed.
    pub(super) async fn read(&mut self) -> Result<Answer, Refusal> {
        let fields = Fields::from(self.form());
        match self.request.row.name {
            "getInvoiceList" => self.list(GetInvoiceListRequest::decode(&fields)).await,
            "getInvoiceListByMetadata" => {
                self.list(GetInvoiceListByMetadataRequest::decode(&fields)).await
            }
            "listBills" => self.list(ListBillsRequest::decode(&fields)).await,
            "loanList" => self.list(LoanListRequest::decode(&fields)).await,
            "businessLoanList" => self.list(BusinessLoanListRequest::decode(&fields)).await,
            "getInstallmentList" => {
                let request = GetInstallmentListRequest::decode(&fields).map_err(invalid)?;
                match self.state.loans.now(request.loan_id).cloned() {
                    Some(loan) => self.installments(&request, &loan),
                    None => self.pass_on().await,
                }
            }
            "getInvoicePaymentLink" => {
                let request = GetInvoicePaymentLinkRequest::decode(&fields).map_err(invalid)?;
                match self.state.invoices.get(request.invoice_id).cloned() {
                    Some(invoice) if invoice.id >= FIRST_ID => self.link(request, invoice).await,
                    _ => self.pass_on().await,
                }
            }
            "file" => match self.read_file()? {
                Some(answer) => Ok(answer),
                None => self.pass_on().await,
            },
            _ => self.pass_on().await,
        }
    }

    async fn pass_on(&mut self) -> Result<Answer, Refusal> {
        let answer = self.source.ask(self.request).await.map_err(Refusal::Host)?;
        let answer = answer.map_err(Refusal::Call)?;
        if let Some(page) = answer.value.downcast_ref::<LoanPlanPage>() {
            self.state.plans.extend(page.result.iter().map(|plan| (plan.id, plan.clone())));
        }
        Ok(answer)
    }

    async fn list<L: List>(
        &mut self,
        request: Result<L, pod_platform::types::InvalidArgument>,
    ) -> Result<Answer, Refusal> {
        let request = request.map_err(invalid)?;
        let who = Who { user: self.user, business: self.business };
        let kept = std::mem::take(L::kept(self.state));
        let mut changes = Changes::<L::Item>::default();
        for changed in kept.changed() {
            let was_there = changed.before.as_ref();
            let was_there = was_there.is_some_and(|before| request.has(before, who, self.state));
            match (was_there, request.has(&changed.now, who, self.state)) {
                (true, false) => changes.gone.push(changed.now.id()),
                (false, true) => changes.come.push(changed.now.clone()),
                _ => {}
            }
        }
        *L::kept(self.state) = kept;

        let size = request.size();
        let from = request.from();
        // What exists here only, the platform need not be asked for.
        if request.id().is_some_and(|id| id >= FIRST_ID) {
            let mut come = changes.come;
            let count = come.len() as u64;
            if matches!(from, From::Offset(offset) if offset > 0) {
                come.clear();
            }
            come.truncate(size as usize);
            let come = come.into_iter().map(|item| L::freshen(item, self.state)).collect();
            return self.page::<L>(count, come, None);
        }
        let is_unchanged = changes.gone.is_empty() && changes.come.is_empty();
        let (start, wanted) = changes.window(from, size);
        let answer = if is_unchanged {
            self.source.ask(self.request).await
        } else {
            let request = request.at(start, wanted).prepare().map_err(invalid)?;
            self.source.ask(&request).await
        };
        let answer = answer.map_err(Refusal::Host)?.map_err(Refusal::Call)?;
        let (reference, raw) = (answer.reference_number, answer.result);
        let Ok(page) = answer.value.downcast::<L::Response>() else {
            unreachable!("`prepare` pairs a request with its own reader")
        };
        let (count, read) = L::parts(*page);
        L::kept(self.state).see(&read);
        let (count, items) = match is_unchanged {
            true => (count, read),
            false => changes.lay_over(from, size, start, wanted, count, read),
        };
        let mut differs = !is_unchanged;
        let items: Vec<L::Item> = items
            .into_iter()
            .map(|item| {
                let now = L::kept(self.state).now(item.id()).cloned();
                differs |= now.is_some();
                L::freshen(now.unwrap_or(item), self.state)
            })
            .collect();
        // What hangs on a loan may have changed, too.
        differs |= !self.state.is_untouched();
        if differs {
            return self.page::<L>(count, items, reference);
        }
        let value = Box::new(L::page(count, items));
        Ok(Answer { count: Some(count), result: raw, value, reference_number: reference })
    }

    fn page<L: List>(
        &self,
        count: u64,
        items: Vec<L::Item>,
        reference_number: Option<String>,
    ) -> Result<Answer, Refusal> {
        let page = L::page(count, items);
        let host =
            |error: serde_json::Error| Refusal::Host(crate::Error::Engine(error.to_string()));
        let written = L::write(&page).map_err(host)?;
        let result = Bytes::from(written.get().to_owned());
        Ok(Answer { count: Some(count), result, value: Box::new(page), reference_number })
    }

    /// The instalments of a loan that the run has made or changed.
    fn installments(
        &self,
        request: &GetInstallmentListRequest,
        loan: &Loan,
    ) -> Result<Answer, Refusal> {
        let deleted = InstallmentStatus::InstallmentStatusDeleted;
        let fits = |part: &&Installment| {
            request.id.is_none_or(|id| part.id == id)
                && request
                    .invoice_id
                    .is_none_or(|id| part.related_invoices.iter().any(|own| own.id == id))
                && within(part.due_date, request.from_date, request.to_date)
                && match &request.status_code {
                    Some(status) => part.status == *status,
                    None => part.status != deleted,
                }
        };
        let all: Vec<&Installment> = loan.installments.iter().filter(fits).collect();
        let count = all.len() as u64;
        let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let result = all.into_iter().skip(offset).take(request.size as usize).cloned().collect();
        let page = InstallmentPage { count, result };
        let result = super::written(&page.result)?;
        let value = Box::new(page);
        Ok(Answer { count: Some(count), result, value, reference_number: None })
    }

    /// A link to an invoice that exists here only: it leads nowhere.
    async fn link(
        &mut self,
        request: GetInvoicePaymentLinkRequest,
        invoice: Invoice,
    ) -> Result<Answer, Refusal> {
        let link = GetPayInvoiceByUniqueNumberLinkRequest {
            unique_number: invoice.unique_number.ok_or(Kind::NotFound)?,
            redirect_uri: request.redirect_uri,
            call_uri: request.callback_uri,
            gateway: request.gateway,
        };
        // Links are built, not fetched.
        let link = self.ask(&link).await?;
        self.answered(super::written(&link)?)
    }
}

impl State {
    /// Has the run changed nothing?
    fn is_untouched(&self) -> bool {
        self.invoices.changed().next().is_none()
    }
}

/// How a list differs from the platform's.
struct Changes<T> {
    gone: Vec<u64>,
    come: Vec<T>,
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self { gone: Vec::new(), come: Vec::new() }
    }
}

impl<T: Thing> Changes<T> {
    /// The part of the platform's list that a page is cut out of.
    fn window(&self, from: From, size: u32) -> (u64, u32) {
        let (gone, come) = (self.gone.len() as u64, self.come.len() as u64);
        let offset = match from {
            From::Offset(offset) => offset,
            From::First(_) | From::Last(_) => 0,
        };
        let start = offset.saturating_sub(come);
        let end = offset.saturating_add(size.into()).saturating_add(gone);
        (start, u32::try_from(end - start).unwrap_or(u32::MAX))
    }

    /// The page, and how many there are in all.
    fn lay_over(
        mut self,
        from: From,
        size: u32,
        start: u64,
        wanted: u32,
        count: u64,
        read: Vec<T>,
    ) -> (u64, Vec<T>) {
        let is_before = |one: u64, other: u64| match from {
            From::First(_) => one < other,
            From::Offset(_) | From::Last(_) => one > other,
        };
        // What the platform lists already does not come in.
        self.come.retain(|come| !read.iter().any(|item| item.id() == come.id()));
        let all = count.saturating_sub(self.gone.len() as u64) + self.come.len() as u64;
        match from {
            From::Offset(_) => {}
            From::First(id) => {
                self.come.retain(|come| come.id() >= id);
                self.gone.retain(|gone| *gone >= id);
            }
            From::Last(id) => {
                self.come.retain(|come| come.id() <= id);
                self.gone.retain(|gone| *gone <= id);
            }
        }
        let is_full = read.len() as u64 == u64::from(wanted);
        let shift = |id: u64| {
            let gone = self.gone.iter().filter(|gone| is_before(**gone, id)).count() as u64;
            let come = self.come.iter().filter(|come| is_before(come.id(), id)).count() as u64;
            (come, gone)
        };
        let place = |before: u64, id: u64| {
            let (come, gone) = shift(id);
            (before + come).saturating_sub(gone)
        };
        let mut placed: Vec<(u64, T)> = Vec::with_capacity(read.len() + self.come.len());
        for come in &self.come {
            let before = read.iter().filter(|item| is_before(item.id(), come.id())).count();
            let is_beyond = (before == 0 && start > 0) || (before == read.len() && is_full);
            if !is_beyond {
                placed.push((place(start + before as u64, come.id()), come.clone()));
            }
        }
        for (index, item) in read.into_iter().enumerate() {
            if !self.gone.contains(&item.id()) {
                placed.push((place(start + index as u64, item.id()), item));
            }
        }
        placed.sort_by_key(|(place, _)| *place);
        let offset = match from {
            From::Offset(offset) => offset,
            From::First(_) | From::Last(_) => 0,
        };
        let end = offset.saturating_add(size.into());
        let page = placed.into_iter().filter(|(place, _)| (offset..end).contains(place));
        (all, page.map(|(_, item)| item).collect())
    }
}
