//! The service catalogue: a row for each WIT function that is a POD service. A function without a
//! row does not compile. Sources: S1 for payments, the public clients for invoices and for the
//! sandbox's numbers.

use crate::service::{Effect, EffectClass, Product, Row, Rule, Stakes};

/// A one-time token and nothing else. The host's own; no guest can call it.
pub const GET_OTT: Row = Row {
    name: "getOtt",
    product: Product { production: 29816, sandbox: 39311 },
    needs_ott: false,
    effect: Effect::Read,
    rules: &[],
};

/// `invoices.issue-invoice`
pub const ISSUE_INVOICE: Row = Row {
    name: "issueInvoice",
    product: Product { production: 29796, sandbox: 39291 },
    needs_ott: true,
    effect: Effect::Mutation { class: EffectClass::MarkedByUs, stakes: Stakes::Nothing },
    rules: &[
        Rule::SameLength(&["productId", "price", "quantity", "productDescription"]),
        Rule::AtLeast("price", 1),
        Rule::AtLeast("closeTimeOut", 600),
        Rule::Between("preferredTaxRate", 0.0, 1.0),
    ],
};

/// `invoices.get-invoice-list`
pub const GET_INVOICE_LIST: Row = Row {
    name: "getInvoiceList",
    product: Product { production: 29813, sandbox: 39308 },
    needs_ott: false,
    effect: Effect::Read,
    rules: &[Rule::ExactlyOne(&["offset", "firstId", "lastId"]), Rule::AtLeast("size", 1)],
};

/// `payments.pay-any-invoice-by-credit` (S1, payAnyInvoiceByCredit)
pub const PAY_ANY_INVOICE_BY_CREDIT: Row = Row {
    name: "payAnyInvoiceByCredit",
    product: Product { production: 29821, sandbox: 39317 },
    needs_ott: true,
    effect: Effect::Mutation {
        class: EffectClass::SelfFencing,
        stakes: Stakes::PayableAmountOf("invoiceId"),
    },
    rules: &[],
};

/// `payments.pay-invoice` (S1, payInvoice): the claim on the payer is given up on POD.
pub const PAY_INVOICE: Row = Row {
    name: "payInvoice",
    product: Product { production: 29799, sandbox: 39294 },
    needs_ott: false,
    effect: Effect::Mutation {
        class: EffectClass::SelfFencing,
        stakes: Stakes::PayableAmountOf("invoiceId"),
    },
    rules: &[],
};

/// `payments.pay-invoice-by-invoice` (S1, payInvoiceByInvoice)
pub const PAY_INVOICE_BY_INVOICE: Row = Row {
    name: "payInvoiceByInvoice",
    product: Product { production: 29800, sandbox: 39295 },
    needs_ott: false,
    effect: Effect::Mutation {
        class: EffectClass::SelfFencing,
        stakes: Stakes::PayableAmountOf("debtorInvoiceId"),
    },
    rules: &[],
};
