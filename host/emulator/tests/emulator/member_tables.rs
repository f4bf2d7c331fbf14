//! Tables of members as shops write them: what has one meaning is read, whatever the program that
//! wrote it; the rest is refused, with the cell, its value and what is expected of it.

use std::io::Cursor;

use calamine::{Reader as _, Xlsx, open_workbook_from_rs};
use pod_platform::{
    loans::UpdateLoanGrantorCreditForUsersRequest,
    types::{Error, PlatformErrorKind as Kind},
};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

use crate::loan_members::{done, read, results, update, upload};
use crate::loan_world::LoanWorld;

/// What came of a spreadsheet, but for its rows down to the header: result and current credit.
async fn sheet_results(
    world: &LoanWorld,
    name: &str,
    content: &[u8],
) -> (String, Vec<(String, String)>) {
    let file = update(world, name, content).await;
    let answer = read(world, &file).await;
    let mut workbook: Xlsx<_> = open_workbook_from_rs(Cursor::new(answer)).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let rows = sheet.rows().map(|row| {
        let text = |back: usize| row[row.len() - back].to_string();
        (text(2), text(1))
    });
    let below = rows.skip_while(|(result, _)| result != "result").skip(1);
    (file.name.unwrap(), below.collect())
}

async fn reason(world: &LoanWorld, name: &str, content: &[u8]) -> String {
    let request = UpdateLoanGrantorCreditForUsersRequest {
        contract_id: 5,
        ..upload(world, name, content).await
    };
    let Error::Platform(error) = world.call("bank", &request).await.unwrap_err() else {
        panic!("not refused by the platform");
    };
    assert_eq!(error.kind, Kind::BadParameters, "{name}");
    error.message
}

fn says(result: &(String, String), parts: &[&str]) {
    for part in parts {
        assert!(result.0.contains(part), "{} does not say {part}", result.0);
    }
}

#[tokio::test]
async fn p20_a_decimal_comma_is_no_thousands_separator() {
    let world = LoanWorld::start().await;
    let found = results(&world, "userId,amount\n40,\"1500000,00\"\n").await;
    says(&found[0], &["line 2, column amount", "`1500000,00`", "whole rials"]);
    assert_eq!(found[0].1, "20000", "the credit is as it was");
    // Without quotes, a part of the amount is a value of its own.
    for row in ["40,1500000,00", "40,1,500,000"] {
        let found = results(&world, &format!("userId,amount\n\n{row}\n")).await;
        says(&found[0], &["line 3", "behind the last of the 2 columns"]);
    }
    let found = results(&world, "userId,amount\n40,\n").await;
    says(&found[0], &["line 2", "no amount is given"]);
    assert_eq!(results(&world, "userId,amount\n40,\"1,500,000\"\n").await, [done("1500000")]);
}

#[tokio::test]
async fn d4_a_formula_without_a_value_and_a_date_set_no_credit() {
    let world = LoanWorld::start().await;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in (0..).zip(["userId", "factor", "amount"]) {
        sheet.write_string(1, column, name).unwrap();
    }
    for row in 2..6 {
        sheet.write_number(row, 0, 40.0).unwrap();
    }
    // As XlsxWriter saves it, which does not compute: with 0.
    sheet.write_formula(2, 2, "=B3*1000").unwrap();
    sheet.write_formula(3, 2, Formula::new("=B4*1000").set_result("")).unwrap();
    let day = ExcelDateTime::from_ymd(2020, 3, 20).unwrap();
    let format = Format::new().set_num_format("yyyy/mm/dd");
    sheet.write_datetime_with_format(4, 2, &day, &format).unwrap();
    sheet.write_formula(5, 2, Formula::new("=2*1000").set_result("2000")).unwrap();
    let content = workbook.save_to_buffer().unwrap();
    let (_, found) = sheet_results(&world, "members.xlsx", &content).await;
    says(&found[0], &["cell C3", "`=B3*1000`", "formula", "saved without its value"]);
    says(&found[1], &["cell C4", "`=B4*1000`", "formula"]);
    says(&found[2], &["cell C5", "`2020-03-20` is a date", "whole rials"]);
    assert_eq!(found[2].1, "20000");
    assert_eq!(found[3], done("2000"));

    let saved = include_bytes!("members/openpyxl.xlsx");
    let (_, found) = sheet_results(&world, "openpyxl.xlsx", saved).await;
    says(&found[0], &["cell C2", "`=B2*1000`", "formula"]);
}

#[tokio::test]
async fn d4_the_first_visible_sheet_is_read() {
    let world = LoanWorld::start().await;
    let mut workbook = Workbook::new();
    for (hidden, amount) in [(true, 1.0), (false, 2_000.0), (false, 3.0)] {
        let sheet = workbook.add_worksheet().set_hidden(hidden);
        sheet.set_active(amount > 1_000.0);
        sheet.write_string(0, 0, "userId").unwrap();
        sheet.write_string(0, 1, "amount").unwrap();
        sheet.write_number(1, 0, 40.0).unwrap();
        sheet.write_number(1, 1, amount).unwrap();
    }
    let content = workbook.save_to_buffer().unwrap();
    let (_, found) = sheet_results(&world, "members.xlsx", &content).await;
    assert_eq!(found, [done("2000")]);
}

#[tokio::test]
async fn d4_what_else_a_cell_can_be_is_no_number() {
    let world = LoanWorld::start().await;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 0, "userId").unwrap();
    sheet.write_string(0, 1, "amount").unwrap();
    for row in 1..4 {
        sheet.write_number(row, 0, 40.0).unwrap();
    }
    sheet.write_boolean(1, 1, true).unwrap();
    sheet.write_formula(2, 1, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write_number(3, 1, 0.5).unwrap();
    let content = workbook.save_to_buffer().unwrap();
    let (_, found) = sheet_results(&world, "members.xlsx", &content).await;
    says(&found[0], &["cell B2", "true or false"]);
    says(&found[1], &["cell B3", "#DIV/0!"]);
    says(&found[2], &["cell B4", "`0.5`", "whole rials"]);
}

#[tokio::test]
async fn d5_the_older_and_the_other_spreadsheets_are_read() {
    for (name, content, rows) in [
        ("members.xls", include_bytes!("members/members.xls").as_slice(), 3),
        ("members.ods", include_bytes!("members/members.ods").as_slice(), 4),
        ("members.xlsb", include_bytes!("members/members.xlsb").as_slice(), 2),
    ] {
        let world = LoanWorld::start().await;
        let (answer, found) = sheet_results(&world, name, content).await;
        // Whatever was sent, a spreadsheet of today comes back.
        assert_eq!(answer, "result-members.xlsx");
        assert_eq!(found[..2], [done("1500000"), done("700")], "{name}");
        assert_eq!(found.len(), rows, "{name}");
        if let Some(date) = found.get(2) {
            says(date, &["2020-03-20", "is a date"]);
        }
        if let Some(formula) = found.get(3) {
            says(formula, &["cell B5", "formula"]);
        }
    }
}

#[tokio::test]
async fn d5_numbers_are_read_as_people_and_programs_write_them() {
    let world = LoanWorld::start().await;
    let table = "فهرست اعضای طرح,,\n\
                 ,,\n\
                 شناسهٔ کاربر,شماره همراه,مبلغ (ریال)\n\
                 ,989120000040,1،250،000\n\
                 ,0912-000-0050,1250000 ریال\n\
                 \u{200f}۴۰\u{200f},,\u{202b}۱٬۲۵۰\u{200c}\u{202c}\n\
                 40.0,9120000040.0,7000.00\n";
    let file = update(&world, "members.csv", table.as_bytes()).await;
    let answer = String::from_utf8(read(&world, &file).await).unwrap();
    let mut lines = answer.lines().skip_while(|line| !line.contains("result")).skip(1);
    for credit in ["1250000", "1250000", "1250", "7000"] {
        let line = lines.next().unwrap();
        assert!(line.ends_with(&format!(",done,{credit}")), "{line}");
    }
    assert!(answer.starts_with("فهرست اعضای طرح"), "the title stays: {answer}");
}

#[tokio::test]
async fn d5_separators_are_found_and_kept() {
    for (table, expected) in [
        ("userId;amount\n40;700\n", "userId;amount;result;currentCredit\n40;700;done;700\n"),
        (
            "userId;amount\n40;\"1,700\"\n",
            "userId;amount;result;currentCredit\n40;1,700;done;1700\n",
        ),
        (
            "sep=;\r\nuserId;amount\r\n40;700\r\n",
            "userId;amount;result;currentCredit\n40;700;done;700\n",
        ),
        (
            "userId\tamount\n40\t700\n",
            "userId\tamount\tresult\tcurrentCredit\n40\t700\tdone\t700\n",
        ),
        ("userId|amount\r40|700\r", "userId|amount|result|currentCredit\n40|700|done|700\n"),
    ] {
        let world = LoanWorld::start().await;
        let file = update(&world, "members.csv", table.as_bytes()).await;
        assert_eq!(String::from_utf8(read(&world, &file).await).unwrap(), expected);
    }
    // Where the separator is a semicolon, so may be the decimal comma.
    let world = LoanWorld::start().await;
    let file = update(&world, "members.csv", b"userId;amount\n40;1500000,00\n").await;
    let answer = String::from_utf8(read(&world, &file).await).unwrap();
    assert!(answer.contains("line 2, column amount: `1500000,00` is not"), "{answer}");
}

#[tokio::test]
async fn d5_encodings_are_found() {
    let table = "کد کاربر;شناسه كاربر;مبلغ\nx;40;700\n";
    let utf_16 = |to: fn(u16) -> [u8; 2]| table.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let (little, big) = (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
    // With the Arabic letters that its code page has.
    let windows = encoding_rs::WINDOWS_1256.encode(&table.replace('ی', "ي")).0.into_owned();
    assert!(std::str::from_utf8(&windows).is_err());
    let marked = |mark: &[u8], text: &[u8]| [mark, text].concat();
    for (encoding, content) in [
        ("UTF-8 with a mark", marked(b"\xef\xbb\xbf", table.as_bytes())),
        ("UTF-16LE with a mark", marked(b"\xff\xfe", &little)),
        ("UTF-16BE with a mark", marked(b"\xfe\xff", &big)),
        ("UTF-16LE", little),
        ("UTF-16BE", big),
        ("windows-1256", windows),
    ] {
        let world = LoanWorld::start().await;
        let file = update(&world, "members.csv", &content).await;
        let answer = String::from_utf8(read(&world, &file).await).unwrap();
        // Marked, so that Excel shows it as it is.
        assert!(answer.starts_with("\u{feff}کد"), "{encoding}: {answer}");
        assert!(answer.ends_with("\nx;40;700;done;700\n"), "{encoding}: {answer}");
        // What was answered can be sent again.
        let again = update(&world, "members.csv", answer.as_bytes()).await;
        let answer = String::from_utf8(read(&world, &again).await).unwrap();
        assert!(answer.contains("x;40;700;done;700;done;700"), "{encoding}: {answer}");
    }
}

#[tokio::test]
async fn d5_what_may_mean_two_things_is_refused() {
    let world = LoanWorld::start().await;
    let tomans = reason(&world, "a.csv", "شناسه کاربر,مبلغ (تومان)\n40,700\n".as_bytes()).await;
    assert!(tomans.contains("in rials, not in tomans as in `مبلغ (تومان)`"), "{tomans}");
    let twice = reason(&world, "b.csv", b"userId,amount,credit\n40,700,800\n").await;
    assert!(twice.contains("one column only with what `amount` holds"), "{twice}");
    let nothing = reason(&world, "c.csv", "نام;اعتبار\nsara;700\n".as_bytes()).await;
    assert!(nothing.contains("شماره موبایل") && nothing.contains("`نام;اعتبار`"), "{nothing}");
    let found = results(
        &world,
        "userId,cellphoneNumber,amount\n\
         40,,1.500\n\
         ,9.8912E+11,700\n\
         99,,700\n\
         -40,,700\n\
         40,,150 تومان\n",
    )
    .await;
    says(&found[0], &["line 2, column amount", "`1.500`"]);
    says(&found[1], &["line 3, column cellphoneNumber", "`9.8912E+11`", "09120000040"]);
    says(&found[2], &["line 4, column userId", "`99` is no user's"]);
    says(&found[3], &["line 5, column userId", "`-40`", "in digits"]);
    says(&found[4], &["line 6, column amount", "`150 تومان`", "rials"]);
    assert!(found.iter().all(|(_, credit)| credit.is_empty() || credit == "20000"));
}
