//! Sheba, Iran's bank account numbers: an IBAN (ISO 13616) without its `IR`, as POD shows them.

/// The bank Pasargad's number, and the digits of an account's number there.
const BANK: &str = "057";
const ACCOUNT_DIGITS: usize = 19;

/// Are these 24 digits, whose first two check the others?
pub(crate) fn holds(sheba: &str) -> bool {
    let is_long_enough = sheba.len() == 2 + BANK.len() + ACCOUNT_DIGITS;
    is_long_enough && sheba.bytes().all(|byte| byte.is_ascii_digit()) && {
        let (check, account) = sheba.split_at(2);
        remainder(account, check) == 1
    }
}

/// The account of a business that names none: always the same one.
pub(crate) fn of_business(id: u64) -> String {
    let account = format!("{BANK}{id:0ACCOUNT_DIGITS$}");
    let check = 98 - remainder(&account, "00");
    format!("{check:02}{account}")
}

/// ISO 7064, MOD 97-10: the account, the country in digits (`IR` is 18 and 27), the check digits.
fn remainder(account: &str, check: &str) -> u32 {
    let digits = account.bytes().chain("1827".bytes()).chain(check.bytes());
    digits.fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_those_of_pods_samples_and_its_own() {
        // S4, and a recorded answer of POD.
        for sheba in ["580170000000208861342001", "640170000000108211752007"] {
            assert!(holds(sheba), "{sheba}");
        }
        for id in [1, 97, 7867, 9_007_199_254_740_991] {
            assert!(holds(&of_business(id)), "{id}");
        }
        for wrong in ["", "590170000000208861342001", "IR580170000000208861342001", "58"] {
            assert!(!holds(wrong), "{wrong}");
        }
    }
}
