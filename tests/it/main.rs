//! What credsh does, seen from outside. One file per feature, one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod bad_input;
#[cfg(target_os = "linux")]
mod bad_plugins;
mod batches;
mod cargo;
#[cfg(target_os = "linux")]
mod closed_registry;
mod completion;
mod concurrent;
#[cfg(target_os = "linux")]
mod disk;
mod doors;
#[cfg(target_os = "linux")]
mod editors;
mod facts;
mod facts_operations;
mod facts_providers;
mod facts_registries;
mod generated;
mod harness;
mod index_moves;
mod ingredients;
#[cfg(target_os = "linux")]
mod install;
mod interrupts;
#[cfg(target_os = "linux")]
mod itself;
#[cfg(target_os = "linux")]
mod keyring;
#[cfg(target_os = "linux")]
mod keyring_errors;
#[cfg(target_os = "linux")]
mod keyring_logins;
#[cfg(target_os = "linux")]
mod keyring_transactions;
#[cfg(target_os = "linux")]
mod kill;
mod layouts;
mod leftovers;
mod login;
mod looks;
#[cfg(target_os = "linux")]
mod manual;
mod meanwhile;
#[cfg(target_os = "linux")]
mod moves;
mod odd_answers;
mod odd_stores;
mod onepassword;
mod onepassword_logins;
mod op;
mod oracle;
#[cfg(target_os = "linux")]
mod other_shells;
#[cfg(target_os = "linux")]
mod own_answers;
mod own_keyring;
mod own_tokens;
mod own_told;
mod pairs;
mod peers;
mod picture;
mod plugin_protocol;
#[cfg(target_os = "linux")]
mod private_memory;
#[cfg(target_os = "linux")]
mod progress;
mod prompter;
mod provider_test;
mod pty;
#[cfg(target_os = "linux")]
mod publishing;
#[cfg(target_os = "linux")]
mod random;
mod readme;
#[cfg(target_os = "linux")]
mod recovery;
#[cfg(target_os = "linux")]
mod recovery_doubts;
#[cfg(target_os = "linux")]
mod recovery_marks;
#[cfg(target_os = "linux")]
mod recovery_others;
#[cfg(target_os = "linux")]
mod recovery_own;
#[cfg(target_os = "linux")]
mod recovery_registries;
#[cfg(target_os = "linux")]
mod recovery_tokens;
mod registries;
mod repository;
mod requests;
mod routing;
mod samples;
mod schema;
mod scripts;
mod sealed;
#[cfg(target_os = "linux")]
mod secret_service;
mod secrets;
#[cfg(unix)]
mod shapes;
mod shell;
#[cfg(target_os = "linux")]
mod steps;
mod strangers;
mod table;
mod transactions;
mod vault;
