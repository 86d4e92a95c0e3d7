//! Tokens: the type that cannot leak, where one comes from, and how one is spelt for a server.

mod jwt;
mod scheme;
mod secret;
mod source;

pub use scheme::Scheme;
pub use secret::Token;
pub(crate) use secret::{looks_like_token, masked, no_argument, stands_for_a_program};
pub use source::Source;
