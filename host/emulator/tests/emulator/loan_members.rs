//! updateLoanGrantorCreditForUsers and removePermittedUserFromLoanContract.

use std::io::Cursor;

use calamine::{Reader as _, Xlsx, open_workbook_from_rs};
use pod_emulator::{Scenario, ScenarioError};
use pod_platform::{
    files::{File, GetFileRequest, UploadFileRequest},
    loans::{
        LoanPlanListRequest, RemovePermittedUserFromLoanContractRequest,
        UpdateLoanGrantorCreditForUsersRequest,
    },
    types::{Error, PlatformErrorKind as Kind},
};
use rust_xlsxwriter::Workbook;

use crate::loan_world;
use crate::loan_world::{LoanWorld, loan};

pub async fn upload(
    world: &LoanWorld,
    name: &str,
    content: &[u8],
) -> UpdateLoanGrantorCreditForUsersRequest {
    let request = UploadFileRequest { file_name: name.into(), content: content.to_vec() };
    let file = world.call("bank", &request).await.unwrap();
    UpdateLoanGrantorCreditForUsersRequest {
        file_id: file.id,
        hash_code: file.hash_code,
        contract_id: 8,
    }
}

pub async fn update(world: &LoanWorld, name: &str, content: &[u8]) -> File {
    let request = UpdateLoanGrantorCreditForUsersRequest {
        contract_id: 5,
        ..upload(world, name, content).await
    };
    world.call("bank", &request).await.unwrap()
}

pub async fn read(world: &LoanWorld, file: &File) -> Vec<u8> {
    let request = GetFileRequest { file_id: file.id, hash_code: file.hash_code.clone() };
    world.call("bank", &request).await.unwrap().content
}

/// What came of a table, but for its header: result and current credit.
pub async fn results(world: &LoanWorld, csv: &str) -> Vec<(String, String)> {
    let file = update(world, "members.csv", csv.as_bytes()).await;
    let text = String::from_utf8(read(world, &file).await).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let width = reader.headers().unwrap().len();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        (row[width - 2].to_owned(), row[width - 1].to_owned())
    });
    rows.collect()
}

pub fn done(credit: &str) -> (String, String) {
    ("done".to_owned(), credit.to_owned())
}

#[tokio::test]
async fn a_table_sets_what_members_may_borrow() {
    let world = LoanWorld::start().await;
    let file =
        update(&world, "members.csv", b"userId,amount,note\n40,700,old\n10,9000,new\n").await;
    assert_eq!(file.name.as_deref(), Some("result-members.csv"));
    let content = read(&world, &file).await;
    assert_eq!(file.size, Some(content.len() as u64));
    assert_eq!(
        String::from_utf8(content).unwrap(),
        "userId,amount,note,result,currentCredit\n40,700,old,done,700\n10,9000,new,done,9000\n"
    );
    // Sara's ceiling is lower now; the shop is a member.
    assert_eq!(world.refused("shop", &loan(102, 5, 61, 0)).await, Kind::InsufficientFunds);
    let plans = LoanPlanListRequest { size: 9, contract_id: Some(5), ..Default::default() };
    assert_eq!(world.call("shop", &plans).await.unwrap().count, 3);
}

#[tokio::test]
async fn users_are_named_in_four_ways() {
    let world = LoanWorld::start().await;
    let table = "userId,cellphoneNumber,nationalCode,username,amount\n\
                 40,,,,1\n\
                 ,+989120000040,,,2\n\
                 ,9120000040,,,3\n\
                 ,,0012345679,,4\n\
                 ,,12345679,,5\n\
                 ,,,sara.40,6\n\
                 40,09120000040,0012345679,sara.40,7\n\
                 30,,,,8\n";
    let credits: Vec<_> = (1..=8).map(|credit| done(&credit.to_string())).collect();
    assert_eq!(results(&world, table).await, credits);
}

#[tokio::test]
async fn a_bad_row_does_not_stop_the_others() {
    let world = LoanWorld::start().await;
    let table = "userId,username,credit\n\
                 99,,1000\n\
                 x,,1000\n\
                 ,nobody,1000\n\
                 40,reza.50,1000\n\
                 ,,1000\n\
                 20,,1000\n\
                 40,,ten\n\
                 40,,-1\n\
                 40,,1.5\n\
                 40,,9007199254740992\n\
                 40\n\
                 50,,0\n\
                 ,,\n\
                 40,,\"1,250,000\"\n";
    let found = results(&world, table).await;
    let reasons: Vec<&str> = found.iter().map(|(reason, _)| reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "line 2, column userId: `99` is no user's",
            "line 3, column userId: `x` is not a user's id, in digits",
            "line 4, column username: `nobody` is no user's",
            "line 5: the names are different users'",
            "line 6: no user is named",
            "line 7: the grantor does not lend to itself",
            "line 8, column credit: `ten` is not an amount in whole rials, such as 1500000",
            "line 9, column credit: `-1` is not an amount in whole rials, such as 1500000",
            "line 10, column credit: `1.5` is not an amount in whole rials, such as 1500000",
            "line 11, column credit: `9007199254740992` is not an amount in whole rials, such as \
             1500000",
            "line 12: no amount is given",
            "done",
            "done",
        ]
    );
    assert_eq!(found[0].1, "");
    // A bad amount leaves the credit as it was.
    assert_eq!(found[6].1, "20000");
    assert_eq!((found[11].1.as_str(), found[12].1.as_str()), ("0", "1250000"));
}

#[tokio::test]
async fn columns_and_digits_may_be_persian() {
    let world = LoanWorld::start().await;
    // With the mark that spreadsheets put in front of UTF-8, and an Arabic keyboard's letters.
    let table = "\u{feff}شناسه كاربر,مبلغ اعتبار\n۴۰,۱٬۵۰۰\n٥٠,٧٠٠\n";
    assert_eq!(results(&world, table).await, [done("1500"), done("700")]);
    let table = "کد ملی,نام کاربری,شماره موبایل,مبلغ\n,sara.40,,3\n";
    assert_eq!(results(&world, table).await, [done("3")]);
}

#[tokio::test]
async fn a_spreadsheet_is_answered_by_a_spreadsheet() {
    let world = LoanWorld::start().await;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in ["userId", "nationalCode", "amount"].into_iter().enumerate() {
        sheet.write_string(0, u16::try_from(column).unwrap(), name).unwrap();
    }
    sheet.write_number(1, 0, 40.0).unwrap();
    sheet.write_number(1, 2, 1_500_000.0).unwrap();
    // A spreadsheet keeps no leading zeros.
    sheet.write_number(3, 1, 12_345_679.0).unwrap();
    sheet.write_string(3, 2, "900").unwrap();
    sheet.write_number(4, 0, 99.0).unwrap();
    sheet.write_number(4, 2, 1.5).unwrap();
    let file = update(&world, "اعضا.xlsx", &workbook.save_to_buffer().unwrap()).await;
    assert_eq!(file.name.as_deref(), Some("result-اعضا.xlsx"));

    let content = read(&world, &file).await;
    let mut result: Xlsx<_> = open_workbook_from_rs(Cursor::new(&content)).unwrap();
    let sheet = result.worksheet_range_at(0).unwrap().unwrap();
    let rows: Vec<Vec<String>> =
        sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(
        rows,
        [
            ["userId", "nationalCode", "amount", "result", "currentCredit"],
            ["40", "", "1500000", "done", "1500000"],
            ["", "12345679", "900", "done", "900"],
            ["99", "", "1.5", "cell A5: `99` is no user's", ""],
        ]
    );

    // What was answered can be sent again, and the same calls give the same file.
    let again = update(&world, "again.xlsx", &content).await;
    assert_eq!(again.size, Some(read(&world, &again).await.len() as u64));
    let other = LoanWorld::start().await;
    let same = update(&other, "اعضا.xlsx", &workbook.save_to_buffer().unwrap()).await;
    assert_eq!(read(&other, &same).await, content);
}

#[tokio::test]
async fn only_the_grantor_changes_members() {
    let world = LoanWorld::start().await;
    let request = upload(&world, "members.csv", b"userId,amount\n50,1\n").await;
    let of =
        |contract_id| UpdateLoanGrantorCreditForUsersRequest { contract_id, ..request.clone() };
    assert_eq!(world.refused("shop", &of(5)).await, Kind::NoPermission);
    assert_eq!(world.refused("bank", &of(8)).await, Kind::NoPermission);
    assert_eq!(world.refused("sara", &of(5)).await, Kind::InvalidToken);
    assert_eq!(world.refused("bank", &of(99)).await, Kind::NotFound);
    let guessed = UpdateLoanGrantorCreditForUsersRequest { hash_code: "1-0.1".into(), ..of(5) };
    assert_eq!(world.refused("bank", &guessed).await, Kind::NotFound);
    let remove = RemovePermittedUserFromLoanContractRequest {
        contract_id: 5,
        user_id: Some(40),
        ..Default::default()
    };
    assert_eq!(world.refused("shop", &remove).await, Kind::NoPermission);
}

#[tokio::test]
async fn a_file_that_is_no_table_is_refused() {
    let world = LoanWorld::start().await;
    let reason = async |name: &str, content: &[u8]| {
        let request = UpdateLoanGrantorCreditForUsersRequest {
            contract_id: 5,
            ..upload(&world, name, content).await
        };
        let Error::Platform(error) = world.call("bank", &request).await.unwrap_err() else {
            panic!("not refused by the platform");
        };
        assert_eq!(error.kind, Kind::BadParameters, "{name}");
        error.message
    };
    assert!(reason("a.csv", b"\n \n").await.contains("it is empty"));
    // Zeros make it UTF-16, which a lone half of a pair is not.
    assert!(reason("b.csv", b"u\0\0\xdc").await.contains("UTF-16LE"));
    assert!(reason("c.xlsx", b"PK\x03\x04 and nothing else").await.contains("XLSX"));
    assert!(reason("d.csv", b"who,amount\n40,1\n").await.contains("userId"));
    assert!(reason("e.csv", b"userId,how much\n40,1\n").await.contains("amount"));
}

#[tokio::test]
async fn a_member_is_removed_by_any_name() {
    let request = || RemovePermittedUserFromLoanContractRequest {
        contract_id: 5,
        ..RemovePermittedUserFromLoanContractRequest::default()
    };
    for (by, expected) in [
        (RemovePermittedUserFromLoanContractRequest { user_id: Some(40), ..request() }, None),
        (
            RemovePermittedUserFromLoanContractRequest {
                cellphone_number: Some("+989120000040".into()),
                ..request()
            },
            None,
        ),
        (
            RemovePermittedUserFromLoanContractRequest {
                national_code: Some("0012345679".into()),
                ..request()
            },
            None,
        ),
        (
            RemovePermittedUserFromLoanContractRequest {
                username: Some("sara.40".into()),
                user_id: Some(40),
                ..request()
            },
            None,
        ),
        (
            RemovePermittedUserFromLoanContractRequest {
                username: Some("reza.50".into()),
                user_id: Some(40),
                ..request()
            },
            Some(Kind::BadParameters),
        ),
        (
            RemovePermittedUserFromLoanContractRequest { user_id: Some(99), ..request() },
            Some(Kind::NotFound),
        ),
        (
            RemovePermittedUserFromLoanContractRequest { user_id: Some(10), ..request() },
            Some(Kind::NotFound),
        ),
        (
            RemovePermittedUserFromLoanContractRequest {
                contract_id: 99,
                user_id: Some(40),
                ..request()
            },
            Some(Kind::NotFound),
        ),
    ] {
        let world = LoanWorld::start().await;
        match expected {
            Some(kind) => assert_eq!(world.refused("bank", &by).await, kind, "{by:?}"),
            None => {
                assert!(world.call("bank", &by).await.unwrap(), "{by:?}");
                assert_eq!(world.refused("bank", &by).await, Kind::NotFound, "{by:?}");
                let request = loan(102, 5, 61, 0);
                assert_eq!(world.refused("shop", &request).await, Kind::NoPermission);
            }
        }
    }
}

#[test]
fn mistakes_in_a_contract_name_their_place() {
    let scenario = |from: &str, to: &str| {
        let text = loan_world::SCENARIO.replace(from, to);
        assert_ne!(text, loan_world::SCENARIO, "{from}");
        match Scenario::from_json("s.json", &text) {
            Err(ScenarioError::Invalid(problem)) => format!("{}: {}", problem.path, problem.reason),
            other => panic!("{to}: {other:?}"),
        }
    };
    for (from, to, expected) in [
        (r#""installments": 6"#, r#""installments": 361"#, "plans[0].installments: a loan has 1"),
        (r#""installments": 6"#, r#""installments": 0"#, "plans[0].installments: a loan has 1"),
        ("PASARGAD", "MELLI", "loanContracts[1].guarantor: there is no guarantor"),
        ("BANK_GUILD", "", "loanContracts[0].guildCode: must not be empty"),
        (r#""permittedBusinesses": [3]"#, r#""permittedBusinesses": [1, 4]"#, "Businesses[1]: no"),
        (
            r#"{"userId": 30, "credit""#,
            r#"{"userId": 20, "credit""#,
            "members[2].userId: a grantor",
        ),
        (r#""ceiling": 50000"#, r#""ceiling": 9007199254740993"#, "loanContracts[0].ceiling: "),
        (r#""endDate": "1400/12/29""#, r#""endDate": "1400/12/30""#, "loanContracts[0].endDate: "),
    ] {
        let problem = scenario(from, to);
        assert!(problem.contains(expected), "{problem}\nexpected {expected}");
    }
}
