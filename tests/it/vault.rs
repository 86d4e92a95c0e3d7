//! A provider of a test's own that works: a plugin, in the language of the shell, that keeps each token in a file
//! named after the index. It lives outside of the sandbox whose files a test may compare.

use std::path::{Path, PathBuf};

use crate::harness::Sandbox;

/// The name of the provider, in a configuration.
pub const VAULT: &str = "cargo-credential-vault";

/// The tokens that it keeps.
pub struct Vault(tempfile::TempDir);

impl Vault {
    /// Puts the provider in front of what the sandbox has on its `PATH`.
    pub fn new(sandbox: &mut Sandbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        let path = sandbox.variables().get("PATH").cloned();
        let path = path.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        sandbox.env("PATH", format!("{}:{path}", bin.display()));
        let vault = Self(folder);
        vault.add(sandbox, VAULT);
        vault
    }

    /// Puts one more beside it: `cargo-credential-vault2` keeps its own tokens, `cargo-credential-closed` takes none.
    pub fn add(&self, sandbox: &Sandbox, name: &str) {
        let folder = self.folder().to_str().unwrap();
        let program = PROGRAM.replace("FOLDER", folder);
        sandbox.program(&format!("{folder}/bin/{name}"), &program);
    }

    /// Where it keeps them.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// What it keeps for an index.
    pub fn token(&self, index: &str) -> Option<String> {
        std::fs::read_to_string(self.file(index)).ok()
    }

    /// What `cargo-credential-vault2` keeps for it.
    pub fn token2(&self, index: &str) -> Option<String> {
        let mut file = self.file(index).into_os_string();
        file.push("2");
        std::fs::read_to_string(file).ok()
    }

    /// Puts a token there.
    pub fn put(&self, index: &str, token: &str) {
        std::fs::write(self.file(index), token).unwrap();
    }

    /// The kinds of the requests since the last question.
    pub fn requests(&self) -> String {
        let log = self.0.path().join("log");
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(log);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// From now on it fails at this kind of request; with none, at nothing.
    pub fn fails_at(&self, kind: &str) {
        std::fs::write(self.0.path().join("fails"), kind).unwrap();
    }

    /// The file that a token is in.
    pub fn file(&self, index: &str) -> PathBuf {
        Path::new(self.0.path()).join(index.replace('/', "_"))
    }
}

const PROGRAM: &str = r#"#!/bin/sh
cd 'FOLDER' || exit 1
echo '{"v":[1]}'
read -r request
part() { printf '%s' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
kind=$(part kind)
file=$(part index-url | tr / _)${0##*vault}
case "$0" in *closed)
    echo '{"Err":{"kind":"url-not-supported"}}'
    exit ;;
esac
echo "$kind" >>log
if [ "$(cat fails 2>/dev/null)" = "$kind" ]; then
    echo '{"Err":{"kind":"other","message":"the vault is on fire"}}'
    exit
fi
case "$kind" in
    get) if [ -f "$file" ]
         then printf '{"Ok":{"kind":"get","token":"%s","cache":"session","operation_independent":true}}\n' "$(cat "$file")"
         else echo '{"Err":{"kind":"not-found"}}'
         fi ;;
    login) printf %s "$(part token)" >"$file"; echo '{"Ok":{"kind":"login"}}' ;;
    logout) rm -f "$file"; echo '{"Ok":{"kind":"logout"}}' ;;
    *) echo '{"Err":{"kind":"operation-not-supported"}}' ;;
esac
"#;
