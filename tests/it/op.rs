//! A 1Password of a test's own: the real `cargo-credential-1password`, and behind it a scripted `op` that keeps its
//! items in a folder and writes down how it is called.

use std::cell::Cell;
use std::path::PathBuf;

use crate::harness::Sandbox;
use crate::peers;

/// The name of the provider, in a configuration.
pub const PROVIDER: &str = "cargo-credential-1password";

/// The account where `op` works if none is named.
pub const ACCOUNT: &str = "my.1password.com";

/// The accounts, outside of the sandbox whose files a test may compare.
pub struct OnePassword {
    folder: tempfile::TempDir,
    /// How much of the record has been read.
    read: Cell<usize>,
}

/// What happens at `op signin`.
#[derive(Debug, Clone, Copy)]
pub enum Signin {
    /// 1Password's app is unlocked, and nothing more is needed.
    App,
    /// There is no app: it prints a session key, which the other calls need.
    Session,
    /// The person says no.
    Refused,
    /// The person says nothing.
    Silent,
}

/// A login in 1Password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub account: String,
    pub vault: String,
    pub title: String,
    pub tags: String,
    pub url: String,
    pub password: String,
}

impl OnePassword {
    /// Puts the provider and `op` in front of what the sandbox has on its `PATH`.
    pub fn new(sandbox: &mut Sandbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        sandbox.program(bin.join("op").to_str().unwrap(), include_str!("op/op.sh"));
        std::os::unix::fs::symlink(peers::installed(PROVIDER), bin.join(PROVIDER)).unwrap();
        let path = sandbox.variables().get("PATH").cloned();
        let path = path.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        sandbox.env("PATH", format!("{}:{path}", bin.display()));
        let one_password = Self {
            folder,
            read: Cell::default(),
        };
        one_password.signs_in(Signin::App);
        one_password
    }

    /// How signing in goes from now on.
    pub fn signs_in(&self, how: Signin) {
        std::fs::write(self.path("signin"), format!("{how:?}").to_lowercase()).unwrap();
    }

    /// The arguments of each call of `op` since the last question.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let record = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        let new = &record[self.read.replace(record.len())..];
        new.split_terminator('\u{1e}')
            .map(|call| call.split_terminator('\u{1f}').map(str::to_owned).collect())
            .collect()
    }

    /// Adds an item, as its owner can without Cargo.
    pub fn add(&self, item: &Item) {
        let items = self.path("items").join(&item.account);
        let id = std::fs::read_dir(&items).map_or(0, Iterator::count);
        let folder = items.join(format!("item{id}"));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, value) in [
            ("category", "Login"),
            ("vault", &item.vault),
            ("title", &item.title),
            ("tags", &item.tags),
            ("url", &item.url),
            ("password", &item.password),
        ] {
            std::fs::write(folder.join(name), value).unwrap();
        }
    }

    /// The items of all accounts.
    pub fn items(&self) -> Vec<Item> {
        let below = |folder: PathBuf| {
            let entries = std::fs::read_dir(folder).into_iter().flatten();
            let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            paths
        };
        let accounts = below(self.path("items"));
        let items = accounts.iter().flat_map(|account| below(account.clone()));
        items
            .map(|item| {
                let text = |name: &str| std::fs::read_to_string(item.join(name)).unwrap();
                let account = item.parent().unwrap().file_name().unwrap();
                Item {
                    account: account.to_str().unwrap().to_owned(),
                    vault: text("vault"),
                    title: text("title"),
                    tags: text("tags"),
                    url: text("url"),
                    password: text("password"),
                }
            })
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("bin").join(name)
    }
}
