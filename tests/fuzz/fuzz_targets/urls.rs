//! See `credsh::fuzzing::urls`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| credsh::fuzzing::urls(data));
