//! What credsh does, seen from outside. One file per feature, one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod bad_input;
mod cargo;
mod facts;
mod facts_providers;
mod facts_registries;
mod harness;
mod ingredients;
mod layouts;
mod oracle;
mod secrets;
mod table;
