//! What the columns of a table of members hold, and how people write that: the names of the columns,
//! numbers of users, amounts. What has one meaning is read; what may have another is not.

use pod_platform::Rial;

use super::{members::Name, table::Cell};
use crate::{invoice::LARGEST_AMOUNT, parties::significant};

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    UserId,
    CellphoneNumber,
    NationalCode,
    Username,
    Amount,
    /// An amount in tomans, ten rials each: POD knows none.
    Tomans,
}

/// The columns that say who is meant.
pub(super) const WHO: [Column; 4] =
    [Column::UserId, Column::CellphoneNumber, Column::NationalCode, Column::Username];

/// What may stand between the groups of three digits of a number.
const BETWEEN_GROUPS: [char; 9] = [',', '٬', '،', '\'', '’', ' ', '_', '.', '/'];

/// Those of them that may as well begin a fraction.
const MAY_BEGIN_FRACTION: [char; 2] = ['.', '/'];

const RIALS: [&str; 5] = ["ریال", "rials", "rial", "irr", "﷼"];
const TOMANS: [&str; 3] = ["تومان", "tomans", "toman"];

impl Column {
    /// What a column's name says that it holds. Other columns are left as they are.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = letters(name);
        let (name, unit) = match name.split_once('(') {
            Some((name, unit)) => (name, unit.trim_end_matches(')')),
            None => (name.as_str(), ""),
        };
        match name {
            "userid" | "شناسهکاربر" | "شناسهکاربری" => {
                return Some(Self::UserId);
            }
            "cellphonenumber"
            | "mobile"
            | "شمارهموبایل"
            | "موبایل"
            | "شمارههمراه"
            | "تلفنهمراه"
            | "شمارهتلفنهمراه" => return Some(Self::CellphoneNumber),
            "nationalcode" | "کدملی" | "شمارهملی" => return Some(Self::NationalCode),
            "username" | "نامکاربری" => return Some(Self::Username),
            _ => {}
        }
        let in_unit = |units: &[&str]| {
            units.iter().find_map(|unit| name.strip_suffix(unit)).map(|rest| {
                rest.strip_suffix("به").or_else(|| rest.strip_suffix("in")).unwrap_or(rest)
            })
        };
        let (name, column) = match (in_unit(&RIALS), in_unit(&TOMANS)) {
            (Some(name), _) => (name, Self::Amount),
            (None, Some(name)) => (name, Self::Tomans),
            (None, None) => (name, Self::Amount),
        };
        let is_amount = matches!(
            name,
            "amount" | "credit" | "مبلغ" | "مبلغاعتبار" | "میزاناعتبار" | "سقفاعتبار" | "اعتبار"
        );
        match unit {
            _ if !is_amount => None,
            "" => Some(column),
            unit if RIALS.contains(&unit) => Some(column),
            unit if TOMANS.contains(&unit) => Some(Self::Tomans),
            _ => None,
        }
    }

    /// What is expected in it.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::UserId => "a user's id, in digits",
            Self::CellphoneNumber => "a mobile number such as 09120000040",
            Self::NationalCode => "a national code of ten digits",
            Self::Username => "a name to log in by",
            Self::Amount | Self::Tomans => "an amount in whole rials, such as 1500000",
        }
    }

    /// Whom a cell of this column names; none, if it is not what is expected.
    pub(super) fn name(self, cell: &Cell) -> Option<Name> {
        if cell.other.is_some() {
            return None;
        }
        match self {
            Self::UserId => Some(Name::UserId(number(&cell.text)?.parse().ok()?)),
            Self::CellphoneNumber => {
                let number = number(&cell.text)?;
                let national = significant(&number);
                (national.len() == 10 && national.starts_with('9'))
                    .then(|| Name::CellphoneNumber(national.to_owned()))
            }
            Self::NationalCode => number(&cell.text)
                .filter(|code| (8..=10).contains(&code.len()))
                .map(Name::NationalCode),
            Self::Username => Some(Name::Username(plain(&cell.text))),
            Self::Amount | Self::Tomans => None,
        }
    }
}

/// The amount that a cell holds, if it is one in whole rials.
pub(super) fn amount(cell: &Cell) -> Option<Rial> {
    if cell.other.is_some() {
        return None;
    }
    amount_in(&cell.text)
}

/// The amount that a text says, if it is one in whole rials.
pub(crate) fn amount_in(text: &str) -> Option<Rial> {
    let text = plain(text).replace('ي', "ی").to_lowercase();
    let unit = |text: &str| {
        let unit = RIALS.iter().find_map(|unit| {
            text.strip_suffix(unit).or_else(|| text.strip_prefix(unit)).map(str::to_owned)
        });
        unit.map(|rest| rest.trim().to_owned())
    };
    let number = unit(&text).unwrap_or(text);
    let rials = Rial(grouped(without_empty_fraction(&number))?.parse().ok()?);
    (rials <= LARGEST_AMOUNT).then_some(rials)
}

/// The digits of a number that may be written in groups of three.
fn grouped(text: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(separator) = text.chars().find(|letter| !letter.is_ascii_digit()) else {
        return is_number(text).then(|| text.to_owned());
    };
    let groups: Vec<&str> = text.split(separator).collect();
    let (first, others) = groups.split_first()?;
    let is_grouped = BETWEEN_GROUPS.contains(&separator)
        && (1..=3).contains(&first.len())
        && others.iter().all(|group| group.len() == 3)
        && groups.iter().all(|group| is_number(group));
    let is_certain = others.len() > 1 || !MAY_BEGIN_FRACTION.contains(&separator);
    (is_grouped && is_certain).then(|| groups.concat())
}

/// The digits of a number that stands for somebody; a `+` in front of a country's code is kept.
fn number(text: &str) -> Option<String> {
    let text = plain(text);
    let text = without_empty_fraction(&text);
    let (plus, text) = match text.strip_prefix('+') {
        Some(rest) => ("+", rest),
        None => ("", text),
    };
    if text.starts_with('-') {
        return None;
    }
    let digits = text.replace([' ', '-', '(', ')'], "");
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{plus}{digits}"))
}

/// Computers write a whole number with a fraction of one or two zeros.
fn without_empty_fraction(text: &str) -> &str {
    let fraction = text.rsplit_once(['.', '٫']);
    match fraction {
        Some((whole, "0" | "00")) => whole,
        _ => text,
    }
}

/// A text without what only says how it is shown, and its digits as those of computers.
fn plain(text: &str) -> String {
    let shown = |letter: char| match letter {
        '۰'..='۹' => char::from_digit(u32::from(letter) - u32::from('۰'), 10),
        '٠'..='٩' => char::from_digit(u32::from(letter) - u32::from('٠'), 10),
        // Half-spaces, joiners and direction marks.
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => None,
        letter if letter.is_whitespace() => Some(' '),
        letter => Some(letter),
    };
    text.chars().filter_map(shown).collect::<String>().trim().to_owned()
}

/// The letters of a column's name: however they are spaced, and from whichever keyboard.
fn letters(name: &str) -> String {
    let letter = |letter: char| match letter {
        'ي' => Some('ی'),
        'ك' => Some('ک'),
        'ة' | 'ۀ' => Some('ه'),
        // The hamza above, and the stretching of letters.
        '\u{654}' | 'ـ' | ' ' | '_' | '-' | ':' | '*' => None,
        letter => Some(letter),
    };
    plain(name).to_lowercase().chars().filter_map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_with_one_meaning_are_read() {
        for (text, rials) in [
            ("1500000", Some(1_500_000)),
            ("۱٬۵۰۰٬۰۰۰", Some(1_500_000)),
            ("1،500،000", Some(1_500_000)),
            ("1,500", Some(1_500)),
            ("1 500\u{a0}000 ريال", Some(1_500_000)),
            ("\u{200f}ریال 1.500.000", Some(1_500_000)),
            ("1/500/000", Some(1_500_000)),
            ("1500000.00", Some(1_500_000)),
            ("1,500,000.0 IRR", Some(1_500_000)),
            ("0", Some(0)),
            // A fraction, or thousands?
            ("1.500", None),
            ("1/500", None),
            ("1500000,00", None),
            ("15,00", None),
            ("1,5", None),
            ("1,500.000", None),
            ("1,500،000", None),
            ("1500,000", None),
            (",500", None),
            ("150000 تومان", None),
            ("1.5E+06", None),
            ("-1", None),
            ("", None),
            ("9007199254740992", None),
        ] {
            assert_eq!(amount(&Cell::of(text)), rials.map(Rial), "{text}");
        }
    }

    #[test]
    fn users_are_found_however_they_are_written() {
        let mobile = Some(Name::CellphoneNumber("9120000040".to_owned()));
        for text in [
            "09120000040",
            "989120000040",
            "9120000040.0",
            "0912-000-0040",
            "+98 (912) 000 0040",
            "+9809120000040",
            "\u{202a}۰۹۱۲ ۰۰۰ ۰۰۴۰\u{202c}",
        ] {
            assert_eq!(Column::CellphoneNumber.name(&Cell::of(text)), mobile, "{text}");
        }
        for text in ["9.12E+09", "02188776655", "-9120000040", "sara"] {
            assert_eq!(Column::CellphoneNumber.name(&Cell::of(text)), None, "{text}");
        }
        assert_eq!(Column::UserId.name(&Cell::of("-40")), None);
        let code = Some(Name::NationalCode("0012345679".to_owned()));
        assert_eq!(Column::NationalCode.name(&Cell::of("001-234567-9")), code);
        assert_eq!(Column::NationalCode.name(&Cell::of("1234567")), None);
    }

    #[test]
    fn columns_are_known_by_many_names() {
        for (name, column) in [
            ("user_id", Some(Column::UserId)),
            ("شناسهٔ کاربر", Some(Column::UserId)),
            ("شناسه\u{200c}ی کاربری", None),
            ("كد ملي", Some(Column::NationalCode)),
            ("Cellphone Number", Some(Column::CellphoneNumber)),
            ("تلفن همراه (با صفر)", Some(Column::CellphoneNumber)),
            ("مبلغ (ریال)", Some(Column::Amount)),
            ("مبلغ اعتبار به ریال:", Some(Column::Amount)),
            ("Amount (IRR)", Some(Column::Amount)),
            ("مبلغ (تومان)", Some(Column::Tomans)),
            ("مبلغ به تومان", Some(Column::Tomans)),
            ("مبلغ (میلیون ریال)", None),
            ("how much", None),
        ] {
            assert_eq!(Column::named(name), column, "{name}");
        }
    }
}
