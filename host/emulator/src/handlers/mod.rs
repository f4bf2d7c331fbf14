//! What each service does. A new one is a [`Handle`](crate::service::Handle) for its request, and a
//! line in this list.

mod bills;
mod files;
mod invoice_list;
mod invoice_list_by_metadata;
mod invoice_states;
mod issue_invoice;
mod links;
mod loan_lists;
mod loan_members;
mod loans;
mod netting;
mod payment_sms;
pub(crate) mod payments;
mod product_srv;
mod reduce_invoice;

use pod_platform::{
    bills::{
        CancelBillRequest, GetGatewayLinkRequest, IssueBillInvoiceRequest, ListBillsRequest,
        PayBillRequest,
    },
    files::{GetFileRequest, UploadFileRequest},
    invoices::{
        CancelInvoiceRequest, CloseInvoiceRequest, GetInvoiceListByMetadataRequest,
        GetInvoiceListRequest, IssueInvoiceRequest, ReduceInvoiceRequest,
        VerifyAndCloseInvoiceRequest, VerifyInvoiceRequest,
    },
    loans::{
        BusinessLoanListRequest, GetInstallmentListRequest, LoanListRequest, LoanPlanListRequest,
        PayInvoiceByLoanRequest, RemovePermittedUserFromLoanContractRequest,
        UpdateLoanByPlanRequest, UpdateLoanGrantorCreditForUsersRequest,
    },
    payments::{
        GetInvoicePaymentLinkRequest, PayAnyInvoiceByCreditRequest, PayInvoiceByCreditRequest,
        PayInvoiceByInvoiceRequest, PayInvoiceByPosRequest, PayInvoiceInFutureRequest,
        PayInvoiceRequest, SendInvoicePaymentSMSRequest, SendPaymentLinkToUserRequest,
        VerifyPaymentSMSRequest,
    },
};

use crate::service::Registry;

/// Every service that is served here, but for the links, which are the payment pages' own.
pub(crate) fn registry() -> Registry {
    Registry::default()
        .serve::<IssueInvoiceRequest>()
        .serve::<GetInvoiceListRequest>()
        .serve::<GetInvoiceListByMetadataRequest>()
        .serve::<VerifyInvoiceRequest>()
        .serve::<VerifyAndCloseInvoiceRequest>()
        .serve::<CloseInvoiceRequest>()
        .serve::<CancelInvoiceRequest>()
        .serve::<ReduceInvoiceRequest>()
        .serve::<PayInvoiceByCreditRequest>()
        .serve::<PayAnyInvoiceByCreditRequest>()
        .serve::<SendInvoicePaymentSMSRequest>()
        .serve::<VerifyPaymentSMSRequest>()
        .serve::<PayInvoiceRequest>()
        .serve::<PayInvoiceByInvoiceRequest>()
        .serve::<PayInvoiceInFutureRequest>()
        .serve::<PayInvoiceByPosRequest>()
        .serve::<GetInvoicePaymentLinkRequest>()
        .serve::<SendPaymentLinkToUserRequest>()
        .serve::<PayBillRequest>()
        .serve::<IssueBillInvoiceRequest>()
        .serve::<GetGatewayLinkRequest>()
        .serve::<ListBillsRequest>()
        .serve::<CancelBillRequest>()
        .serve::<UploadFileRequest>()
        .serve::<GetFileRequest>()
        .serve::<UpdateLoanGrantorCreditForUsersRequest>()
        .serve::<RemovePermittedUserFromLoanContractRequest>()
        .serve::<LoanPlanListRequest>()
        .serve::<UpdateLoanByPlanRequest>()
        .serve::<BusinessLoanListRequest>()
        .serve::<LoanListRequest>()
        .serve::<GetInstallmentListRequest>()
        .serve::<PayInvoiceByLoanRequest>()
}

#[cfg(test)]
mod tests {
    use pod_platform::{Route, Service, ServiceVisitor, visit_services};

    use super::*;
    use crate::{pages, service::Entry};

    #[test]
    fn serves_the_whole_contract() {
        struct Served(Registry);

        impl ServiceVisitor for Served {
            fn visit<S: Service>(&mut self) {
                let name = |entry: Option<Entry>| entry.map(|entry| entry.row.name);
                let own = Some(S::ROW.name);
                match S::ROW.route {
                    Route::Product(product) => {
                        for number in product.numbers() {
                            assert_eq!(name(self.0.product(number)), own, "{number}");
                        }
                    }
                    Route::Path { path, .. }
                    | Route::Upload { path }
                    | Route::Download { path } => assert_eq!(name(self.0.path(path)), own),
                    Route::Link { path } => assert!(pages::PATHS.contains(&path), "{path}"),
                }
            }
        }

        visit_services(&mut Served(registry()));
    }
}
