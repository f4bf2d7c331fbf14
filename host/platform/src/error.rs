//! POD's errors by code and by message, and how an [`Error`] reads.

use std::fmt;

use crate::types::{
    Denial, Doubt, Error, Exhaustion, InvalidArgument, PlatformError, PlatformErrorKind as Kind,
};

/// What an error means to us, POD's code for it (0: documents give a message only), and POD's
/// message: those of 24, 32, 59 and of an unpaid invoice as public clients' tests have them.
const TABLE: &[(Kind, i32, &str)] = &[
    (Kind::NotFound, 4, "شیء مورد نظر یافت نشد"),
    (Kind::InvalidToken, 21, "توکن کسب‌وکاری وارد نشده است"),
    (Kind::BillAlreadyPayed, 24, "فاکتور قبلاً پرداخت شده است"),
    (Kind::InvoiceIsCanceled, 32, "فاکتور قبلاً کنسل شده است"),
    (Kind::InvalidOtt, 39, "توکن یکبار مصرف معتبر نیست"),
    (Kind::BillAlreadyClosed, 45, "فاکتور بسته شده است"),
    (Kind::InsufficientFunds, 56, "موجودی کافی نیست"),
    (Kind::BillIsWaitingForVerification, 58, "فاکتور پرداخت شده و منتظر تایید است"),
    (Kind::NotWaitingForVerification, 59, "فاکتور منتظر تایید نمی باشد"),
    (Kind::BillIsWaitingForGateway, 72, "قبض منتظر درگاه برای ادامه تراکنش می باشد"),
    (Kind::InvoiceNotIssuedForCaller, 99, "فاکتور برای شما صادر نشده است"),
    (Kind::InvalidNumber, 141, "ورودی عددی را صحیح وارد نمایید"),
    (Kind::InvalidPaymentId, 178, "شناسه پرداخت نامعتبر می‌باشد"),
    (Kind::InvalidBillId, 179, "شناسه قبض نامعتبر می‌باشد"),
    (Kind::DuplicateServiceBill, 180, "قبض قبلا پرداخت شده است"),
    (Kind::WalletMissing, 193, "کد حساب دیجیتال را وارد نکرده اید"),
    (Kind::BadParameters, 403, "پارامترهای ورودی معتبر نیستند"),
    (Kind::TrafficFineNotProcessed, 462, "امکان پردازش قبض راهور ناجا وجود ندارد"),
    (Kind::ProviderError, 502, "خطای سرویس دهنده"),
    (Kind::CreditorInvoiceNotPayed, 0, "فاکتور بستانکار پرداخت نشده است"),
    (Kind::NoPermission, 0, "مجوز انجام این عملیات را ندارید"),
    (Kind::CreditorInvoiceEarmarked, 0, "فاکتور بستانکار آماده برای مسدودی می باشد"),
    (Kind::NotEnoughCreditToBlock, 0, "اعتبار کافی جهت انجام عملیات مسدودی را ندارید"),
    (Kind::PaymentNotAllowed, 0, "اجازه پرداخت این فاکتور را ندارید"),
    (Kind::WaitingForGuarantee, 0, "فاکتور در انتظار پرداخت توسط تضمین ارائه شده میباشد"),
    (Kind::InvoiceNotFound, 0, "فاکتور یافت نشد"),
    (Kind::PageNotFound, 0, "صفحه یافت نشد"),
    (Kind::CodeInvalidOrExpired, 0, "کد وارد شده معتبر نمیباشد و یا منقضی شده است."),
    (Kind::InvoiceNotPayed, 0, "فاکتور پرداخت نشده است"),
];

/// What POD says in payInvoiceByInvoice of a creditor invoice that it does not find, with the code
/// of [`Kind::NotFound`] (public clients' tests).
pub const CREDITOR_INVOICE_NOT_FOUND: &str = "فاکتور بستانکار یافت نشد";

/// What POD says in payInvoiceInFuture of an invoice that it is to pay on a day already: a
/// [`Kind::WaitingForGuarantee`] (public clients' tests).
pub const REGISTERED_FOR_FUTURE: &str = "فاکتور قبلا برای پرداخت در آینده ثبت شده است";

/// Codes after which nobody knows what happened (S1: 227 and 378; 999 is an internal error).
const OUTCOME_UNKNOWN: &[i32] = &[227, 378, 999];

impl Kind {
    /// Every kind that has a code or a message of its own.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(kind, ..)| *kind)
    }

    /// POD's code; 0 where POD gives a message only.
    #[must_use]
    pub fn code(self) -> i32 {
        TABLE.iter().find(|(kind, ..)| *kind == self).map_or(0, |(_, code, _)| *code)
    }

    /// POD's message, in Persian; empty for [`Kind::Other`].
    #[must_use]
    pub fn message(self) -> &'static str {
        TABLE.iter().find(|(kind, ..)| *kind == self).map_or("", |(.., message)| message)
    }

    fn of(code: i32, message: &str) -> Self {
        TABLE
            .iter()
            .find(
                |(_, known, text)| {
                    if *known == 0 { same_text(message, text) } else { code == *known }
                },
            )
            .map(|(kind, ..)| *kind)
            .or_else(|| {
                same_text(message, REGISTERED_FOR_FUTURE).then_some(Self::WaitingForGuarantee)
            })
            .unwrap_or(Self::Other)
    }
}

/// POD's texts differ between documents in spaces, half-spaces and the full stop.
fn same_text(one: &str, other: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|letter| !letter.is_whitespace() && !matches!(letter, '\u{200c}' | '.'))
            .collect()
    };
    letters(one) == letters(other)
}

/// POD's message, and behind it what else is known.
#[must_use]
pub fn explained(message: &str, explanation: Option<&str>) -> String {
    match explanation {
        Some(explanation) => format!("{message}: {explanation}"),
        None => message.to_owned(),
    }
}

impl PlatformError {
    /// The refusal that POD's code and message stand for.
    #[must_use]
    pub fn new(code: i32, message: String, reference_number: String) -> Self {
        Self { kind: Kind::of(code, &message), code, message, reference_number }
    }

    /// Does this code leave open what happened?
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        OUTCOME_UNKNOWN.contains(&self.code)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform(error) => error.fmt(f),
            Self::Denied(denial) => denial.fmt(f),
            Self::BudgetExhausted(exhaustion) => exhaustion.fmt(f),
            Self::OutcomeUnknown(doubt) => doubt.fmt(f),
            Self::InvalidArgument(argument) => argument.fmt(f),
            Self::Unavailable(reason) => write!(f, "POD is not available: {reason}"),
        }
    }
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "POD refused: {}", self.kind.name())?;
        if self.code != 0 {
            write!(f, " ({})", self.code)?;
        }
        write!(f, ", “{}”, reference number {}", self.message, self.reference_number)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is denied: {}", self.function, self.reason)
    }
}

impl fmt::Display for Exhaustion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the budget `{}` does not cover this: {} needed, {} left",
            self.meter.name(),
            self.needed,
            self.remaining
        )
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody knows yet whether this took effect: {}", self.reason)?;
        if let Some(number) = &self.reference_number {
            write!(f, ", reference number {number}")?;
        }
        Ok(())
    }
}

impl fmt::Display for InvalidArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` must be {}", self.field, self.expected)
    }
}

impl std::error::Error for Error {}
impl std::error::Error for InvalidArgument {}
