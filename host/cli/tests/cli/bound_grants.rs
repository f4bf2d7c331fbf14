//! `[policy.NAME] digest`: a grant is for what was looked at, and not for whatever bears its name.

use std::fs;

use crate::common::{Desk, Ended, SMALL, Served, podhost, project};

const TOKEN: &str = "shop-api-token";

const GRANT: &str = "account = \"shop\"\n\
                     capabilities.allow = [\"invoices\", \"payments.pay-invoice-by-invoice\"]\n\
                     budget.rial = 10_000_000\n";

/// A copy of the netting script that can be changed, and an account for it.
struct Bakery {
    desk: Desk,
    platform: String,
}

impl Bakery {
    /// On a platform that nobody is at: what reaches for it ends with 3.
    fn nowhere() -> Self {
        Self::at("http://127.0.0.1:1/srv/sc")
    }

    fn at(platform: &str) -> Self {
        let bakery = Self { desk: Desk::new(), platform: platform.to_owned() };
        let netting = project().join("plugins/netting");
        let manifest = fs::read_to_string(netting.join("policy.toml")).unwrap();
        bakery.write("policy.toml", &manifest.replace("netting.wasm", "netting.rhai"));
        bakery.write("netting.rhai", &fs::read_to_string(netting.join("netting.rhai")).unwrap());
        bakery
    }

    fn write(&self, name: &str, text: &str) {
        self.desk.file(&format!("netting/{name}"), text);
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.desk.folder.path().join("netting").join(name);
        let whole = format!("{}{text}", fs::read_to_string(&path).unwrap());
        fs::write(path, whole).unwrap();
    }

    /// What the file has above its tables, and in its grant.
    fn config(&self, top: &str, grant: &str) -> String {
        let text = format!(
            "{top}\n[account.shop]\nplatform = \"{}\"\ntoken = {{ env = \"SHOP\" }}\n\
             [policy.netting]\n{grant}\n{GRANT}",
            self.platform
        );
        self.desk.file("podhost.toml", text)
    }

    fn folder(&self) -> String {
        self.desk.folder.path().join("netting").to_str().unwrap().to_owned()
    }

    fn run(&self, config: &str, arguments: &[&str]) -> Ended {
        let folder = self.folder();
        let always = [&folder, "--account", "shop", "--config", config];
        let mut command = self.desk.command(&[&always, arguments].concat());
        command.env("SHOP", TOKEN).output().unwrap().into()
    }

    fn check(&self, config: &str, arguments: &[&str]) -> Ended {
        let mut command = podhost();
        command.args(["check", &self.folder(), "--config", config]).args(arguments);
        command.arg("--cache").arg(project().join("target/test-components"));
        command.output().unwrap().into()
    }

    /// The line that `podhost check` prints.
    fn line(&self, config: &str) -> String {
        let ended = self.check(config, &[]);
        let line = ended.stdout.lines().find(|line| line.starts_with("digest = \"sha256:"));
        line.unwrap_or_else(|| panic!("{ended:#?}")).to_owned()
    }
}

fn digest(line: &str) -> &str {
    line.trim_start_matches("digest = \"").trim_end_matches('"')
}

#[test]
fn a_grant_is_for_the_policy_whose_digest_it_names_and_for_no_other() {
    let pod = Served::start(&["--scenario", SMALL]);
    let bakery = Bakery::at(pod.url());
    let line = bakery.line(&bakery.config("", ""));
    let config = bakery.config("", &line);
    let ended = bakery.run(&config, &[]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(!ended.stderr.contains("has never run"), "{ended:#?}");
    let shown = bakery.check(&config, &["--json"]).json();
    assert_eq!((&shown["digest"], &shown["bound"]), (&digest(&line).into(), &true.into()));
    assert_eq!(bakery.check(&config, &[]).code, Some(0));

    // Whatever decides what it does is covered.
    let nowhere = Bakery::nowhere();
    for (file, change) in [("netting.rhai", "\n// Changed.\n"), ("policy.toml", "\n# Changed.\n")] {
        let config = nowhere.config("", &line);
        assert_eq!(nowhere.line(&config), line, "the same files are the same policy anywhere");
        let before = fs::read(nowhere.desk.folder.path().join("netting").join(file)).unwrap();
        nowhere.append(file, change);
        let changed = nowhere.line(&config);
        assert_ne!(changed, line);
        // Nothing is sent: nobody is there, and that is not what is told.
        for arguments in [&[][..], &["--dry-run"], &["--plan-only"]] {
            nowhere.run(&config, arguments).failed(
                2,
                &["podhost.toml:6:10:", "`policy.netting.digest`", digest(&line), &changed],
            );
        }
        let ended = nowhere.check(&config, &["--json"]);
        assert_eq!((ended.code, &ended.json()["bound"]), (Some(1), &false.into()), "{ended:#?}");
        assert!(ended.json()["problems"][0].as_str().unwrap().contains(&changed), "{ended:#?}");

        // Several, of which one is the policy's.
        let both = format!("digest = [\"{}\", \"{}\"]", digest(&line), digest(&changed));
        nowhere.run(&nowhere.config("", &both), &[]).failed(3, &["cannot be reached"]);
        nowhere.write(file, &String::from_utf8(before).unwrap());
    }
    nowhere.run(&nowhere.config("", "digest = []"), &[]).failed(2, &["is for the policy none"]);
}

#[test]
fn an_unbound_grant_tells_of_a_policy_that_never_ran_under_it() {
    let pod = Served::start(&["--scenario", SMALL]);
    let bakery = Bakery::at(pod.url());
    let config = bakery.config("", "");
    let warned = |arguments: &[&str]| {
        let ended = bakery.run(&config, arguments);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        let warnings = ended.stderr.matches("has never run for the account `shop`").count();
        assert!(warnings == 0 || ended.stderr.contains(&bakery.line(&config)), "{ended:#?}");
        warnings
    };
    // A dry run could do nothing; what it runs is as new afterwards.
    assert_eq!(warned(&["--dry-run"]), 1);
    assert_eq!(warned(&[]), 1);
    assert_eq!(warned(&[]), 0);
    bakery.append("netting.rhai", "\n// Changed.\n");
    assert_eq!(warned(&[]), 1);
    assert_eq!(warned(&[]), 0);
    bakery.append("policy.toml", "\n# Changed.\n");
    assert_eq!(warned(&["--json"]), 1);
    assert_eq!(warned(&["--json"]), 0);
}

#[test]
fn a_digest_can_be_required() {
    let bakery = Bakery::nowhere();
    let line = bakery.line(&bakery.config("", ""));
    let refused = ["`require-digest`", "podhost.toml:", "`policy.netting`", &line];
    let required = "require-digest = true";
    bakery.run(&bakery.config(required, ""), &[]).failed(2, &refused);
    bakery.run(&bakery.config("", required), &[]).failed(2, &refused);
    assert_eq!(bakery.check(&bakery.config(required, ""), &[]).code, Some(1));
    // It goes on to the platform, where nobody is.
    for config in [
        bakery.config(required, &line),
        bakery.config(required, "require-digest = false"),
        bakery.config("require-digest = false", &format!("{required}\n{line}")),
    ] {
        bakery.run(&config, &[]).failed(3, &["cannot be reached"]);
    }
}

#[test]
fn a_digest_is_one() {
    let bakery = Bakery::nowhere();
    for (top, grant, says) in [
        ("", "digest = \"sha256:12\"", "podhost.toml:6:10: `policy.netting.digest`"),
        ("", "digest = 12", "`policy.netting.digest`"),
        ("", "digest = [\"md5:1\"]", "64 hexadecimal digits"),
        ("", "require-digest = 1", "`policy.netting.require-digest`"),
        (
            "require-digest = \"yes\"",
            "",
            "podhost.toml:1:18: `require-digest`: must be true or false",
        ),
    ] {
        bakery.run(&bakery.config(top, grant), &[]).failed(2, &[says]);
    }
}
