//! Utility bills.

use pod_platform::types::PlatformErrorKind as Kind;
use pod_platform::{bills::*, invoices::Invoice};

use crate::service::{Context, Handle, Refusal};

impl Handle for PayBillRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<ServiceBill, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for IssueBillInvoiceRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<Invoice, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for ListBillsRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<BillPage, Refusal> {
        Err(Kind::NoPermission.into())
    }
}

impl Handle for CancelBillRequest {
    async fn handle(self, _context: &mut Context<'_>) -> Result<ServiceBill, Refusal> {
        Err(Kind::NoPermission.into())
    }
}
