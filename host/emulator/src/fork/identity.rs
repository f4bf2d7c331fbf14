//! Whom a fork is for. No service of POD's says whose a token is; the invoices that it sees do, as far
//! as one of their two sides is known already.

use std::sync::{Mutex, PoisonError};

use pod_platform::{
    Service as _,
    invoices::{GetInvoiceListRequest, Invoice, InvoicePage},
    types,
};

use super::{FIRST_ID, Upstream, know::Side};
use crate::parties::Caller;

/// The id of the account's business or user, as long as nobody knows it.
pub(crate) const NOBODY: i64 = FIRST_ID.cast_signed();

/// At how many invoices it looks at first: one call.
const LOOKED_AT: u32 = 50;

/// The account's business and user.
pub(crate) struct Identity(Mutex<Known>);

#[derive(Clone, Copy)]
struct Known {
    business: Option<i64>,
    user: Option<i64>,
}

impl Identity {
    pub(crate) fn new(business: Option<u64>, user: Option<u64>) -> Self {
        let own = |id: Option<u64>| id.map(u64::cast_signed);
        Self(Mutex::new(Known { business: own(business), user: own(user) }))
    }

    /// Looks at the newest invoices, unless both are known.
    pub(super) async fn look_around(&self, upstream: &dyn Upstream) -> Result<(), types::Error> {
        if let Known { business: Some(_), user: Some(_) } = self.known() {
            return Ok(());
        }
        let list = GetInvoiceListRequest {
            offset: Some(0),
            size: LOOKED_AT,
            ..GetInvoiceListRequest::default()
        };
        let list = list.prepare().map_err(types::Error::InvalidArgument)?;
        let answer = upstream.read(&list).await?;
        let page = answer.value.downcast_ref::<InvoicePage>();
        for invoice in page.into_iter().flat_map(|page| &page.result) {
            self.learn(invoice, Side::Either);
        }
        Ok(())
    }

    fn known(&self) -> Known {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As whom the account acts. One whose business nobody knows is taken to have one.
    pub(crate) fn caller(&self) -> Caller {
        let Known { business, user } = self.known();
        Caller { user_id: user.unwrap_or(NOBODY), business_id: Some(business.unwrap_or(NOBODY)) }
    }

    pub(crate) fn knows_business(&self) -> bool {
        self.known().business.is_some()
    }

    /// Learns from an invoice that the account sees, and on whose one `side` it acts. The user that
    /// it turned out to be, if that is new.
    pub(super) fn learn(&self, invoice: &Invoice, side: Side) -> Option<i64> {
        let issuer = invoice.business.as_ref().map(|business| business.id.cast_signed());
        let owner = invoice.issuer_srv.as_ref().map(|user| user.id.cast_signed());
        let customer = invoice.user_srv.as_ref().map(|user| user.id.cast_signed());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let had_user = known.user.is_some();
        let is_issuer = match *known {
            Known { business: Some(own), .. } => issuer.map(|issuer| issuer == own),
            Known { user: Some(own), .. } => Some(customer != Some(own)),
            Known { .. } => match side {
                Side::Issued => Some(true),
                Side::Owed => Some(false),
                Side::Either => customer.is_none().then_some(true),
            },
        };
        match is_issuer {
            Some(true) => {
                known.business = known.business.or(issuer);
                known.user = known.user.or(owner);
            }
            Some(false) => known.user = known.user.or(customer),
            None => {}
        }
        known.user.filter(|_| !had_user)
    }
}
