#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| podhost_tests::fuzz::scenario(data));
