//! What credsh does, seen from outside. One file per feature, one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod harness;
mod table;
