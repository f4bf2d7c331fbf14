//! Secrets are read from where the file says they are, when they are needed, and are never shown.

use std::{
    error::Error as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use pod_operator::{Error, Identity, Operator};
use tempfile::TempDir;

const SECRET: &str = "s3cr3t-t0k3n";

/// A folder with a file that holds the secret, and a podhost.toml.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// The account with a token from there, and more fields.
    fn account(&self, token: &str, more: &str) -> Result<Identity, Error> {
        let text = format!("[account.shop]\nplatform = \"sandbox\"\ntoken = {token}\n{more}");
        let path = self.file("podhost.toml", text, 0o600);
        Operator::from_file(path).unwrap().account("shop", None)
    }
}

/// How it ends, in the words of whoever prints a cause after what it caused.
fn said(error: &Error) -> String {
    let cause = error.field().unwrap().source().map(|cause| format!(": {cause}"));
    let said = format!("{error}{}", cause.unwrap_or_default());
    assert!(!format!("{said} {error:?}").contains(SECRET), "{said}");
    said
}

#[test]
fn a_secret_is_not_shown() {
    let desk = Desk::new();
    desk.file("token", format!("{SECRET}\n"), 0o600);
    let keys = format!("payInvoiceByInvoice = {SECRET}\n");
    desk.file("keys", keys, 0o600);
    let more = "api-keys = { file = \"keys\" }\nvoucher-hashes = [{ file = \"token\" }]\n";
    for token in ["{ file = \"token\" }", "{ command = [\"cat\", \"token\"] }"] {
        let identity = desk.account(token, more).unwrap();
        let shown = format!("{identity:?}");
        assert!(shown.contains("Secret(…)") && !shown.contains(SECRET), "{shown}");
        assert!(shown.contains("payInvoiceByInvoice"), "{shown}");
    }
}

#[test]
fn relative_paths_begin_at_the_file() {
    let desk = Desk::new();
    fs::create_dir(desk.folder.path().join("secrets")).unwrap();
    desk.file("secrets/token", SECRET, 0o400);
    assert_ne!(std::env::current_dir().unwrap(), Path::new(desk.folder.path()));
    desk.account("{ file = \"secrets/token\" }", "").unwrap();
}

#[test]
fn sources_that_give_nothing_say_why() {
    let desk = Desk::new();
    desk.file("open", SECRET, 0o644);
    desk.file("two", format!("{SECRET}\n{SECRET}"), 0o600);
    desk.file("bytes", [0xff, 0xfe], 0o600);
    desk.file("large", "a".repeat(1024 * 1024 + 1), 0o600);
    desk.file("nothing", "\n", 0o600);
    for (token, says) in [
        ("{ env = \"POD_OPERATOR_NOT_SET\" }", "variable POD_OPERATOR_NOT_SET: it is not set"),
        ("{ file = \"none\" }", "it cannot be read: No such file"),
        ("{ file = \"open\" }", "others than its owner can use it (mode 0644)"),
        ("{ file = \"two\" }", "one word of ASCII characters is expected"),
        ("{ file = \"bytes\" }", "it is no text in UTF-8"),
        ("{ file = \"large\" }", "it is larger than 1048576 bytes"),
        ("{ file = \"nothing\" }", "it is empty"),
        ("{ command = [\"no-such-program\"] }", "it cannot be run: No such file"),
        ("{ command = [\"sh\", \"-c\", \"cat two >&2; exit 3\"] }", "exit status: 3"),
    ] {
        let said = said(&desk.account(token, "").unwrap_err());
        assert!(said.contains("podhost.toml:3:1: `account.shop.token`: "), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn keys_are_for_services_that_there_are() {
    let desk = Desk::new();
    desk.file("token", SECRET, 0o600);
    for (keys, says) in [
        (format!("payInvoices = {SECRET}\n"), "line 1: POD has no such service"),
        (format!("# of the panel\n{SECRET}\n"), "line 2: a service and its key are expected"),
        (format!("{{\"getInvoiceList\": {SECRET}}}"), "line 1: a JSON object"),
        ("{\"getInvoiceList\": \"\"}".to_owned(), "getInvoiceList: it is empty"),
    ] {
        desk.file("keys", keys, 0o600);
        let keys = "api-keys = { file = \"keys\" }\n";
        let said = said(&desk.account("{ file = \"token\" }", keys).unwrap_err());
        assert!(said.contains("podhost.toml:4:1: `account.shop.api-keys`: "), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn of_an_account_that_is_not_acted_for_no_secret_is_read() {
    let desk = Desk::new();
    let path = desk.file(
        "podhost.toml",
        "[account.shop]\nplatform = \"sandbox\"\ntoken = { command = [\"echo\", \"word\"] }\n\
         [account.other]\nplatform = \"sandbox\"\ntoken = { command = [\"touch\", \"was-read\"] }\n",
        0o600,
    );
    let operator = Operator::from_file(path).unwrap();
    operator.account("shop", None).unwrap();
    assert!(!desk.folder.path().join("was-read").exists());
    operator.account("other", None).unwrap_err();
    assert!(desk.folder.path().join("was-read").exists());
}

#[test]
fn a_key_for_receipts_is_one() {
    let desk = Desk::new();
    desk.file("key", SECRET, 0o600);
    let text = "[receipts]\nsigning-key = { file = \"key\" }\n";
    let operator = Operator::from_file(desk.file("podhost.toml", text, 0o600)).unwrap();
    assert!(!operator.describes_accounts());
    let said = said(&operator.signing_key().err().unwrap());
    assert!(said.contains("`receipts.signing-key`: this is no private ed25519 key"), "{said}");
}
