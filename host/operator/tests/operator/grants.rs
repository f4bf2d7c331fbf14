//! What a policy may do is what the operator's file grants it of what it asks for, for one account.

use std::{fs, path::Path};

use pod_host::{Digest, PolicyFiles};
use pod_operator::{Binding, Error, Operator, digest_line, suggested_grant};
use tempfile::TempDir;

const ACCOUNTS: &str = r#"
[account.bakery]
platform = "sandbox"
token = { command = ["echo", "word"] }

[account.cafe]
platform = "sandbox"
token = { command = ["echo", "word"] }
"#;

/// A policy that asks for this much, and its digest.
fn policy(folder: &Path, asks: &str) -> (PolicyFiles, Digest) {
    let manifest = format!(
        "name = \"payer\"\nversion = \"1.0.0\"\nworld = \"policy\"\nentry = \"payer.rhai\"\n{asks}"
    );
    fs::write(folder.join("policy.toml"), manifest).unwrap();
    fs::write(folder.join("payer.rhai"), "fn run(input) { 1 }").unwrap();
    let files = PolicyFiles::find(folder).unwrap();
    let digest = files.digest().unwrap();
    (files, digest)
}

const ASKS: &str = r#"
[capabilities]
allow = ["invoices.get-invoice-list", "payments.pay-invoice-by-invoice"]
wallets = ["PODLAND_WALLET"]

[budget]
rial = 5_000
per-day.rial = 9_000
"#;

struct Desk {
    folder: TempDir,
    files: PolicyFiles,
    digest: Digest,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (files, digest) = policy(folder.path(), ASKS);
        Self { folder, files, digest }
    }

    fn operator(&self, grants: &str) -> Operator {
        let path = self.folder.path().join("operators.toml");
        fs::write(&path, format!("{ACCOUNTS}\n{grants}")).unwrap();
        Operator::from_file(path).unwrap()
    }

    fn binding(&self, grants: &str) -> Result<Binding, Error> {
        let operator = self.operator(grants);
        Ok(operator.acting(&self.files, self.digest, None, None)?.binding)
    }
}

#[test]
fn a_policy_gets_what_it_asks_for_and_is_granted() {
    let desk = Desk::new();
    let operator = desk.operator(
        "[policy.payer]\naccount = \"cafe\"\ncapabilities.allow = [\"invoices\"]\nbudget.rial = 900_000\n",
    );
    let acting = operator.acting(&desk.files, desk.digest, None, None).unwrap();
    assert_eq!(acting.identity.name(), "cafe");
    assert!(acting.grant.allows("invoices.get-invoice-list"));
    assert!(!acting.grant.allows("payments.pay-invoice-by-invoice"), "asked, not granted");
    assert!(!acting.grant.allows("invoices.issue-invoice"), "granted, not asked");
    assert_eq!(acting.grant.budget.rial.0, 5_000, "the less of the two");
    let (account, grant) = operator.grant(&desk.files, None).unwrap();
    assert_eq!((account, grant), ("cafe", Some(acting.grant)));
}

#[test]
fn a_policy_acts_for_no_other_account() {
    let desk = Desk::new();
    let operator = desk.operator("[policy.payer]\naccount = \"cafe\"\n");
    operator.acting(&desk.files, desk.digest, Some("cafe"), None).unwrap();
    let error = operator.acting(&desk.files, desk.digest, Some("bakery"), None).unwrap_err();
    assert_eq!(error.field().unwrap().field(), "policy.payer.account");
    assert!(error.to_string().contains("cannot act for `bakery`"), "{error}");
}

#[test]
fn what_is_suggested_grants_all_that_is_asked_for() {
    let desk = Desk::new();
    let operator = desk.operator("");
    let error = operator.acting(&desk.files, desk.digest, None, None).unwrap_err();
    assert_eq!(error.code(), "several-accounts");
    let error = operator.acting(&desk.files, desk.digest, Some("cafe"), None).unwrap_err();
    let Error::NothingGranted { suggestion, account, .. } = &error else { panic!("{error}") };
    assert_eq!((error.code(), &**account), ("nothing-granted", "cafe"));
    assert_eq!(*suggestion, suggested_grant(&desk.files, "cafe"));

    let operator = desk.operator(suggestion);
    let acting = operator.acting(&desk.files, desk.digest, None, None).unwrap();
    assert_eq!(acting.grant, desk.files.asks);
}

#[test]
fn a_name_of_any_letters_is_suggested_as_toml() {
    let desk = Desk::new();
    for name in ["نان", "a b", "a.b", "\"", "a\nb", "\\", "\u{7f}\u{1}\u{202e}"] {
        let mut files = desk.files.clone();
        files.name = name.to_owned();
        let operator = desk.operator(&suggested_grant(&files, "cafe"));
        assert!(operator.grant(&files, None).unwrap().1.is_some(), "{name:?}");
    }
}

#[test]
fn a_grant_is_for_the_digest_that_it_names() {
    let desk = Desk::new();
    let entry = "[policy.payer]\naccount = \"cafe\"\n";
    assert_eq!(desk.binding(entry).unwrap(), Binding::Unbound);
    let bound = format!("{entry}{}\n", digest_line(desk.digest));
    assert_eq!(desk.binding(&bound).unwrap(), Binding::Bound);

    let other = format!("{entry}digest = \"sha256:{}\"\n", "0".repeat(64));
    for grants in
        [&other, &format!("{entry}digest = []\n"), &format!("{entry}require-digest = true\n")]
    {
        let error = desk.binding(grants).unwrap_err();
        assert_eq!(error.code(), "unbound", "{grants}: {error}");
        assert!(error.to_string().contains(&digest_line(desk.digest)), "{error}");
    }
}
