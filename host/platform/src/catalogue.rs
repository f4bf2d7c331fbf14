//! The service catalogue: a row for each WIT function that is a POD service. A function without a
//! row does not compile. Sources: S1 for payments, S2 and S3 for bills, S4 for loans, the public
//! clients for invoices and for the sandbox's numbers.

use crate::{
    evidence::Evidence,
    service::{
        EffectClass::{Idempotent, MarkedByUs, NoEvidence, Readable, SelfFencing},
        Route, Row,
        Rule::{
            AtLeast, AtLeastOne, Between, Cellphone, EmptyOrAsLongAs, ExactlyOne, Json,
            MoreThanZero, PriceOfItsOwn, SameLength, TogetherOrNone, Url, UtilityBill,
        },
        Sms,
        Stakes::{BillAmount, Nothing, PayableAmountOf, ReductionOf, RefundOf, TotalAmountOfLoan},
        TokenKind,
        Verb::{Get, Post},
    },
    types::PlatformErrorKind as Kind,
};

/// What S1 lists for each payment of an open invoice.
const UNPAYABLE: &[Kind] = &[
    Kind::BillAlreadyPayed,
    Kind::InvoiceIsCanceled,
    Kind::BillAlreadyClosed,
    Kind::BillIsWaitingForVerification,
    Kind::BillIsWaitingForGateway,
    Kind::WaitingForGuarantee,
];

/// The wallet that is meant where none is named.
pub const PODLAND_WALLET: &str = "PODLAND_WALLET";

/// What a payment from a wallet, or from credit that others delegated, names as its source.
const CREDIT: &[&str] = &["wallet", "delegatorId", "delegationHash"];

/// A one-time token and nothing else. The host's own; no guest can call it.
pub const GET_OTT: Row = Row::product("getOtt", 29_816, 39_311);

/// `invoices.issue-invoice`
pub const ISSUE_INVOICE: Row = Row::product("issueInvoice", 29_796, 39_291)
    .ott()
    .mutation(MarkedByUs, Nothing, Evidence::Marked)
    .rules(&[
        SameLength(&["productId", "price", "quantity", "productDescription"]),
        EmptyOrAsLongAs("discount", "productId"),
        AtLeast("price", 1),
        PriceOfItsOwn,
        MoreThanZero("quantity"),
        AtLeast("closeTimeOut", 600),
        Between("preferredTaxRate", 0.0, 1.0),
        Url("redirectURL"),
        Json("metadata"),
        Json("eventMetadata"),
        Json("eventReminders"),
        Cellphone("cellphoneNumber"),
    ])
    .errors(&[
        Kind::InvalidOtt,
        Kind::NoPermission,
        Kind::NotFound,
        Kind::InvalidNumber,
        Kind::BadParameters,
    ])
    .object(&["userId", "guildCode", "billNumber"])
    .id("invoiceId");

/// `invoices.get-invoice-list`
pub const GET_INVOICE_LIST: Row = Row::product("getInvoiceList", 29_813, 39_308)
    .rules(&[ExactlyOne(&["offset", "firstId", "lastId"]), AtLeast("size", 1)]);

/// `invoices.get-invoice-list-by-metadata`
pub const GET_INVOICE_LIST_BY_METADATA: Row =
    Row::product("getInvoiceListByMetadata", 29_814, 39_309)
        .rules(&[Json("metaQuery"), AtLeast("size", 1)]);

/// `invoices.verify-invoice`
pub const VERIFY_INVOICE: Row = Row::product("verifyInvoice", 29_809, 39_304)
    .mutation(SelfFencing, Nothing, Evidence::Verified)
    .rules(&[ExactlyOne(&["id", "billNumber"])])
    .errors(&[Kind::NotFound, Kind::NotWaitingForVerification, Kind::NoPermission])
    .invoice(&["id", "billNumber"])
    .object(&["id", "billNumber"])
    .id("invoiceId");

/// `invoices.verify-and-close-invoice`
pub const VERIFY_AND_CLOSE_INVOICE: Row = Row::product("verifyAndCloseInvoice", 29_808, 39_303)
    .mutation(SelfFencing, Nothing, Evidence::VerifiedAndClosed)
    .errors(&[Kind::NotFound, Kind::NotWaitingForVerification, Kind::NoPermission])
    .invoice(&["id"])
    .object(&["id"])
    .id("invoiceId");

/// `invoices.close-invoice`
pub const CLOSE_INVOICE: Row = Row::product("closeInvoice", 29_812, 39_307)
    .mutation(SelfFencing, Nothing, Evidence::Closed)
    .errors(&[Kind::NotFound, Kind::InvoiceNotPayed, Kind::BillAlreadyClosed, Kind::NoPermission])
    .invoice(&["id"])
    .object(&["id"])
    .id("invoiceId");

/// `invoices.cancel-invoice`: what was paid goes back. Of an invoice that nobody has paid, nothing
/// moves.
pub const CANCEL_INVOICE: Row = Row::product("cancelInvoice", 29_810, 39_305)
    .mutation(SelfFencing, RefundOf("id"), Evidence::Canceled)
    .errors(&[Kind::NotFound, Kind::InvoiceIsCanceled, Kind::NoPermission])
    .object(&["id"])
    .id("invoiceId");

/// `invoices.reduce-invoice`: at most all of the claim is forgiven.
pub const REDUCE_INVOICE: Row = Row::product("reduceInvoice", 29_803, 39_298)
    .mutation(Readable, ReductionOf("id"), Evidence::Reduced)
    .rules(&[
        TogetherOrNone(&["invoiceItemId", "price", "quantity", "itemDescription"]),
        Between("quantity", 0.0, f64::MAX),
        Between("preferredTaxRate", 0.0, 1.0),
    ])
    .errors(&[Kind::NotFound, Kind::InvoiceIsCanceled, Kind::InvalidNumber, Kind::NoPermission])
    .object(&["id"])
    .id("invoiceId");

/// `payments.pay-invoice-by-credit` (S0)
pub const PAY_INVOICE_BY_CREDIT: Row = Row::product("payInvoiceByCredit", 30_382, 39_316)
    .ott()
    .mutation(SelfFencing, PayableAmountOf("invoiceId"), Evidence::PaidForItself)
    .rules(&[EmptyOrAsLongAs("delegationHash", "delegatorId")])
    .errors(&[
        Kind::InvalidOtt,
        Kind::NotFound,
        Kind::InvoiceNotIssuedForCaller,
        Kind::BillAlreadyPayed,
        Kind::InvoiceIsCanceled,
        Kind::BillAlreadyClosed,
        Kind::BillIsWaitingForVerification,
        Kind::BillIsWaitingForGateway,
        Kind::WaitingForGuarantee,
        Kind::InsufficientFunds,
    ])
    .wallet(PODLAND_WALLET)
    .object(&["invoiceId"])
    .source(CREDIT);

/// `payments.pay-any-invoice-by-credit` (S1, payAnyInvoiceByCredit)
pub const PAY_ANY_INVOICE_BY_CREDIT: Row = Row::product("payAnyInvoiceByCredit", 29_821, 39_317)
    .ott()
    .mutation(SelfFencing, PayableAmountOf("invoiceId"), Evidence::PaidByAccount)
    .rules(&[EmptyOrAsLongAs("delegationHash", "delegatorId")])
    .errors(&[
        Kind::InvalidOtt,
        Kind::NotFound,
        Kind::BillAlreadyPayed,
        Kind::InvoiceIsCanceled,
        Kind::BillAlreadyClosed,
        Kind::BillIsWaitingForVerification,
        Kind::BillIsWaitingForGateway,
        Kind::WaitingForGuarantee,
        Kind::InsufficientFunds,
    ])
    .wallet(PODLAND_WALLET)
    .object(&["invoiceId"])
    .source(CREDIT);

/// `payments.send-invoice-payment-SMS` (S1, sendInvoicePaymentSMS): asks, and pays nothing.
pub const SEND_INVOICE_PAYMENT_SMS: Row = Row::product("sendInvoicePaymentSMS", 29_807, 39_302)
    .mutation(NoEvidence, Nothing, Evidence::Hidden)
    .rules(&[
        Between("smsContentType", 1.0, 3.0),
        EmptyOrAsLongAs("delegationHash", "delegatorId"),
        Url("redirectUri"),
        Url("callbackUri"),
    ])
    .errors(UNPAYABLE)
    .invoice(&["invoiceId"])
    .wallet(PODLAND_WALLET)
    .sms(Sms::Always)
    .object(&["invoiceId"]);

/// `payments.verify-payment-SMS` (S1, verifyPaymentSMS)
pub const VERIFY_PAYMENT_SMS: Row = Row::production("verifyPaymentSMS", 369_550, &[])
    .mutation(SelfFencing, PayableAmountOf("invoiceId"), Evidence::PaidByItsUser)
    .errors(&[
        Kind::CodeInvalidOrExpired,
        Kind::BillAlreadyPayed,
        Kind::InvoiceIsCanceled,
        Kind::BillAlreadyClosed,
        Kind::BillIsWaitingForVerification,
        Kind::BillIsWaitingForGateway,
    ])
    .object(&["invoiceId"]);

/// `payments.pay-invoice` (S1, payInvoice): the claim on the payer is given up on POD.
pub const PAY_INVOICE: Row = Row::product("payInvoice", 29_799, 39_294)
    .business()
    .mutation(SelfFencing, PayableAmountOf("invoiceId"), Evidence::PaidOutsidePod)
    .errors(UNPAYABLE)
    .object(&["invoiceId"]);

/// `payments.pay-invoice-by-invoice` (S1, payInvoiceByInvoice)
pub const PAY_INVOICE_BY_INVOICE: Row = Row::product("payInvoiceByInvoice", 29_800, 39_295)
    .business()
    .mutation(SelfFencing, PayableAmountOf("debtorInvoiceId"), Evidence::Earmarked)
    .errors(&[
        Kind::NotFound,
        Kind::CreditorInvoiceNotPayed,
        Kind::NoPermission,
        Kind::CreditorInvoiceEarmarked,
    ])
    .object(&["creditorInvoiceId", "debtorInvoiceId"]);

/// `payments.pay-invoice-in-future` (S1, payInvoiceInFuture)
pub const PAY_INVOICE_IN_FUTURE: Row = Row::product("payInvoiceInFuture", 29_802, 39_297)
    .business()
    .ott()
    .mutation(SelfFencing, PayableAmountOf("invoiceId"), Evidence::Guaranteed)
    .rules(&[ExactlyOne(&["guildCode", "wallet"])])
    .errors(&[
        Kind::InvalidOtt,
        Kind::InvoiceNotIssuedForCaller,
        Kind::NotEnoughCreditToBlock,
        Kind::WaitingForGuarantee,
    ])
    .object(&["invoiceId", "date"])
    .source(&["wallet", "guildCode"]);

/// `payments.pay-invoice-by-pos` (S1, payInvoiceByPos)
pub const PAY_INVOICE_BY_POS: Row = Row::product("payInvoiceByPos", 29_801, 39_296)
    .business()
    .mutation(SelfFencing, PayableAmountOf("invoiceId"), Evidence::PaidByTerminal)
    .errors(&[Kind::NotFound, Kind::BillAlreadyPayed])
    .wallet(PODLAND_WALLET)
    .object(&["invoiceId", "terminalNumber", "referenceNumber"]);

/// `payments.get-invoice-payment-link` (S0): whoever has the link may pay, nobody has to.
pub const GET_INVOICE_PAYMENT_LINK: Row = Row::product("getInvoicePaymentLink", 29_815, 39_310)
    .rules(&[Url("redirectUri"), Url("callbackUri")])
    .invoice(&["invoiceId"]);

/// `payments.send-payment-link-to-user` (S1): asks, and pays nothing.
pub const SEND_PAYMENT_LINK_TO_USER: Row = Row::production("sendPaymentLinkToUser", 1_113_426, &[])
    .business()
    .mutation(NoEvidence, Nothing, Evidence::Hidden)
    .rules(&[Url("redirectUri")])
    .errors(&[Kind::InvoiceNotIssuedForCaller])
    .invoice(&["invoiceId"])
    .sms(Sms::Always)
    .object(&["invoiceId", "userId"]);

/// `payments.get-pay-invoice-by-wallet-link` (S0, S1)
pub const GET_PAY_INVOICE_BY_WALLET_LINK: Row = Row::of(
    "getPayInvoiceByWalletLink",
    Route::Link { path: "/v1/pbc/payinvoice/" },
    TokenKind::Any,
)
.rules(&[Url("redirectUri"), Url("callUri")])
.invoice(&["invoiceId"]);

/// `payments.get-pay-invoice-by-unique-number-link` (S0, S1)
pub const GET_PAY_INVOICE_BY_UNIQUE_NUMBER_LINK: Row = Row::of(
    "getPayInvoiceByUniqueNumberLink",
    Route::Link { path: "/v1/pbc/payInvoiceByUniqueNumber/" },
    TokenKind::Any,
)
.rules(&[Url("redirectUri"), Url("callUri")])
.invoice(&["uniqueNumber"]);

/// `bills.pay-bill` (S3; the older number S2, and those of the public clients)
pub const PAY_BILL: Row = Row::production("payBill", 27_903_493, &[52_042, 14_838, 36_292])
    .mutation(SelfFencing, BillAmount, Evidence::BillPaid)
    .rules(&[UtilityBill])
    .errors(&[
        Kind::InvalidNumber,
        Kind::InvalidPaymentId,
        Kind::InvalidBillId,
        Kind::DuplicateServiceBill,
        Kind::TrafficFineNotProcessed,
        Kind::InsufficientFunds,
    ])
    .wallet(PODLAND_WALLET)
    .object(&["billId", "paymentId"])
    .id("serviceBillId")
    .source(&["wallet"]);

/// `bills.issue-bill-invoice` (S3)
pub const ISSUE_BILL_INVOICE: Row = Row::production("issueBillInvoice", 27_903_191, &[])
    .mutation(Idempotent, Nothing, Evidence::ByRepeat)
    .rules(&[UtilityBill])
    .errors(&[
        Kind::InvalidNumber,
        Kind::InvalidPaymentId,
        Kind::InvalidBillId,
        Kind::DuplicateServiceBill,
        Kind::TrafficFineNotProcessed,
    ])
    .object(&["billId", "paymentId"])
    .id("invoiceId");

/// `bills.get-gateway-link` (S3)
pub const GET_GATEWAY_LINK: Row = Row::product("getGatewayLink", 46_547_342, 217_462)
    .rules(&[Url("redirectUri"), Url("callUri")])
    .errors(&[Kind::BadParameters, Kind::ProviderError])
    .invoice(&["uniqueNumber"]);

/// `bills.list-bills` (S3; the older number S2, and those of the public clients)
pub const LIST_BILLS: Row =
    Row::production("listBills", 3_884_760, &[52_043, 22_373, 36_293]).rules(&[AtLeast("size", 1)]);

/// `bills.cancel-bill` (S3; the older number S2)
pub const CANCEL_BILL: Row = Row::production("cancelBill", 3_884_767, &[52_044])
    .mutation(Readable, Nothing, Evidence::BillCanceled)
    .spelling(&[("id", "Id")])
    .errors(&[Kind::NotFound, Kind::NoPermission])
    .object(&["id"])
    .id("serviceBillId");

/// `files.upload-file`. No document of POD describes it: path and fields are those that POD's
/// clients use. Of a file whose answer was lost nobody has the hash, so a second one does no harm.
pub const UPLOAD_FILE: Row =
    Row::of("uploadFile", Route::Upload { path: "/nzh/uploadFile" }, TokenKind::Any)
        .mutation(Idempotent, Nothing, Evidence::ByRepeat)
        .object(&["fileName"])
        .id("fileId");

/// `files.get-file` (S2, S4)
pub const GET_FILE: Row = Row::of("file", Route::Download { path: "/nzh/file" }, TokenKind::Any)
    .errors(&[Kind::NotFound]);

/// `loans.update-loan-grantor-credit-for-users` (S4): raises what customers may borrow; no rial
/// moves before one does. No service lists a contract's members.
pub const UPDATE_LOAN_GRANTOR_CREDIT_FOR_USERS: Row = Row::path(
    "updateLoanGrantorCreditForUsers",
    Post,
    "/nzh/biz/updateLoanGrantorCreditForUsers",
    TokenKind::Business,
)
.mutation(NoEvidence, Nothing, Evidence::Hidden)
.errors(&[Kind::NotFound, Kind::NoPermission])
.object(&["contractId", "fileId"]);

/// `loans.remove-permitted-user-from-loan-contract` (S4)
pub const REMOVE_PERMITTED_USER_FROM_LOAN_CONTRACT: Row = Row::path(
    "removePermittedUserFromLoanContract",
    Post,
    "/nzh/biz/removePermittedUserFromLoanContract",
    TokenKind::Business,
)
.mutation(NoEvidence, Nothing, Evidence::Hidden)
.rules(&[
    AtLeastOne(&["userId", "cellphoneNumber", "nationalCode", "username"]),
    Cellphone("cellphoneNumber"),
])
.errors(&[Kind::NotFound, Kind::NoPermission])
.object(&["contractId", "userId", "cellphoneNumber", "nationalCode", "username"]);

/// `loans.loan-plan-list` (S4)
pub const LOAN_PLAN_LIST: Row =
    Row::path("loanPlanList", Get, "/nzh/loanPlanList", TokenKind::Access)
        .rules(&[AtLeast("size", 1)]);

/// `loans.update-loan-by-plan` (S4): what is still owed is owed otherwise.
pub const UPDATE_LOAN_BY_PLAN: Row =
    Row::path("updateLoanByPlan", Post, "/nzh/updateLoanByPlan", TokenKind::Access)
        .mutation(SelfFencing, TotalAmountOfLoan("loanId"), Evidence::LoanHasPlan)
        .errors(&[Kind::NotFound, Kind::NoPermission])
        .object(&["loanId", "planId"]);

/// `loans.business-loan-list` (S4)
pub const BUSINESS_LOAN_LIST: Row =
    Row::path("businessLoanList", Get, "/nzh/biz/loanList", TokenKind::Business)
        .rules(&[AtLeast("size", 1)]);

/// `loans.loan-list` (S4)
pub const LOAN_LIST: Row =
    Row::path("loanList", Get, "/nzh/loanList", TokenKind::Access).rules(&[AtLeast("size", 1)]);

/// `loans.get-installment-list` (S4)
pub const GET_INSTALLMENT_LIST: Row =
    Row::path("getInstallmentList", Get, "/nzh/biz/getInstallmentList", TokenKind::Business)
        .rules(&[AtLeast("size", 1)])
        .errors(&[Kind::NotFound]);

/// `loans.pay-invoice-by-loan` (S4): a GET that changes something, so nothing may repeat it
/// unasked. The debt is that of the invoice's customer.
pub const PAY_INVOICE_BY_LOAN: Row =
    Row::path("payInvoiceByLoan", Get, "/nzh/payInvoiceByLoan", TokenKind::Business)
        .mutation(Readable, PayableAmountOf("invoiceId"), Evidence::LoanForInvoice)
        .errors(&[
            Kind::NotFound,
            Kind::NoPermission,
            Kind::InsufficientFunds,
            Kind::BillAlreadyPayed,
        ])
        .object(&["invoiceId"])
        .id("loanId")
        .source(&["contractId", "planId"]);
