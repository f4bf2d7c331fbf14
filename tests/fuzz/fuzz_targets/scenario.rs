#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| podhost_tests::fuzz::scenario(bytes));
