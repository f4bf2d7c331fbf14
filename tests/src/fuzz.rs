//! What is fuzzed: one function for each boundary that untrusted bytes cross, which panics if what
//! must hold does not. `tools/fuzz` has libFuzzer call them; the test `fuzz_corpus` calls them with
//! what the fuzzer kept.

use std::{
    collections::BTreeMap,
    path::{self, Path},
    str,
    sync::LazyLock,
};

use bytes::Bytes;
use pod_emulator::Scenario;
use pod_host::{
    Allowance, Budget, Digest, Grant, Manifest, NetworkRule, PolicyFiles, Scope, Spent, UrlPattern,
    World, engine::engine, inspect_component, journal,
};
use pod_platform::{Answer, Rial, Service, ServiceVisitor, visit_services};
use serde_json::value::RawValue;
use url::Url;
use wasmtime::{Engine, component::Component};

/// More methods than a rule can name.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"];

/// Loading a component, up to its check against each world: it is refused or fits.
///
/// What passes validation is compiled by the host's own engine. That is slow with an address
/// sanitizer, so inputs should be small; nothing is instantiated.
pub fn component_loading(bytes: &[u8]) {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| engine().expect("the engine starts"));
    static POLICIES: LazyLock<Vec<PolicyFiles>> = LazyLock::new(|| {
        let of_world = |world: World| {
            let text = format!(
                "name = \"fuzzed\"\nversion = \"1\"\nworld = \"{}\"\nentry = \"fuzzed.wasm\"",
                world.name()
            );
            Manifest::parse(Path::new("policy.toml"), &text).expect("a manifest").into()
        };
        World::ALL.map(of_world).into()
    });

    let Ok(component) = Component::new(&ENGINE, bytes) else { return };
    for files in POLICIES.iter() {
        let digest = Digest::of_file(bytes);
        let Ok(inspection) = inspect_component(&ENGINE, &component, files, digest) else {
            continue;
        };
        let world = inspection.world;
        assert_eq!(Some(world), files.world);
        assert!(component.get_export_index(None, world.export()).is_some(), "{world:?}");
        let imports = inspection.imports.expect("a component's imports are listed");
        assert!(world == World::Policy || imports.is_empty(), "a decider imports {imports:?}");
    }
}

/// What POD answers, in its envelope, read as the answer of the service that the first byte names.
/// What is read is written and read again the same, and no number became another.
pub fn response_decoding(bytes: &[u8]) {
    struct Decoders(Vec<fn(&Bytes)>);

    impl ServiceVisitor for Decoders {
        fn visit<S: Service>(&mut self) {
            self.0.push(decode_response::<S>);
        }
    }

    static DECODERS: LazyLock<Vec<fn(&Bytes)>> = LazyLock::new(|| {
        let mut decoders = Decoders(Vec::new());
        visit_services(&mut decoders);
        decoders.0
    });

    let Some((&service, body)) = bytes.split_first() else { return };
    DECODERS[usize::from(service) % DECODERS.len()](&Bytes::copy_from_slice(body));
}

fn decode_response<S: Service>(body: &Bytes) {
    let read = |count, result: &str| Ok(Box::new(S::read(count, result)?) as Box<_>);
    let answer = match Answer::read(S::ROW, read, body) {
        Ok(answer) => answer,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let response: &S::Response = answer.value.downcast_ref().expect("its own reader's");
    let written = S::write(response).expect("a response is JSON");
    let again = S::read(S::count(response), written.get()).expect("what is written is readable");
    assert_eq!(written.get(), S::write(&again).expect("a response is JSON").get());
    let result = str::from_utf8(&answer.result).expect("JSON is text");
    same_numbers(result, written.get(), "result");
}

/// Where a text of JSON and what was made of it have a number at the same place, it is the same.
fn same_numbers(read: &str, written: &str, place: &str) {
    if read == written {
        return;
    }
    if let (Ok(read), Ok(written)) = (fields(read), fields(written)) {
        for (name, written) in written {
            if let Some(read) = read.get(&name) {
                same_numbers(read.get(), written.get(), &format!("{place}.{name}"));
            }
        }
    } else if let (Ok(read), Ok(written)) = (items(read), items(written)) {
        assert_eq!(read.len(), written.len(), "{place}");
        for (index, (read, written)) in read.into_iter().zip(written).enumerate() {
            same_numbers(read.get(), written.get(), &format!("{place}[{index}]"));
        }
    } else if let (Ok([one]), Ok(_)) = (items(read).as_deref(), fields(written)) {
        // Some services answer a list of one record.
        same_numbers(one.get(), written, place);
    } else {
        let text = serde_json::from_str::<String>(read).ok();
        let read = text.as_deref().unwrap_or(read);
        let whole = (read.parse::<i128>(), written.parse::<i128>());
        let float = (read.parse::<f64>(), written.parse::<f64>());
        match (whole, float) {
            ((Ok(read), Ok(written)), _) => assert_eq!(read, written, "{place}"),
            // 156000.0 are 156,000 rials; a float that may stand for another number is none.
            ((Err(_), Ok(written)), (Ok(read), _)) => {
                assert!(Rial::from_float(read.abs()).is_some(), "{place}: {read}");
                assert_eq!(read, written as f64, "{place}");
            }
            (_, (Ok(read), Ok(written))) => assert_eq!(read, written, "{place}"),
            _ => {}
        }
    }
}

fn fields(json: &str) -> serde_json::Result<BTreeMap<String, &RawValue>> {
    serde_json::from_str(json)
}

fn items(json: &str) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::from_str(json)
}

/// A policy.toml: what is read of it asks for what it names, and for nothing else.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let manifest = match Manifest::parse(Path::new("policy.toml"), text) {
        Ok(manifest) => manifest,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    for file in [Some(&manifest.entry), manifest.scenario.as_ref()].into_iter().flatten() {
        let is_below = |part| matches!(part, path::Component::Normal(_) | path::Component::CurDir);
        assert!(file.components().all(is_below), "{} is not below its folder", file.display());
    }
    let table: toml::Table = text.parse().expect("a manifest is TOML");
    let field = |group: &str, name: &str| table.get(group)?.get(name);
    let list = |group: &str, name: &str| -> Vec<&str> {
        let items = field(group, name).and_then(toml::Value::as_array).into_iter().flatten();
        items.map(|item| item.as_str().expect("a list of texts")).collect()
    };
    let number = |name: &str| field("budget", name).and_then(toml::Value::as_integer);

    // Whole, so that what is added to a grant is asked about here, too.
    let Grant { functions, budget, repeatable, scope } = manifest.asks;
    let Scope { wallets, guilds, issuers, network, private, secrets, readable_only } = scope;
    for (functions, named) in [
        (functions, list("capabilities", "allow")),
        (repeatable, list("capabilities", "repeatable")),
    ] {
        for function in functions {
            let (interface, _) = function.split_once('.').expect("`interface.function`");
            let is_named = |name: &&str| *name == function || *name == interface;
            assert!(named.iter().any(is_named), "nobody asks for {function}");
        }
    }
    for (codes, name) in [(wallets, "wallets"), (guilds, "guilds")] {
        let named = list("capabilities", name);
        assert_eq!(codes.is_some(), field("capabilities", name).is_some(), "{name}");
        for code in codes.into_iter().flatten() {
            assert!(named.contains(&code.as_str()), "nobody asks for {code}");
        }
    }
    let named = field("capabilities", "issuers").and_then(toml::Value::as_array);
    assert_eq!(issuers.is_some(), named.is_some(), "issuers");
    for issuer in issuers.into_iter().flatten() {
        let is_named = |id: &toml::Value| id.as_integer() == i64::try_from(issuer).ok();
        assert!(named.into_iter().flatten().any(is_named), "nobody asks for the issuer {issuer}");
    }
    let urls = list("network", "allow");
    for rule in network {
        let is_named = |url: &&str| url.parse().as_ref() == Ok(&rule);
        assert!(urls.iter().any(is_named), "nobody asks for {rule}");
        assert_eq!(rule.to_string().parse().as_ref(), Ok(&rule), "written as it is read");
    }
    for (names, name) in [(private, "private"), (secrets, "secrets")] {
        let named = list("network", name);
        for text in names {
            assert!(named.contains(&text.as_str()), "nobody asks for {text}");
        }
    }
    assert!(!readable_only);

    let Budget {
        rial,
        rial_per_payment,
        sms,
        calls,
        bytes_up,
        bytes_down,
        wall_ms,
        fuel,
        memory_bytes,
        http_calls,
        state_bytes,
        log_bytes,
        concurrent_runs,
        per_day,
        per_policy,
    } = budget;
    let default = Budget::default();
    for (name, asked, unnamed) in [
        ("rial", rial.0, 0),
        ("sms", sms, 0),
        ("calls", calls, default.calls),
        ("bytes-up", bytes_up, default.bytes_up),
        ("bytes-down", bytes_down, default.bytes_down),
        ("fuel", fuel, default.fuel),
        ("memory", memory_bytes, default.memory_bytes),
        ("http-calls", http_calls, default.http_calls),
        ("state", state_bytes, default.state_bytes),
        ("log", log_bytes, default.log_bytes),
        ("concurrent-runs", concurrent_runs.into(), default.concurrent_runs.into()),
    ] {
        let named = number(name).map_or(unnamed.into(), i128::from);
        assert_eq!(i128::from(asked), named, "{name}");
    }
    let named = number("rial-per-payment").map(i128::from);
    assert_eq!(rial_per_payment.map(|rials| rials.0.into()), named);
    assert!(field("budget", "wall").is_some() || wall_ms == default.wall_ms);
    for (allowance, table) in [(per_day, "per-day"), (per_policy, "per-policy")] {
        let Allowance { rial, sms, calls, http_calls, bytes_up, bytes_down } = allowance;
        for (allowed, name) in [
            (rial.map(|rials| rials.0), "rial"),
            (sms, "sms"),
            (calls, "calls"),
            (http_calls, "http-calls"),
            (bytes_up, "bytes-up"),
            (bytes_down, "bytes-down"),
        ] {
            let named = field("budget", table).and_then(|table| table.get(name)?.as_integer());
            assert_eq!(allowed.map(i128::from), named.map(i128::from), "{table}.{name}");
        }
    }
}

/// A scenario file: what is read of it is written and read again the same.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let scenario = match Scenario::from_json("fuzzed.json", text) {
        Ok(scenario) => scenario,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = serde_json::to_string(&scenario).expect("a scenario is JSON");
    let again = Scenario::from_json("fuzzed.json", &written).expect("what is written is readable");
    assert_eq!(again, scenario);
}

/// Three lines: two rules of a network grant, and a URL. What both rules allow, their intersection
/// allows, and nothing else; and whoever reads a URL that matches comes to the rule's place.
pub fn url_allowlist(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let (Some(one), Some(other), Some(url)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let Ok(one) = one.parse::<NetworkRule>() else { return };
    let is_match = matches(one.url(), url);
    let Ok(other) = other.parse::<NetworkRule>() else { return };
    let is_match = matches(other.url(), url) && is_match;
    let both = one.intersection(&other);
    assert_eq!(both, other.intersection(&one), "from either side");
    let is_in_both = both.as_ref().is_some_and(|both| matches(both.url(), url));
    let mut shared = METHODS.iter().filter(|method| one.allows(method) && other.allows(method));
    assert_eq!(is_in_both, is_match && shared.next().is_some());
    for method in METHODS {
        let is_allowed = both.as_ref().is_some_and(|both| both.allows(method));
        assert!(!is_allowed || one.allows(method) && other.allows(method), "{method}");
    }
    if let Some(both) = both {
        assert_eq!(both.to_string().parse().as_ref(), Ok(&both), "{both} is written as it is read");
    }
}

/// Does the pattern match? If so, the URL is at its place by two readings that are not the
/// pattern's own.
fn matches(pattern: &UrlPattern, url: &str) -> bool {
    let text = pattern.to_string();
    assert_eq!(text.parse().as_ref(), Ok(pattern), "{text} is written as it is read");
    if !pattern.matches(url) {
        return false;
    }
    let bare = text.strip_suffix('*').unwrap_or(&text);
    let place = |url: &Url| {
        (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default())
    };
    let expected = Url::parse(bare).expect("a pattern is a URL");
    let found = Url::parse(url).expect("what matches is a URL");
    assert_eq!(place(&found), place(&expected), "{url}");
    assert!(found.path().starts_with(expected.path()), "{url} is not below {bare}");

    // As somebody reads it who looks for nothing but the first slash.
    let authority = |url: &str| {
        let (scheme, rest) = url.split_once("://").expect("a scheme");
        let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
        (scheme.to_owned(), rest[..end].to_owned())
    };
    assert_eq!(authority(url), authority(bare), "{url}");
    true
}

/// A journal's entry: what is read is written and read again the same, and can be summed up.
pub fn journal_entry(bytes: &[u8]) {
    let entry = match journal::decode(bytes) {
        Ok(entry) => entry,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(journal::decode(&journal::encode(&entry)).as_ref(), Ok(&entry));
    let spent = Spent::of([&entry]);
    assert!(spent.settled().rials <= spent.total().rials);
}
