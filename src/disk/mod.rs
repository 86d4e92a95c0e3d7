//! Files as a careful neighbour treats them: read with line numbers, edited in place, locked like Cargo
//! locks, replaced whole. The only home of `toml_edit` and `tempfile`.
//!
//! Invariant: nothing here knows what a registry or a command is; and no text of a file is put into an error.

pub(crate) mod document;
pub(crate) mod exchange;
pub(crate) mod journal;
pub(crate) mod lock;
pub(crate) mod replace;
pub mod tree;
