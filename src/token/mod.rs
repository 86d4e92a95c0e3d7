//! Tokens: the type that cannot leak, where one comes from, and how one is spelt for a server.

mod scheme;
mod secret;
mod source;

pub use scheme::Scheme;
pub use secret::Token;
pub use source::Source;
