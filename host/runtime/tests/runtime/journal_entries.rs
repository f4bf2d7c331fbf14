//! The journal's binary form is for ever: each kind of entry has a golden file, and what one
//! version wrote every later one reads.
//!
//! `PODHOST_BLESS=1 cargo test --release --workspace --test runtime journal_entries` writes files for
//! new kinds of entries; it never changes one that is there.

use std::{fs, path::PathBuf};

use pod_host::{
    Amounts, Digest,
    journal::{
        Decided, Diverged, Entry, EntryError, Finished, Intent, KnownBy, Looks, Outcome, Recorded,
        Restored, Settled, Started, decode, encode,
    },
};
use proptest::prelude::*;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.entry"))
}

fn outcome(recorded: Recorded) -> Entry {
    Entry::Outcome(Outcome {
        step: 3,
        function: "payments.pay-invoice-by-invoice".into(),
        call: Digest([7; 32]),
        recorded,
        reference_number: Some("5101032".into()),
        spent: Amounts {
            rials: 900_000,
            calls: 2,
            bytes_up: 120,
            bytes_down: 2_048,
            ..Amounts::default()
        },
        at: 1_591_076_400_000,
        count: None,
        arguments: None,
        evidence: None,
        state: None,
        known_by: None,
        at_most: None,
        pending: None,
        unchanged: None,
    })
}

fn entries() -> Vec<(&'static str, Entry)> {
    let started = Started {
        policy: "netting".into(),
        version: "0.1.0".into(),
        world: "netting".into(),
        component: Digest([1; 32]),
        script: Some(Digest([2; 32])),
        account: "فروشگاه لیلا".into(),
        input: "null".into(),
        allowed: vec!["invoices.get-invoice-list".into()],
        budget: "{\"rial\":1}".into(),
        host: "0.1.0".into(),
        at: 1_591_076_400_000,
        platform: None,
        business: None,
        user: None,
        options: None,
        stated: None,
        key: None,
        request: None,
        kept: None,
        repeatable: None,
        entry: None,
        scope: None,
    };
    let resumable = Started {
        platform: Some("production".into()),
        business: Some(10),
        user: Some(1),
        options: Some("{\"planOnly\":false}".into()),
        stated: Some("{\"used\":[]}".into()),
        key: Some("1399-03".into()),
        request: Some(Digest([3; 32])),
        kept: Some("0404/netting.rhai".into()),
        repeatable: Some(vec!["payments.send-payment-link-to-user".into()]),
        entry: Some("plugins/netting/netting.rhai".into()),
        ..started.clone()
    };
    let narrowed =
        Started { scope: Some("{\"wallets\":[\"PODLAND_WALLET\"]}".into()), ..resumable.clone() };
    let intent = Intent {
        step: 3,
        function: "payments.pay-invoice-by-invoice".into(),
        arguments: "creditorInvoiceId=601&debtorInvoiceId=501".into(),
        call: Digest([7; 32]),
        effect_class: "self-fencing".into(),
        reserved: Amounts {
            rials: 900_000,
            calls: 2,
            bytes_up: 41,
            bytes_down: 65_536,
            ..Amounts::default()
        },
        invoice: Some(501),
        at: 1_591_076_400_000,
        service: "payInvoiceByInvoice".into(),
        before: None,
        at_most: None,
    };
    let informed = Intent {
        before: Some(
            "{\"prior\":\"open\",\"shows\":\"invoice 501: not payed\",\"stamp\":\"\"}".into(),
        ),
        ..intent.clone()
    };
    let capped = Intent { at_most: Some(true), ..intent.clone() };
    let at = 1_591_076_400_000;
    let decided =
        Decided { answer: "[[601,501]]".into(), at, fuel: None, memory_bytes: None, log: None };
    let metered = Decided {
        fuel: Some(7_115),
        memory_bytes: Some(1_179_648),
        log: Some("[]".into()),
        ..decided.clone()
    };
    let finished = Finished {
        status: "done".into(),
        output: Some("{}".into()),
        error: None,
        fuel: 7_115,
        memory_bytes: 1_179_648,
        wall_ms: 53,
        at: 1_591_076_400_000,
        log: None,
    };
    let logged = Finished { log: Some("[]".into()), ..finished.clone() };
    let Entry::Outcome(unknown) = outcome(Recorded::Unknown("{\"unavailable\":\"\"}".into()))
    else {
        unreachable!("it is made here")
    };
    let looked_into =
        Outcome { evidence: Some("invoice 501: not payed".into()), ..unknown.clone() };
    let found_out = Outcome {
        recorded: Recorded::Done("true".into()),
        evidence: Some("invoice 501: payed".into()),
        known_by: Some(KnownBy::Read),
        ..unknown.clone()
    };
    let pending = Outcome {
        recorded: Recorded::Done("{\"id\":1}".into()),
        at_most: Some(true),
        pending: Some(true),
        ..unknown.clone()
    };
    let read = Outcome {
        count: Some(1),
        arguments: Some("offset=0&size=200".into()),
        recorded: Recorded::Done("[]".into()),
        ..unknown
    };
    let settled = Settled {
        step: 3,
        happened: true,
        reference_number: Some("5101032".into()),
        note: "the bank's statement of 1399/03/14 has it".into(),
        at,
        by: None,
    };
    let settled_by = Settled { by: Some("sara".into()), ..settled.clone() };
    let diverged = Diverged {
        step: 3,
        recorded: "`payments.pay-invoice` with invoiceId=501".into(),
        asked: "`payments.pay-invoice` with invoiceId=502".into(),
        at,
    };
    // The clock, the clock again a second later, a random number.
    let numbers = vec![0, 1_591_076_400_000, 1_591_076_400_001, 0, 1_000, 1_000, 1, -5, 1];
    vec![
        ("started", Entry::Started(Box::new(started))),
        ("started-resumable", Entry::Started(Box::new(resumable))),
        ("started-narrowed", Entry::Started(Box::new(narrowed))),
        ("intent", Entry::Intent(intent)),
        ("intent-informed", Entry::Intent(informed)),
        ("intent-capped", Entry::Intent(capped)),
        ("outcome-done", outcome(Recorded::Done("true".into()))),
        ("outcome-refused", outcome(Recorded::Refused("{\"unavailable\":\"\"}".into()))),
        ("outcome-unknown", outcome(Recorded::Unknown("{\"unavailable\":\"\"}".into()))),
        ("outcome-looked-into", Entry::Outcome(looked_into)),
        ("outcome-found-out", Entry::Outcome(found_out)),
        ("outcome-of-a-read", Entry::Outcome(read)),
        ("outcome-pending", Entry::Outcome(pending)),
        ("decided", Entry::Decided(decided)),
        ("decided-metered", Entry::Decided(metered)),
        ("finished", Entry::Finished(finished)),
        ("finished-logged", Entry::Finished(logged)),
        ("restored", Entry::Restored(Restored { at })),
        ("settled", Entry::Settled(settled)),
        ("settled-by", Entry::Settled(settled_by)),
        ("diverged", Entry::Diverged(diverged)),
        ("looks", Entry::Looks(Looks { step: 3, numbers })),
    ]
}

#[test]
fn what_was_written_is_read_and_written_alike() {
    for (name, entry) in entries() {
        let path = golden(name);
        if std::env::var_os("PODHOST_BLESS").is_some() && !path.exists() {
            fs::write(&path, encode(&entry)).expect("the golden file can be written");
        }
        let bytes = fs::read(&path).expect("there is a golden file");
        assert_eq!(decode(&bytes).as_ref(), Ok(&entry), "{name}");
        assert_eq!(encode(&entry), bytes, "{name}");
    }
}

#[test]
fn a_later_form_is_not_guessed_at() {
    let (_, entry) = entries().remove(0);
    let mut bytes = encode(&entry);
    bytes[0] = 2;
    assert_eq!(decode(&bytes), Err(EntryError::Version(2)));
}

#[test]
fn no_part_of_an_entry_is_an_entry() {
    for (name, entry) in entries() {
        let bytes = encode(&entry);
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{name}, cut off after {length} bytes");
        }
        assert!(decode(&[bytes, vec![0]].concat()).is_err(), "{name}, and one byte more");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }
}
