//! URL patterns: what matches is on the granted host, below the granted path, and is read so by
//! anybody who opens it.

use pod_host::UrlPattern;
use proptest::prelude::*;
use url::Url;

fn pattern(text: &str) -> UrlPattern {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_pattern_is_one_place() {
    let all = pattern("https://shop.ir/*");
    let one = pattern("https://shop.ir/paid");
    let port = pattern("https://shop.ir:8443/paid*");
    for (pattern, url, matches) in [
        (&all, "https://shop.ir/", true),
        (&all, "https://shop.ir", true),
        (&all, "https://shop.ir/a/b?c=d", true),
        (&all, "https://www.shop.ir/", false),
        (&all, "https://shop.ir:8443/", false),
        (&one, "https://shop.ir/paid", true),
        (&one, "https://shop.ir/paid/", false),
        (&one, "https://shop.ir/paid?x", false),
        (&one, "https://shop.ir/PAID", false),
        (&port, "https://shop.ir:8443/paid/7", true),
        (&port, "https://shop.ir/paid/7", false),
        (&pattern("http://127.0.0.1:8044/*"), "http://127.0.0.1:8044/x", true),
        (&pattern("http://127.0.0.1:8044/*"), "http://2130706433:8044/x", false),
        (&pattern("http://127.0.0.1:8044/*"), "http://0x7f.1:8044/x", false),
        (&pattern("http://127.0.0.1:8044/*"), "http://127.0.0.1.:8044/x", false),
        (&pattern("http://[::1]/*"), "http://[::1]/x", true),
        (&pattern("http://[::1]/*"), "http://[0:0:0:0:0:0:0:1]/x", false),
    ] {
        assert_eq!(pattern.matches(url), matches, "{pattern} {url}");
    }
}

#[test]
fn what_is_no_pattern() {
    for text in [
        "",
        "*",
        "https://*",
        "https://shop.ir*",
        "https://*.shop.ir/",
        "https://shop.ir/*/paid",
        "https://shop.ir/**",
        "https://shop.ir/?x=*",
        "https://shop.ir/#*",
        "https://user@shop.ir/",
        "https://shop.ir:443/",
        "https://Shop.ir/",
        "https://shop.ir./",
        "https://shop.ir/a/../*",
        "https://shop.ir/%2e%2e/*",
        "https://فروشگاه.ir/",
        "ftp://shop.ir/",
        "file:///etc/*",
        "shop.ir/paid",
        "//shop.ir/paid",
        " https://shop.ir/",
    ] {
        let error = text.parse::<UrlPattern>().expect_err(text);
        assert!(error.contains("https://shop.ir/paid*"), "{text}: {error}");
    }
}

#[test]
fn what_both_match() {
    let both = |one: &str, other: &str| {
        pattern(one).intersection(&pattern(other)).map(|both| both.to_string())
    };
    for (one, other, expected) in [
        ("https://a.ir/*", "https://a.ir/paid*", Some("https://a.ir/paid*")),
        ("https://a.ir/paid", "https://a.ir/*", Some("https://a.ir/paid")),
        ("https://a.ir/paid", "https://a.ir/paid", Some("https://a.ir/paid")),
        ("https://a.ir/paid", "https://a.ir/paid/*", None),
        ("https://a.ir/paid/*", "https://a.ir/call/*", None),
        ("https://a.ir/*", "http://a.ir/*", None),
        ("https://a.ir/*", "https://a.ir:8443/*", None),
        ("https://a.ir/*", "https://b.ir/*", None),
    ] {
        assert_eq!(both(one, other).as_deref(), expected, "{one} {other}");
        assert_eq!(both(other, one).as_deref(), expected, "{other} {one}");
    }
}

/// URLs made of what attackers make them of.
fn urls() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["https:", "http:", "HTTPS:", "ftp:", "javascript:", ""]);
    let slashes = prop::sample::select(vec!["//", "/", "\\\\", "/\\", "///", ""]);
    let piece = prop::sample::select(vec![
        "shop.ir",
        "evil.com",
        "@",
        ":",
        ":443",
        ":80",
        ":444",
        ".",
        "/",
        "\\",
        "paid",
        "..",
        "%2e",
        "%2f",
        "%5c",
        "%25",
        "%00",
        "?",
        "#",
        ";",
        "\t",
        "\n",
        " ",
        "127.0.0.1",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "ⓢhop.ir",
        "xn--",
        "\u{202e}",
        "۱۲۷",
        "&",
        "=",
        "*",
        "user:pw@",
    ]);
    let rest = prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat());
    (scheme, slashes, rest).prop_map(|(scheme, slashes, rest)| format!("{scheme}{slashes}{rest}"))
}

fn patterns() -> impl Strategy<Value = UrlPattern> {
    prop::sample::select(vec![
        "https://shop.ir/*",
        "https://shop.ir/paid*",
        "https://shop.ir/paid/*",
        "https://shop.ir/paid",
        "https://shop.ir/",
        "https://shop.ir:444/*",
        "http://shop.ir/*",
        "http://127.0.0.1/*",
        "http://[::1]/paid*",
    ])
    .prop_map(pattern)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// Whoever reads the text letter by letter finds the granted place at its beginning, and then
    /// nothing that could lead elsewhere.
    #[test]
    fn what_matches_is_there_for_every_reader(pattern in patterns(), url in urls()) {
        if pattern.matches(&url) {
            let granted = pattern.to_string();
            let begins = granted.trim_end_matches('*').trim_end_matches('/');
            prop_assert!(url.starts_with(begins), "{} {}", pattern, url);
            let rest = &url[begins.len()..];
            prop_assert!(!url.contains(['\\', '#', '\t', '\n', ' ']), "{}", url);
            let path = rest.split('?').next().unwrap_or_default();
            prop_assert!(!path.split('/').any(|step| step == ".."), "{}", url);
            let host = url.split('/').nth(2).unwrap_or_default();
            prop_assert!(!host.contains('@') && !host.ends_with('.'), "{}", url);
            let parsed = Url::parse(&url).expect("it matches, so it is a URL");
            prop_assert!(parsed.username().is_empty() && parsed.fragment().is_none());
        }
    }

    #[test]
    fn the_intersection_matches_what_both_match(
        one in patterns(), other in patterns(), url in urls(), path in "/?(paid)?/?[a-z]{0,3}",
    ) {
        let near = format!("https://shop.ir{path}");
        for url in [url, near] {
            let both = one.intersection(&other).is_some_and(|both| both.matches(&url));
            prop_assert_eq!(both, one.matches(&url) && other.matches(&url), "{} {} {}", one, other, url);
        }
    }

    #[test]
    fn a_pattern_is_written_as_it_is_read(text in "https?://[a-z.]{1,9}(:[0-9]{1,5})?/[a-z/.%]{0,9}\\*?") {
        if let Ok(pattern) = text.parse::<UrlPattern>() {
            prop_assert_eq!(pattern.to_string().parse::<UrlPattern>(), Ok(pattern));
        }
    }

    #[test]
    fn nothing_panics(pattern in any::<String>(), url in any::<String>()) {
        if let Ok(pattern) = pattern.parse::<UrlPattern>() {
            let _ = pattern.matches(&url);
        }
    }
}
