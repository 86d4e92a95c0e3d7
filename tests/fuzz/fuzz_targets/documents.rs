//! See `credsh::fuzzing::documents`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| credsh::fuzzing::documents(data));
