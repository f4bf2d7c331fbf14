//! `podhost explain`: a run for whoever has to answer for it.

use std::fs;

use crate::common::{Desk, Ended, SMALL, Served, on_store};

fn ask(desk: &Desk, arguments: &[&str]) -> Ended {
    on_store(desk, arguments).output().unwrap().into()
}

/// Nets an invoice, and says what no page may take for its own.
const SCRIPT: &str = "fn run(input) {
    pay_invoice_by_invoice(#{ creditor_invoice_id: 601, debtor_invoice_id: 501 });
    try { cancel_invoice(#{ id: 604 }); } catch (error) { print(`<b onclick=\"x\">${error.kind}</b>`); }
    \"</pre><script>\"
}";

#[test]
fn a_page_holds_all_that_it_shows_and_nothing_of_it_runs() {
    let desk = Desk::new();
    let pod = Served::start(&["--scenario", SMALL]);
    desk.file(
        "nets/policy.toml",
        "name = \"nets\"\nversion = \"1\"\nworld = \"policy\"\nentry = \"nets.rhai\"\n[capabilities]\n\
         allow = [\"payments.pay-invoice-by-invoice\"]\n[budget]\nrial = 1_000_000\n",
    );
    let script = desk.file("nets/nets.rhai", SCRIPT);
    let run = ["run", &script, "--platform", pod.url(), "--key", "<march>", "--json"];
    let receipt = ask(&desk, &run).json();
    assert_eq!(receipt["status"], "done", "{receipt:#}");
    let run = receipt["run"].as_str().unwrap();

    let file = desk.folder.path().join("run.html");
    for (language, marks) in [
        ("en", ["lang=\"en\" dir=\"ltr\"", "What changed", "900,000", "for the account"]),
        ("fa", ["lang=\"fa\" dir=\"rtl\"", "تغییرات", "۹۰۰٬۰۰۰", "برای حساب"]),
    ] {
        let explain = ["explain", run, "--html", file.to_str().unwrap(), "--lang", language];
        let explained = ask(&desk, &explain);
        assert_eq!(explained.code, Some(0), "{explained:#?}");
        let page = fs::read_to_string(&file).unwrap();
        for mark in marks {
            assert!(page.contains(mark), "{mark}: {page}");
        }
        for text in ["creditorInvoiceId 601", "debtorInvoiceId 501", "cancel-invoice", pod.url()] {
            assert!(page.contains(text), "{text}: {page}");
        }
        // Whatever a policy, or who named the key, wrote is text.
        for text in ["<march>", "<b ", "<script", "src=", "<link", "@import", "url("] {
            assert!(!page.contains(text), "{text}: {page}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    let text = ask(&desk, &["explain", run]);
    assert!(text.stdout.contains("policy │ "), "{text:#?}");
    assert!(text.stdout.contains("about to payInvoiceByInvoice"), "{text:#?}");
    let nowhere = ["explain", run, "--html", "no/such/folder/run.html"];
    ask(&desk, &nowhere).failed(3, &["no/such/folder/run.html"]);
    ask(&desk, &["explain", "none"]).failed(2, &["there is no run none"]);
}
