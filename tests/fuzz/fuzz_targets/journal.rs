//! See `credsh::fuzzing::journal`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| credsh::fuzzing::journal(data));
