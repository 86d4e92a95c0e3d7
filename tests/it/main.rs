//! What credsh does, seen from outside. One file per feature, one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod bad_input;
mod batches;
mod cargo;
#[cfg(target_os = "linux")]
mod closed_registry;
mod completion;
mod concurrent;
mod doors;
mod facts;
mod facts_operations;
mod facts_providers;
mod facts_registries;
mod generated;
mod harness;
mod index_moves;
mod ingredients;
#[cfg(target_os = "linux")]
mod keyring;
mod layouts;
mod login;
mod onepassword;
mod op;
mod oracle;
#[cfg(target_os = "linux")]
mod own_keyring;
mod own_tokens;
mod peers;
mod plugin_protocol;
#[cfg(target_os = "linux")]
mod private_memory;
mod provider_test;
mod pty;
#[cfg(target_os = "linux")]
mod publishing;
mod readme;
mod registries;
mod repository;
mod routing;
mod samples;
mod schema;
mod scripts;
mod sealed;
#[cfg(target_os = "linux")]
mod secret_service;
mod secrets;
mod shell;
mod table;
mod transactions;
mod vault;
