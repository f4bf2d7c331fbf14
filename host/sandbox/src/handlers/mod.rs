//! What each service does. A new one is a [`Handle`](crate::service::Handle) for its request, and a
//! line in this list.

mod invoice_list;
mod issue_invoice;
mod netting;
mod payments;

use pod_platform::{
    invoices::{GetInvoiceListRequest, IssueInvoiceRequest},
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceByInvoiceRequest, PayInvoiceRequest},
};

use crate::service::Registry;

/// Every service that is served here.
pub(crate) fn registry() -> Registry {
    Registry::default()
        .serve::<IssueInvoiceRequest>()
        .serve::<GetInvoiceListRequest>()
        .serve::<PayAnyInvoiceByCreditRequest>()
        .serve::<PayInvoiceRequest>()
        .serve::<PayInvoiceByInvoiceRequest>()
}

#[cfg(test)]
mod tests {
    use pod_platform::{Service, ServiceVisitor, visit_services};

    use super::*;

    #[test]
    fn serves_the_whole_contract() {
        struct Served(Registry);

        impl ServiceVisitor for Served {
            fn visit<S: Service>(&mut self) {
                for product in [S::ROW.product.production, S::ROW.product.sandbox] {
                    let entry = self.0.get(product).map(|entry| entry.row.name);
                    assert_eq!(entry, Some(S::ROW.name), "{product}");
                }
            }
        }

        visit_services(&mut Served(registry()));
    }
}
