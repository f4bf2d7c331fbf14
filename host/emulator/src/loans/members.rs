//! Who may borrow under a contract, and how much: as a table that the grantor uploads.
//!
//! S4 links a sample file, but does not say what is in it. Here the first row names the columns: at
//! least one that tells who, and the amount. Every row is done, or not, by itself, and the answer is
//! the same table with what came of each.

use pod_platform::{Rial, files::File};

use super::{
    contract::{Contract, credit, set_credit},
    table::Table,
};
use crate::{
    files::{self, Record},
    invoice::LARGEST_AMOUNT,
    parties::Parties,
    service::{Context, Refusal},
};

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Column {
    UserId,
    CellphoneNumber,
    NationalCode,
    Username,
    Amount,
}

/// Names of a user. Those that are given must all be the same user's.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub(crate) user_id: Option<u64>,
    pub(crate) cellphone_number: Option<&'a str>,
    pub(crate) national_code: Option<&'a str>,
    pub(crate) username: Option<&'a str>,
}

/// Why names are nobody's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Nameless {
    /// None is given.
    NoName,
    /// One of them is nobody's.
    Unknown,
    /// They are different users'.
    Different,
}

impl Nameless {
    fn reason(self) -> &'static str {
        match self {
            Self::NoName => "no user is named",
            Self::Unknown => "unknown user",
            Self::Different => "the names are different users'",
        }
    }
}

impl Names<'_> {
    /// The user who is meant.
    pub(crate) fn meant(&self, parties: &Parties) -> Result<i64, Nameless> {
        let by_id = |id: u64| i64::try_from(id).ok().filter(|id| parties.is_user(*id));
        let found = [
            self.user_id.map(by_id),
            self.cellphone_number.map(|number| parties.by_cellphone_number(number)),
            self.national_code.map(|code| by_national_code(parties, code)),
            self.username.map(|name| parties.by_username(name)),
        ];
        let mut users = found.into_iter().flatten();
        let first = users.next().ok_or(Nameless::NoName)?.ok_or(Nameless::Unknown)?;
        for user in users {
            if user.ok_or(Nameless::Unknown)? != first {
                return Err(Nameless::Different);
            }
        }
        Ok(first)
    }
}

/// A spreadsheet takes a code's leading zeros away.
fn by_national_code(parties: &Parties, code: &str) -> Option<i64> {
    parties.by_national_code(code).or_else(|| parties.by_national_code(&format!("{code:0>10}")))
}

/// Sets what the rows of an uploaded table say, and keeps the table of what came of it.
pub(crate) async fn update(
    context: &mut Context<'_>,
    contract: &Contract,
    file: &Record,
) -> Result<File, Refusal> {
    let unreadable = |reason: String| {
        Refusal::argument("fileId", format!("a CSV file in UTF-8 or an XLSX file: {reason}"))
    };
    let mut table = Table::read(&file.content).map_err(unreadable)?;
    let header = table.rows.first_mut().ok_or_else(|| unreadable("it is empty".to_owned()))?;
    let columns: Vec<Option<Column>> = header.iter().map(|name| column(name)).collect();
    let has = |column| columns.contains(&Some(column));
    let names = [Column::UserId, Column::CellphoneNumber, Column::NationalCode, Column::Username];
    if !has(Column::Amount) || !names.into_iter().any(has) {
        return Err(Refusal::argument(
            "fileId",
            "a table whose first row names the column amount and one of userId, cellphoneNumber, \
             nationalCode and username",
        ));
    }
    let width = header.len();
    header.extend(["result", "currentCredit"].map(str::to_owned));
    for row in table.rows.iter_mut().skip(1) {
        let (user, result) = update_member(context, contract, &columns, row).await?;
        let credit = match user {
            Some(user) => credit(context.connection, contract.id, user).await?,
            None => None,
        };
        row.resize(width, String::new());
        row.push(result);
        row.push(credit.map(|credit| credit.to_string()).unwrap_or_default());
    }
    let content = table.write(context.now)?;
    files::keep(context, format!("result-{}", file.name), content).await
}

/// Does what one row says. Whom it means, if anybody, and what came of it.
async fn update_member(
    context: &mut Context<'_>,
    contract: &Contract,
    columns: &[Option<Column>],
    row: &[String],
) -> Result<(Option<i64>, String), Refusal> {
    let cell = |column| {
        let index = columns.iter().position(|known| *known == Some(column))?;
        row.get(index).map(String::as_str).filter(|text| !text.is_empty())
    };
    let digits = |column| cell(column).map(in_digits);
    let user_id = digits(Column::UserId);
    let cellphone_number = digits(Column::CellphoneNumber);
    let national_code = digits(Column::NationalCode);
    let names = Names {
        // What is no number is no user's.
        user_id: user_id.map(|id| id.parse().unwrap_or(0)),
        cellphone_number: cellphone_number.as_deref(),
        national_code: national_code.as_deref(),
        username: cell(Column::Username),
    };
    let user = match names.meant(context.parties) {
        Ok(user) => user,
        Err(nameless) => return Ok((None, nameless.reason().to_owned())),
    };
    if context.parties.owns(user, contract.business_id) {
        return Ok((None, "the grantor does not lend to itself".to_owned()));
    }
    let amount = cell(Column::Amount).unwrap_or_default();
    let rials = in_digits(amount).replace([',', '٬'], "").parse().ok().map(Rial);
    let result = match rials.filter(|rials| *rials <= LARGEST_AMOUNT) {
        Some(rials) => {
            set_credit(context.connection, contract.id, user, rials.0.cast_signed()).await?;
            "done".to_owned()
        }
        None => format!("`{amount}` is not an amount in whole rials"),
    };
    Ok((Some(user), result))
}

/// What a column's name says it holds. Other columns are left as they are.
fn column(name: &str) -> Option<Column> {
    let letters = |letter: char| match letter {
        // Arabic keyboards write two letters otherwise.
        'ي' => Some('ی'),
        'ك' => Some('ک'),
        '\u{200c}' => None,
        letter if letter.is_whitespace() => None,
        letter => Some(letter.to_ascii_lowercase()),
    };
    let name: String = name.chars().filter_map(letters).collect();
    match name.as_str() {
        "userid" | "شناسهکاربر" => Some(Column::UserId),
        "cellphonenumber" | "شمارهموبایل" => Some(Column::CellphoneNumber),
        "nationalcode" | "کدملی" => Some(Column::NationalCode),
        "username" | "نامکاربری" => Some(Column::Username),
        "amount" | "credit" | "مبلغ" | "مبلغاعتبار" => Some(Column::Amount),
        _ => None,
    }
}

/// Persian and Arabic digits as the others.
fn in_digits(text: &str) -> String {
    let digit = |letter: char| match letter {
        '۰'..='۹' => char::from_digit(letter as u32 - '۰' as u32, 10).unwrap_or(letter),
        '٠'..='٩' => char::from_digit(letter as u32 - '٠' as u32, 10).unwrap_or(letter),
        letter => letter,
    };
    text.chars().map(digit).collect()
}
