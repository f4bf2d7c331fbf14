//! What a policy says is text on a terminal: it moves no cursor, and takes no place of the receipt's.

use crate::common::{Desk, SMALL};

#[test]
fn a_policys_words_are_nothing_but_text() {
    let desk = Desk::new();
    let script = desk.file(
        "loud.rhai",
        "fn run(input) {\n    print(\"a\\x1b[31m\\r\\nNothing was paid.\");\n    \
         throw \"b\\x1b[2J\\x07\"; // \x1b[1A\n}\n",
    );
    let ended = desk.run(&[&script, "--scenario", SMALL]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    for stream in [&ended.stdout, &ended.stderr] {
        let is_hidden = |letter: char| letter.is_control() && letter != '\n';
        assert!(!stream.contains(is_hidden), "{ended:#?}");
    }
    assert!(ended.stdout.contains("a\u{fffd}[31m\n        Nothing was paid."), "{ended:#?}");
    assert!(ended.stderr.contains("b\u{fffd}[2J\u{fffd}"), "{ended:#?}");
}
