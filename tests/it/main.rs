//! What credsh does, seen from outside. One file per feature, one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod cargo;
mod completion;
mod facts;
mod facts_providers;
mod facts_registries;
mod harness;
mod ingredients;
mod layouts;
mod oracle;
#[cfg(unix)]
mod pty;
#[cfg(unix)]
mod shell;
mod table;
