//! See `credsh::fuzzing::lines`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| credsh::fuzzing::lines(data));
