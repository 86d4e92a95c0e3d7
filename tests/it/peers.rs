//! Where the programs of other people are that the tests talk to. `scripts/peers` installs them; a test that misses
//! one fails and says so.

use std::path::PathBuf;

/// A program from crates.io.
#[expect(
    clippy::disallowed_methods,
    reason = "where the peers are is a matter of the machine, not of the world of a test"
)]
#[track_caller]
pub fn installed(name: &str) -> PathBuf {
    let set = |name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let cache = || set("XDG_CACHE_HOME").unwrap_or_else(|| set("HOME").unwrap().join(".cache"));
    let folder = set("CREDSH_PEERS").unwrap_or_else(|| cache().join("credsh-peers"));
    let program = folder.join("bin").join(name);
    assert!(
        program.exists(),
        "there is no {}: scripts/peers installs it",
        program.display()
    );
    program
}
