//! What is done with bytes from outside, for fuzzing: each target takes any bytes, and panics if they
//! break a promise. `tools/fuzz` looks for such bytes; `tests/tests/fuzz_corpus.rs` tries the corpora.

use std::{path::Path, sync::OnceLock};

use pod_host::{Manifest, NetworkRule, UrlPattern, engine::engine, journal};
use pod_platform::{Service, ServiceVisitor, visit_services, wire::envelope::Envelope};
use pod_sandbox::Scenario;
use wasmtime::{Engine, component::Component};

/// A target's name, which is its corpus' folder, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("component_loading", component_loading),
    ("response_decoding", response_decoding),
    ("manifest", manifest),
    ("scenario", scenario),
    ("url_allowlist", url_allowlist),
    ("journal_entry", journal_entry),
];

/// Components are compiled, which takes the longer the larger they are: more bytes are not tried.
const LARGEST_COMPONENT: usize = 8 * 1024;

/// Compiles bytes as policies are compiled, or says why they are no component.
pub fn component_loading(bytes: &[u8]) {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if bytes.len() > LARGEST_COMPONENT {
        return;
    }
    let engine = ENGINE.get_or_init(|| engine().expect("this machine has an engine"));
    if let Ok(component) = Component::new(engine, bytes) {
        let about = component.component_type();
        // What the world check walks.
        let imports = about.imports(engine).count();
        let exports = about.exports(engine).count();
        assert!(imports + exports <= bytes.len());
    }
}

/// Reads bytes as POD's answer to the service that the first byte chooses.
pub fn response_decoding(bytes: &[u8]) {
    type Read = fn(u64, &str);
    struct Readers(Vec<Read>);

    impl ServiceVisitor for Readers {
        fn visit<S: Service>(&mut self) {
            self.0.push(|count, result| {
                let Ok(response) = S::read(count, result) else { return };
                // What was understood can be told again, and is understood alike.
                let written = S::write(&response).expect("a response is JSON");
                let again = S::read(S::count(&response), written.get());
                let again = again.unwrap_or_else(|error| panic!("{}: {error}", S::ROW.name));
                let again = S::write(&again).expect("a response is JSON");
                assert_eq!(written.get(), again.get(), "{}", S::ROW.name);
            });
        }
    }

    static READERS: OnceLock<Vec<Read>> = OnceLock::new();
    let Some((chosen, body)) = bytes.split_first() else { return };
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(body) else { return };
    let Some(result) = envelope.result else { return };
    let readers = READERS.get_or_init(|| {
        let mut readers = Readers(Vec::new());
        visit_services(&mut readers);
        readers.0
    });
    readers[usize::from(*chosen) % readers.len()](envelope.count.unwrap_or_default(), result.get());
}

/// Reads bytes as a policy.toml, which asks for nothing that it does not name.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(manifest) = Manifest::parse(Path::new("policy.toml"), text) else { return };
    // A letter can be written by its number.
    if text.contains('\\') {
        return;
    }
    for function in &manifest.asks.functions {
        let group = function.split('.').next().unwrap_or_default();
        assert!(text.contains(group), "{function}");
    }
    for rule in &manifest.asks.scope.network {
        assert_eq!(rule.to_string().parse::<NetworkRule>().as_ref(), Ok(rule));
    }
}

/// Reads bytes as a scenario, which reads back the same.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(scenario) = Scenario::from_json("scenario.json", text) else { return };
    let written = serde_json::to_string(&scenario).expect("a scenario is JSON");
    let again = Scenario::from_json("again.json", &written);
    assert_eq!(again.unwrap_or_else(|error| panic!("{error}: {written}")), scenario);
}

/// Reads two lines as patterns and a third as a URL: what matches both patterns' intersection matches
/// each, and what matches has the pattern's scheme, host and port for everybody else, too.
pub fn url_allowlist(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.lines();
    let (Some(one), Some(other), Some(url)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let Ok(one) = one.parse::<UrlPattern>() else { return };
    assert_eq!(one.to_string().parse::<UrlPattern>().as_ref(), Ok(&one));
    if one.matches(url) {
        let read = url::Url::parse(url).expect("what matches is a URL");
        let pattern = one.to_string();
        let pattern =
            url::Url::parse(pattern.trim_end_matches('*')).expect("a pattern is one, too");
        assert_eq!(read.origin(), pattern.origin());
        assert!(read.path().starts_with(pattern.path()));
        assert_eq!((read.username(), read.password()), ("", None));
    }
    let Ok(other) = other.parse::<UrlPattern>() else { return };
    let both = one.intersection(&other);
    let is_in_both = both.is_some_and(|both| both.matches(url));
    assert_eq!(is_in_both, one.matches(url) && other.matches(url), "{one} {other} {url}");
}

/// Reads bytes as a journal's entry, which is written the same again.
pub fn journal_entry(bytes: &[u8]) {
    let Ok(entry) = journal::decode(bytes) else { return };
    let written = journal::encode(&entry);
    assert_eq!(journal::decode(&written).as_ref(), Ok(&entry));
}
