//! Cargo's view of the world: what it reads, what it makes of it, and whom it asks for a token.
//!
//! Everything is data with provenance and can be looked at without starting a program; only `providers`
//! performs. The numbers in the comments are the facts of the project's notes on how Cargo behaves, each
//! of which has a test of the same number that asks the real Cargo.

pub mod chain;
pub mod config;
pub mod index_url;
pub mod inspection;
pub mod layers;
mod looks;
pub mod name;
pub mod programs;
pub mod providers;
pub mod registry;
mod settings;
