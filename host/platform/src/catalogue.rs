//! The service catalogue: a row for each WIT function that is a POD service. A function without a
//! row does not compile. Sources: S1 for payments, S2 and S3 for bills, S4 for loans, the public
//! clients for invoices and for the sandbox's numbers.

use crate::{
    evidence::Evidence,
    service::{
        EffectClass::{Idempotent, MarkedByUs, NoEvidence, Readable, SelfFencing},
        Mutation, Route, Row,
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
pub const GET_OTT: Row = Row::read("getOtt", Route::product(29_816, 39_311), TokenKind::Any, &[]);

/// `invoices.issue-invoice`
pub const ISSUE_INVOICE: Row = Row::mutation(
    "issueInvoice",
    Route::product(29_796, 39_291),
    TokenKind::Any,
    Mutation {
        class: MarkedByUs,
        stakes: Nothing,
        evidence: Evidence::Marked,
        needs_ott: true,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["userId", "guildCode", "billNumber"],
        source: &[],
    },
)
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
.id("invoiceId");

/// `invoices.get-invoice-list`
pub const GET_INVOICE_LIST: Row =
    Row::read("getInvoiceList", Route::product(29_813, 39_308), TokenKind::Any, &[])
        .rules(&[ExactlyOne(&["offset", "firstId", "lastId"]), AtLeast("size", 1)]);

/// `invoices.get-invoice-list-by-metadata`
pub const GET_INVOICE_LIST_BY_METADATA: Row =
    Row::read("getInvoiceListByMetadata", Route::product(29_814, 39_309), TokenKind::Any, &[])
        .rules(&[Json("metaQuery"), AtLeast("size", 1)]);

/// `invoices.verify-invoice`
pub const VERIFY_INVOICE: Row = Row::mutation(
    "verifyInvoice",
    Route::product(29_809, 39_304),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: Nothing,
        evidence: Evidence::Verified,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &["id", "billNumber"],
        object: &["id", "billNumber"],
        source: &[],
    },
)
.rules(&[ExactlyOne(&["id", "billNumber"])])
.errors(&[Kind::NotFound, Kind::NotWaitingForVerification, Kind::NoPermission])
.id("invoiceId");

/// `invoices.verify-and-close-invoice`
pub const VERIFY_AND_CLOSE_INVOICE: Row = Row::mutation(
    "verifyAndCloseInvoice",
    Route::product(29_808, 39_303),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: Nothing,
        evidence: Evidence::VerifiedAndClosed,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &["id"],
        object: &["id"],
        source: &[],
    },
)
.errors(&[Kind::NotFound, Kind::NotWaitingForVerification, Kind::NoPermission])
.id("invoiceId");

/// `invoices.close-invoice`
pub const CLOSE_INVOICE: Row = Row::mutation(
    "closeInvoice",
    Route::product(29_812, 39_307),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: Nothing,
        evidence: Evidence::Closed,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &["id"],
        object: &["id"],
        source: &[],
    },
)
.errors(&[Kind::NotFound, Kind::InvoiceNotPayed, Kind::BillAlreadyClosed, Kind::NoPermission])
.id("invoiceId");

/// `invoices.cancel-invoice`: what was paid goes back. Of an invoice that nobody has paid, nothing
/// moves.
pub const CANCEL_INVOICE: Row = Row::mutation(
    "cancelInvoice",
    Route::product(29_810, 39_305),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: RefundOf("id"),
        evidence: Evidence::Canceled,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["id"],
        source: &[],
    },
)
.errors(&[Kind::NotFound, Kind::InvoiceIsCanceled, Kind::NoPermission])
.id("invoiceId");

/// `invoices.reduce-invoice`: at most all of the claim is forgiven.
pub const REDUCE_INVOICE: Row = Row::mutation(
    "reduceInvoice",
    Route::product(29_803, 39_298),
    TokenKind::Any,
    Mutation {
        class: Readable,
        stakes: ReductionOf("id"),
        evidence: Evidence::Reduced,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["id"],
        source: &[],
    },
)
.rules(&[
    TogetherOrNone(&["invoiceItemId", "price", "quantity", "itemDescription"]),
    Between("quantity", 0.0, f64::MAX),
    Between("preferredTaxRate", 0.0, 1.0),
])
.errors(&[Kind::NotFound, Kind::InvoiceIsCanceled, Kind::InvalidNumber, Kind::NoPermission])
.id("invoiceId");

/// `payments.pay-invoice-by-credit` (S0)
pub const PAY_INVOICE_BY_CREDIT: Row = Row::mutation(
    "payInvoiceByCredit",
    Route::product(30_382, 39_316),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: PayableAmountOf("invoiceId"),
        evidence: Evidence::PaidForItself,
        needs_ott: true,
        sms: Sms::None,
        wallet: Some(PODLAND_WALLET),
        invoice: &[],
        object: &["invoiceId"],
        source: CREDIT,
    },
)
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
]);

/// `payments.pay-any-invoice-by-credit` (S1, payAnyInvoiceByCredit)
pub const PAY_ANY_INVOICE_BY_CREDIT: Row = Row::mutation(
    "payAnyInvoiceByCredit",
    Route::product(29_821, 39_317),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: PayableAmountOf("invoiceId"),
        evidence: Evidence::PaidByAccount,
        needs_ott: true,
        sms: Sms::None,
        wallet: Some(PODLAND_WALLET),
        invoice: &[],
        object: &["invoiceId"],
        source: CREDIT,
    },
)
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
]);

/// `payments.send-invoice-payment-SMS` (S1, sendInvoicePaymentSMS): asks, and pays nothing.
pub const SEND_INVOICE_PAYMENT_SMS: Row = Row::mutation(
    "sendInvoicePaymentSMS",
    Route::product(29_807, 39_302),
    TokenKind::Any,
    Mutation {
        class: NoEvidence,
        stakes: Nothing,
        evidence: Evidence::Hidden,
        needs_ott: false,
        sms: Sms::Always,
        wallet: Some(PODLAND_WALLET),
        invoice: &["invoiceId"],
        object: &["invoiceId"],
        source: &[],
    },
)
.rules(&[
    Between("smsContentType", 1.0, 3.0),
    EmptyOrAsLongAs("delegationHash", "delegatorId"),
    Url("redirectUri"),
    Url("callbackUri"),
])
.errors(UNPAYABLE);

/// `payments.verify-payment-SMS` (S1, verifyPaymentSMS)
pub const VERIFY_PAYMENT_SMS: Row = Row::mutation(
    "verifyPaymentSMS",
    Route::production(369_550, &[]),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: PayableAmountOf("invoiceId"),
        evidence: Evidence::PaidByItsUser,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["invoiceId"],
        source: &[],
    },
)
.errors(&[
    Kind::CodeInvalidOrExpired,
    Kind::BillAlreadyPayed,
    Kind::InvoiceIsCanceled,
    Kind::BillAlreadyClosed,
    Kind::BillIsWaitingForVerification,
    Kind::BillIsWaitingForGateway,
]);

/// `payments.pay-invoice` (S1, payInvoice): the claim on the payer is given up on POD.
pub const PAY_INVOICE: Row = Row::mutation(
    "payInvoice",
    Route::product(29_799, 39_294),
    TokenKind::Business,
    Mutation {
        class: SelfFencing,
        stakes: PayableAmountOf("invoiceId"),
        evidence: Evidence::PaidOutsidePod,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["invoiceId"],
        source: &[],
    },
)
.errors(UNPAYABLE);

/// `payments.pay-invoice-by-invoice` (S1, payInvoiceByInvoice)
pub const PAY_INVOICE_BY_INVOICE: Row = Row::mutation(
    "payInvoiceByInvoice",
    Route::product(29_800, 39_295),
    TokenKind::Business,
    Mutation {
        class: SelfFencing,
        stakes: PayableAmountOf("debtorInvoiceId"),
        evidence: Evidence::Earmarked,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["creditorInvoiceId", "debtorInvoiceId"],
        source: &[],
    },
)
.errors(&[
    Kind::NotFound,
    Kind::CreditorInvoiceNotPayed,
    Kind::NoPermission,
    Kind::CreditorInvoiceEarmarked,
]);

/// `payments.pay-invoice-in-future` (S1, payInvoiceInFuture)
pub const PAY_INVOICE_IN_FUTURE: Row = Row::mutation(
    "payInvoiceInFuture",
    Route::product(29_802, 39_297),
    TokenKind::Business,
    Mutation {
        class: SelfFencing,
        stakes: PayableAmountOf("invoiceId"),
        evidence: Evidence::Guaranteed,
        needs_ott: true,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["invoiceId", "date"],
        source: &["wallet", "guildCode"],
    },
)
.rules(&[ExactlyOne(&["guildCode", "wallet"])])
.errors(&[
    Kind::InvalidOtt,
    Kind::InvoiceNotIssuedForCaller,
    Kind::NotEnoughCreditToBlock,
    Kind::WaitingForGuarantee,
]);

/// `payments.pay-invoice-by-pos` (S1, payInvoiceByPos)
pub const PAY_INVOICE_BY_POS: Row = Row::mutation(
    "payInvoiceByPos",
    Route::product(29_801, 39_296),
    TokenKind::Business,
    Mutation {
        class: SelfFencing,
        stakes: PayableAmountOf("invoiceId"),
        evidence: Evidence::PaidByTerminal,
        needs_ott: false,
        sms: Sms::None,
        wallet: Some(PODLAND_WALLET),
        invoice: &[],
        object: &["invoiceId", "terminalNumber", "referenceNumber"],
        source: &[],
    },
)
.errors(&[Kind::NotFound, Kind::BillAlreadyPayed]);

/// `payments.get-invoice-payment-link` (S0): whoever has the link may pay, nobody has to. POD's answer
/// ends in `&`, and public clients append where the payer goes, and how.
pub const GET_INVOICE_PAYMENT_LINK: Row = Row::read(
    "getInvoicePaymentLink",
    Route::product(29_815, 39_310),
    TokenKind::Any,
    &["invoiceId"],
)
.appended(&["redirectUri", "callbackUri", "gateway"])
.rules(&[Url("redirectUri"), Url("callbackUri")]);

/// `payments.send-payment-link-to-user` (S1): asks, and pays nothing. S1's text lets a customer call
/// it, its table a business: both may.
pub const SEND_PAYMENT_LINK_TO_USER: Row = Row::mutation(
    "sendPaymentLinkToUser",
    Route::production(1_113_426, &[]),
    TokenKind::Any,
    Mutation {
        class: NoEvidence,
        stakes: Nothing,
        evidence: Evidence::Hidden,
        needs_ott: false,
        sms: Sms::Always,
        wallet: None,
        invoice: &["invoiceId"],
        object: &["invoiceId", "userId"],
        source: &[],
    },
)
.rules(&[Url("redirectUri")])
.errors(&[Kind::InvoiceNotIssuedForCaller]);

/// `payments.get-pay-invoice-by-wallet-link` (S0, S1)
pub const GET_PAY_INVOICE_BY_WALLET_LINK: Row = Row::read(
    "getPayInvoiceByWalletLink",
    Route::Link { path: "/v1/pbc/payinvoice/" },
    TokenKind::Any,
    &["invoiceId"],
)
.rules(&[Url("redirectUri"), Url("callUri")]);

/// `payments.get-pay-invoice-by-unique-number-link` (S0, S1)
pub const GET_PAY_INVOICE_BY_UNIQUE_NUMBER_LINK: Row = Row::read(
    "getPayInvoiceByUniqueNumberLink",
    Route::Link { path: "/v1/pbc/payInvoiceByUniqueNumber/" },
    TokenKind::Any,
    &["uniqueNumber"],
)
.rules(&[Url("redirectUri"), Url("callUri")]);

/// `bills.pay-bill` (S3; the older number S2, and those of the public clients)
pub const PAY_BILL: Row = Row::mutation(
    "payBill",
    Route::production(27_903_493, &[52_042, 14_838, 36_292]),
    TokenKind::Any,
    Mutation {
        class: SelfFencing,
        stakes: BillAmount,
        evidence: Evidence::BillPaid,
        needs_ott: false,
        sms: Sms::None,
        wallet: Some(PODLAND_WALLET),
        invoice: &[],
        object: &["billId", "paymentId"],
        source: &["wallet"],
    },
)
.rules(&[UtilityBill])
.errors(&[
    Kind::InvalidNumber,
    Kind::InvalidPaymentId,
    Kind::InvalidBillId,
    Kind::DuplicateServiceBill,
    Kind::TrafficFineNotProcessed,
    Kind::InsufficientFunds,
])
.id("serviceBillId");

/// `bills.issue-bill-invoice` (S3)
pub const ISSUE_BILL_INVOICE: Row = Row::mutation(
    "issueBillInvoice",
    Route::production(27_903_191, &[]),
    TokenKind::Any,
    Mutation {
        class: Idempotent,
        stakes: Nothing,
        evidence: Evidence::BillInvoiced,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["billId", "paymentId"],
        source: &[],
    },
)
.rules(&[UtilityBill])
.errors(&[
    Kind::InvalidNumber,
    Kind::InvalidPaymentId,
    Kind::InvalidBillId,
    Kind::DuplicateServiceBill,
    Kind::TrafficFineNotProcessed,
])
.id("invoiceId");

/// `bills.get-gateway-link` (S3)
pub const GET_GATEWAY_LINK: Row = Row::read(
    "getGatewayLink",
    Route::product(46_547_342, 217_462),
    TokenKind::Any,
    &["uniqueNumber"],
)
.rules(&[Url("redirectUri"), Url("callUri")])
.errors(&[Kind::BadParameters, Kind::ProviderError]);

/// `bills.list-bills` (S3; the older number S2, and those of the public clients)
pub const LIST_BILLS: Row = Row::read(
    "listBills",
    Route::production(3_884_760, &[52_043, 22_373, 36_293]),
    TokenKind::Any,
    &[],
)
.rules(&[AtLeast("size", 1)]);

/// `bills.cancel-bill` (S3; the older number S2)
pub const CANCEL_BILL: Row = Row::mutation(
    "cancelBill",
    Route::production(3_884_767, &[52_044]),
    TokenKind::Any,
    Mutation {
        class: Readable,
        stakes: Nothing,
        evidence: Evidence::BillCanceled,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["id"],
        source: &[],
    },
)
.spelling(&[("id", "Id")])
.errors(&[Kind::NotFound, Kind::NoPermission])
.id("serviceBillId");

/// `files.upload-file`. No document of POD describes it: path and fields are those that POD's
/// clients use. Of a file whose answer was lost nobody has the hash, so a second one does no harm.
pub const UPLOAD_FILE: Row = Row::mutation(
    "uploadFile",
    Route::Upload { path: "/nzh/uploadFile" },
    TokenKind::Any,
    Mutation {
        class: Idempotent,
        stakes: Nothing,
        evidence: Evidence::ByRepeat,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["fileName"],
        source: &[],
    },
)
.id("fileId");

/// `files.get-file` (S2, S4)
pub const GET_FILE: Row =
    Row::read("file", Route::Download { path: "/nzh/file" }, TokenKind::Any, &[])
        .errors(&[Kind::NotFound]);

/// `loans.update-loan-grantor-credit-for-users` (S4): raises what customers may borrow; no rial
/// moves before one does. No service lists a contract's members.
pub const UPDATE_LOAN_GRANTOR_CREDIT_FOR_USERS: Row = Row::mutation(
    "updateLoanGrantorCreditForUsers",
    Route::Path { verb: Post, path: "/nzh/biz/updateLoanGrantorCreditForUsers" },
    TokenKind::Business,
    Mutation {
        class: NoEvidence,
        stakes: Nothing,
        evidence: Evidence::Hidden,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["contractId", "fileId"],
        source: &[],
    },
)
.errors(&[Kind::NotFound, Kind::NoPermission]);

/// `loans.remove-permitted-user-from-loan-contract` (S4)
pub const REMOVE_PERMITTED_USER_FROM_LOAN_CONTRACT: Row = Row::mutation(
    "removePermittedUserFromLoanContract",
    Route::Path { verb: Post, path: "/nzh/biz/removePermittedUserFromLoanContract" },
    TokenKind::Business,
    Mutation {
        class: NoEvidence,
        stakes: Nothing,
        evidence: Evidence::Hidden,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["contractId", "userId", "cellphoneNumber", "nationalCode", "username"],
        source: &[],
    },
)
.rules(&[
    AtLeastOne(&["userId", "cellphoneNumber", "nationalCode", "username"]),
    Cellphone("cellphoneNumber"),
])
.errors(&[Kind::NotFound, Kind::NoPermission]);

/// `loans.loan-plan-list` (S4)
pub const LOAN_PLAN_LIST: Row = Row::read(
    "loanPlanList",
    Route::Path { verb: Get, path: "/nzh/loanPlanList" },
    TokenKind::Access,
    &[],
)
.rules(&[AtLeast("size", 1)]);

/// `loans.update-loan-by-plan` (S4): what is still owed is owed otherwise.
pub const UPDATE_LOAN_BY_PLAN: Row = Row::mutation(
    "updateLoanByPlan",
    Route::Path { verb: Post, path: "/nzh/updateLoanByPlan" },
    TokenKind::Access,
    Mutation {
        class: SelfFencing,
        stakes: TotalAmountOfLoan("loanId"),
        evidence: Evidence::LoanHasPlan,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["loanId", "planId"],
        source: &[],
    },
)
.errors(&[Kind::NotFound, Kind::NoPermission]);

/// `loans.business-loan-list` (S4)
pub const BUSINESS_LOAN_LIST: Row = Row::read(
    "businessLoanList",
    Route::Path { verb: Get, path: "/nzh/biz/loanList" },
    TokenKind::Business,
    &[],
)
.rules(&[AtLeast("size", 1)]);

/// `loans.loan-list` (S4)
pub const LOAN_LIST: Row =
    Row::read("loanList", Route::Path { verb: Get, path: "/nzh/loanList" }, TokenKind::Access, &[])
        .rules(&[AtLeast("size", 1)]);

/// `loans.get-installment-list` (S4)
pub const GET_INSTALLMENT_LIST: Row = Row::read(
    "getInstallmentList",
    Route::Path { verb: Get, path: "/nzh/biz/getInstallmentList" },
    TokenKind::Business,
    &[],
)
.rules(&[AtLeast("size", 1)])
.errors(&[Kind::NotFound]);

/// `loans.pay-invoice-by-loan` (S4): a GET that changes something, so nothing may repeat it
/// unasked. The debt is that of the invoice's customer.
pub const PAY_INVOICE_BY_LOAN: Row = Row::mutation(
    "payInvoiceByLoan",
    Route::Path { verb: Get, path: "/nzh/payInvoiceByLoan" },
    TokenKind::Business,
    Mutation {
        class: Readable,
        stakes: PayableAmountOf("invoiceId"),
        evidence: Evidence::LoanForInvoice,
        needs_ott: false,
        sms: Sms::None,
        wallet: None,
        invoice: &[],
        object: &["invoiceId"],
        source: &["contractId", "planId"],
    },
)
.errors(&[Kind::NotFound, Kind::NoPermission, Kind::InsufficientFunds, Kind::BillAlreadyPayed])
.id("loanId");
