//! The rules of attribution in words, one for each kind of evidence: for operators and for the
//! reference, which is generated from them.

use super::Evidence;

/// By what a call's effect is told from somebody else's, in Markdown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attribution {
    /// What is read, before the call and after it.
    pub reads: &'static str,
    /// In which state the call can take effect. If what it asks for is so already, the effect is
    /// never claimed.
    pub open: &'static str,
    /// What shows that it happened, and that this account did it.
    pub claimed: &'static str,
    /// What shows that it cannot have happened.
    pub denied: &'static str,
    /// What nobody can tell.
    pub unknown: &'static str,
}

const NOT_SEEN: &str = "the invoice is not so, and POD refuses the repeat";
const UNTIL_CANCELED: &str = "it was cancelled since, or a three-step payment may have gone back";
const UNDATED: &str = "it is so, and is looked at only after the landing window: POD shows no date";

impl Evidence {
    /// The rule in words.
    #[must_use]
    pub fn attribution(self) -> Attribution {
        match self {
            Self::PaidByAccount | Self::PaidForItself => Attribution {
                reads: "`getInvoiceList`: `payed`, `payer`, `wallet`, `paymentToolCode`, `paymentDate`",
                open: "neither paid, cancelled, closed, guaranteed nor at the gateway",
                claimed: "paid since, within the landing window; `payer` is the account's user, the \
                          tool is a call's credit, `wallet` is the call's",
                denied: "paid by another `payer`, by netting or by card; or not paid, and POD refuses \
                         the repeat",
                unknown: "paid by nobody who is named, or by the account's user in a way that POD does \
                          not tell from a call's; somebody else's invoice, which its payer cannot see",
            },
            Self::PaidByItsUser => Attribution {
                reads: "`getInvoiceList`: `payed`, `payer`, `paymentToolCode`, `paymentDate`",
                open: "neither paid, cancelled, closed, guaranteed nor at the gateway",
                claimed: "POD answers the repeat",
                denied: "paid by another `payer`, by netting or by card; or not paid, and POD refuses \
                         the repeat",
                unknown: "paid by its user: by the code, or by a call of his own",
            },
            Self::PaidOutsidePod => Attribution {
                reads: "`getInvoiceList`: `payed`, `paymentDate`, and that none of POD's money shows",
                open: "neither paid, cancelled, closed, guaranteed nor at the gateway",
                claimed: "paid since, within the landing window, and neither a payer nor wallet, \
                          credit, card or netting shows",
                denied: "paid by POD's money; or not paid, and POD refuses the repeat",
                unknown: UNTIL_CANCELED,
            },
            Self::PaidByTerminal => Attribution {
                reads: "`getInvoiceList`: `payed`, `terminalNumber`, `transactionReferenceId`, \
                        `paymentDate`",
                open: "neither paid, cancelled, closed, guaranteed nor at the gateway",
                claimed: "paid since, with the receipt's numbers",
                denied: "paid with other numbers, from a wallet or by netting; or not paid, and POD \
                         refuses the repeat",
                unknown: UNTIL_CANCELED,
            },
            Self::Earmarked => Attribution {
                reads: "`getInvoiceList`, of both invoices: `willBePaid` and `willBlockedFor` of the \
                        creditor invoice, `payed`, `willBeBlocked` and `paymentDate` of the debt",
                open: "the creditor invoice is paid and not earmarked, the debt can be paid",
                claimed: "the debt is netted since, within the landing window, and the creditor \
                          invoice is earmarked since: for the debt or, where the debt was a loan's \
                          down payment, for what the loan pays",
                denied: "the debt is paid otherwise, or is open while the creditor invoice is \
                         earmarked for another; or neither is so, and POD refuses the repeat",
                unknown: UNTIL_CANCELED,
            },
            Self::Guaranteed => Attribution {
                reads: "`getInvoiceList`: `willBePaidAt`",
                open: "neither paid, cancelled, closed, guaranteed nor at the gateway",
                claimed: "`willBePaidAt` is the day, and is looked at within the landing window",
                denied: "`willBePaidAt` is another day, or it is paid before the day; or neither, and \
                         POD refuses the repeat",
                unknown: UNDATED,
            },
            Self::Verified => Attribution {
                reads: "`getInvoiceList`: `verificationDate`",
                open: "paid, and waits for its verification",
                claimed: "`verificationDate` is since, within the landing window",
                denied: NOT_SEEN,
                unknown: "it was verified later than that, maybe by itself",
            },
            Self::VerifiedAndClosed => Attribution {
                reads: "`getInvoiceList`: `verificationDate`, `closed`",
                open: "paid, and waits for its verification",
                claimed: "`verificationDate` is since, within the landing window, and it is closed",
                denied: NOT_SEEN,
                unknown: "it was verified later than that, or verified and not closed",
            },
            Self::Closed => Attribution {
                reads: "`getInvoiceList`: `closed`",
                open: "paid, verified and not cancelled",
                claimed: "closed since, looked at within the landing window, before its \
                          `unsafeCloseTimeOut`",
                denied: NOT_SEEN,
                unknown: UNDATED,
            },
            Self::Canceled => Attribution {
                reads: "`getInvoiceList`: `canceled`, `cancelDate`",
                open: "neither cancelled, closed, earmarked nor at the gateway",
                claimed: "`cancelDate` is since, within the landing window",
                denied: NOT_SEEN,
                unknown: "it was cancelled later than that",
            },
            Self::Reduced => Attribution {
                reads: "`getInvoiceList`: `edited`, `invoiceItemSrvs`",
                open: "its lines are not yet as asked for, and it can be changed",
                claimed: "`edited`, and its lines are as asked for, within the landing window",
                denied: "its lines were as asked for before, and still are",
                unknown: "it is not so, for the call may still land and a repeat proves nothing; or \
                          it is so, and is looked at only after the landing window",
            },
            Self::Marked => Attribution {
                reads: "`getInvoiceList` by `billNumber`",
                open: "no invoice of the account has the number",
                claimed: "an invoice has the host's own mark; or, of a number that the policy chose, \
                          an invoice as asked for is there since, within the landing window",
                denied: "the number was there before, or is on another invoice",
                unknown: "no invoice has it, and the one-time token is used up or gone",
            },
            Self::BillPaid => Attribution {
                reads: "`listBills` by both identifiers: `status`, `userSrv`, `requestDate`",
                open: "the account has paid no such bill, or its payment was cancelled",
                claimed: "the account has paid it since, within the landing window",
                denied: "another has: POD says that it is paid, and the account's list does not hold \
                         it; or nobody has, and POD refuses the repeat",
                unknown: "the account paid it later than that, or the payment was cancelled since",
            },
            Self::BillCanceled => Attribution {
                reads: "`listBills` by `id`: `status`, `cancelDate`",
                open: "`SERVICE_BILL_ACCEPTED`",
                claimed: "`cancelDate` is since, within the landing window",
                denied: "it was cancelled before",
                unknown: "it is not cancelled, for the call may still land and a repeat proves nothing",
            },
            Self::LoanForInvoice => Attribution {
                reads: "`businessLoanList` and `loanList` by the invoice: ids, `contract`, \
                        `primaryAmount`, `assuranceNumber`, `creationDate`",
                open: "the loans of the invoice are known",
                claimed: "there is one loan more, as asked for and with the call's own \
                          `assuranceNumber`, made within the landing window",
                denied: "nothing: the call may still land, and a repeat proves nothing",
                unknown: "there is none, several, one that was cancelled, or one without a number of \
                          the call's: shop and customer can both take it",
            },
            Self::LoanHasPlan => Attribution {
                reads: "`loanList` by `id`: `plan`",
                open: "the loan is not settled, and has another plan",
                claimed: "it has the plan, looked at within the landing window",
                denied: "it has another one, and POD refuses the repeat",
                unknown: UNDATED,
            },
            Self::BillInvoiced => Attribution {
                reads: "`listBills` by both identifiers: `status`, `invoiceId`; `userSrv` of what is \
                        answered",
                open: "the account has asked for no invoice of the bill, or the payment of that was \
                       cancelled",
                claimed: "POD answers an invoice, at once or when it is asked again, that was not there \
                          before, and its `userSrv` is the account's user; where that is not told, the \
                          bill has come into the account's list",
                denied: "the invoice was in the account's list before, or its `userSrv` is another; or \
                         POD refuses and the bill is not paid",
                unknown: "the answer was lost, and the bill is paid before POD could be asked again; \
                          or `userSrv` or the account's user is not told, and the bill is not in the \
                          account's list",
            },
            Self::ByRepeat => Attribution {
                reads: "nothing: no service lists files",
                open: "always",
                claimed: "POD answers, at once or when it is asked again",
                denied: "POD refuses",
                unknown: "nothing; an attempt whose answer was lost may have left a file whose hash \
                          nobody has",
            },
            Self::Hidden => Attribution {
                reads: "nothing: no service shows it",
                open: "always",
                claimed: "POD answers",
                denied: "POD refuses",
                unknown: "the answer was lost; it is asked again only if the grant lists the function \
                          under `repeat`",
            },
        }
    }
}
