//! See `credsh::fuzzing::layers`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| credsh::fuzzing::layers(data));
