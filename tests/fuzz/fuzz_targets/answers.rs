//! See `credsh::fuzzing::answers`.

#![no_main]

use std::sync::Arc;

libfuzzer_sys::fuzz_target!(
    init: {
        // As in every program of Rust, whose `main` this has not: a provider that does not read its request ends nobody
        // but itself.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGPIPE, Arc::default());
    },
    |data: &[u8]| credsh::fuzzing::answers(data)
);
