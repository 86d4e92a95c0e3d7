//! Generated scripts: what is announced is what then happens, whichever door the words come in by, and a second
//! run changes nothing.
//!
//! A sequence of valid operations is grown on a [`Model`] of a random home. `CREDSH_SEED` repeats a failure.

use std::collections::{BTreeMap, BTreeSet};

use credsh::Token;
use fastrand::Rng;
use serde_json::{Map, Value as Json};

use crate::harness::{SENTINEL, Sandbox};

const NAMES: [&str; 5] = ["corp", "lab", "my-reg", "mirror", "team_2"];
const LISTED: [&str; 3] = ["cargo:token", "cargo:wincred", "cargo:macos-keychain"];
const OWN: [&str; 3] = [
    "cargo:token",
    "cargo:token-from-stdout echo x",
    "cargo-credential-vault",
];
const ALIASES: [&str; 2] = ["vault", "pass"];
const FILES: [&str; 2] = ["home/config.toml", "home/credentials.toml"];

/// One command, in a form that each door can spell.
#[derive(Clone)]
struct Operation {
    path: &'static [&'static str],
    words: Vec<String>,
    /// A switch has no value.
    options: Vec<(&'static str, Option<String>)>,
}

impl Operation {
    fn new(path: &'static [&'static str], words: &[&str]) -> Self {
        let words = words.iter().map(ToString::to_string).collect();
        Self {
            path,
            words,
            options: Vec::new(),
        }
    }

    fn switch(mut self, name: &'static str) -> Self {
        self.options.push((name, None));
        self
    }

    fn option(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.options.push((name, Some(value.into())));
        self
    }

    fn line(&self) -> String {
        let mut words: Vec<String> = self.path.iter().map(ToString::to_string).collect();
        for (name, value) in &self.options {
            words.push(format!("--{name}"));
            words.extend(value.clone());
        }
        words.extend(self.words.clone());
        credsh::words::join(&words)
    }

    fn call(&self) -> String {
        let mut arguments: Vec<String> =
            self.words.iter().map(|word| format!("{word:?}")).collect();
        let options: Vec<String> = self
            .options
            .iter()
            .map(|(name, value)| {
                let value = value
                    .as_ref()
                    .map_or("true".to_owned(), |value| format!("{value:?}"));
                format!("{}: {value}", name.replace('-', "_"))
            })
            .collect();
        if !options.is_empty() {
            arguments.push(format!("#{{ {} }}", options.join(", ")));
        }
        format!("{}({});", self.path.join("::"), arguments.join(", "))
    }
}

/// As much of a home as says which operations are valid.
#[derive(Default, Clone)]
struct Model {
    /// Index and own provider.
    registries: BTreeMap<String, (String, Option<String>)>,
    /// In the order tried.
    chain: Vec<String>,
    aliases: BTreeSet<String>,
    /// For indexes that no registry has had.
    fresh: usize,
    /// Whether all of it is valid the second time, too, and leaves what it left the first time: a provider that
    /// takes no login, set behind a login, would be in its way.
    idempotent: bool,
    positions: bool,
}

impl Model {
    fn existing(&self, random: &mut Rng) -> Option<String> {
        let names: Vec<&String> = self.registries.keys().collect();
        random.choice(names).cloned()
    }

    fn can_log_in(&self, name: &str) -> bool {
        let own = self
            .registries
            .get(name)
            .and_then(|(_, own)| own.as_deref());
        let is_asked =
            self.chain.is_empty() || self.chain.iter().any(|listed| listed == "cargo:token");
        own.map_or(is_asked, |own| own == "cargo:token")
    }

    /// The next operation, if the dice fall on one that is valid now.
    fn next(&mut self, random: &mut Rng) -> Option<Operation> {
        match random.u8(..if self.idempotent { 6 } else { 12 }) {
            0 => self.add(random),
            1 => self.set(random),
            2 => self.provider_add(random),
            3 => self.alias_set(random),
            4 | 5 => self.login(random),
            6 => self.rename(random),
            7 => {
                let name = self.existing(random)?;
                self.registries.remove(&name);
                let remove = Operation::new(&["registry", "remove"], &[&name]);
                Some(if random.bool() {
                    remove.switch("keep-token")
                } else {
                    remove
                })
            }
            8 => {
                let name = self
                    .existing(random)
                    .unwrap_or_else(|| "crates-io".to_owned());
                Some(Operation::new(&["logout"], &[&name]))
            }
            9 => {
                let spec = random.choice(self.chain.clone())?;
                self.chain.retain(|listed| *listed != spec);
                Some(Operation::new(&["provider", "remove"], &[&spec]))
            }
            10 => {
                let spec = random.choice(self.chain.clone())?;
                let other = random
                    .choice(self.chain.clone())
                    .filter(|other| *other != spec);
                let operation = Operation::new(&["provider", "move"], &[&spec]);
                Some(match other {
                    Some(other) => operation.option("before", other),
                    None => operation.switch("last"),
                })
            }
            _ => {
                let name = random.choice(self.aliases.clone().into_iter().collect::<Vec<_>>())?;
                self.aliases.remove(&name);
                Some(Operation::new(&["alias", "remove"], &[&name]))
            }
        }
    }

    fn add(&mut self, random: &mut Rng) -> Option<Operation> {
        let name = random.choice(NAMES)?;
        let index = match self.registries.get(name) {
            Some((index, _)) => index.clone(),
            None => self.fresh_index(),
        };
        let mut operation = Operation::new(&["registry", "add"], &[name, &index]);
        let known = self
            .registries
            .entry(name.to_owned())
            .or_insert((index, None));
        if random.bool() {
            let own = if self.idempotent {
                OWN[0]
            } else {
                random.choice(OWN)?
            };
            known.1 = Some(own.to_owned());
            operation = operation.option("provider", own);
        }
        Some(if random.u8(..4) == 0 {
            operation.switch("make-default")
        } else {
            operation
        })
    }

    fn fresh_index(&mut self) -> String {
        self.fresh += 1;
        format!("sparse+https://host-{}.example/index/", self.fresh)
    }

    fn set(&mut self, random: &mut Rng) -> Option<Operation> {
        let name = self.existing(random)?;
        let mut operation = Operation::new(&["registry", "set"], &[&name]);
        let index = (!self.idempotent && random.bool()).then(|| self.fresh_index());
        let known = self.registries.get_mut(&name)?;
        if let Some(index) = index {
            known.0.clone_from(&index);
            operation = operation.option("index", index);
            operation = operation.switch(random.choice(["move-token", "drop-token"])?);
        }
        match random.u8(..4) {
            0 => operation = operation.switch("make-default"),
            1 if !self.idempotent => {
                known.1 = None;
                operation = operation.switch("no-provider").switch("no-default");
            }
            _ => {
                let own = if self.idempotent {
                    OWN[0]
                } else {
                    random.choice(OWN)?
                };
                known.1 = Some(own.to_owned());
                operation = operation.option("provider", own);
            }
        }
        Some(operation)
    }

    fn provider_add(&mut self, random: &mut Rng) -> Option<Operation> {
        let spec = random.choice(LISTED)?;
        if self.chain.is_empty() && spec != "cargo:token" {
            self.chain.push("cargo:token".to_owned());
        }
        if !self.chain.iter().any(|listed| listed == spec) {
            self.chain.insert(0, spec.to_owned());
        }
        let operation = Operation::new(&["provider", "add"], &[spec]);
        // A position is taken again each time, and being first only by one that was absent.
        Some(if self.positions {
            operation.switch(random.choice(["first", "last"])?)
        } else {
            operation
        })
    }

    fn alias_set(&mut self, random: &mut Rng) -> Option<Operation> {
        let name = random.choice(ALIASES)?;
        self.aliases.insert(name.to_owned());
        let argument = random.choice(["work", "two words", "it's", "a \"quote\""])?;
        Some(Operation::new(
            &["alias", "set"],
            &[name, "cargo-credential-vault", argument],
        ))
    }

    fn login(&self, random: &mut Rng) -> Option<Operation> {
        let name = self.existing(random).filter(|_| random.u8(..5) > 0);
        let name = name.unwrap_or_else(|| "crates-io".to_owned());
        if !self.can_log_in(&name) {
            return None;
        }
        let source = random.choice(["env:T1", "env:T2", "file:token.txt"])?;
        let operation = Operation::new(&["login"], &[&name]).option("from", source);
        Some(match random.u8(..3) {
            0 => operation.option("scheme", "bearer"),
            _ => operation,
        })
    }

    fn rename(&mut self, random: &mut Rng) -> Option<Operation> {
        let old = self.existing(random)?;
        let new = random.choice(NAMES)?;
        if self.registries.contains_key(new) {
            return None;
        }
        let known = self.registries.remove(&old)?;
        self.registries.insert(new.to_owned(), known);
        Some(Operation::new(&["registry", "rename"], &[&old, new]))
    }
}

/// Files as people leave them, and what the model has to know of them.
fn home(random: &mut Rng) -> (Model, [String; 2]) {
    let mut model = Model::default();
    let (mut config, mut credentials) = (String::new(), String::new());
    if random.bool() {
        config.push_str("# kept: this file is mine\n\n[build]\njobs = 2 # kept: two\n\n");
    }
    let count = random.usize(..5);
    let names = random.choose_multiple(NAMES, count);
    let style = random.u8(..3);
    if style == 1 {
        config.push_str("[registries]\n");
    }
    for name in names {
        let index = model.fresh_index();
        let own = (random.u8(..3) == 0).then(|| random.choice(OWN).unwrap().to_owned());
        let provider = own
            .as_ref()
            .map(|own| format!("credential-provider = '{own}'"));
        let provider = provider.as_deref();
        match style {
            0 => config.push_str(&format!(
                "[registries.{name}] # of {name}\nindex = '{index}'\n{}\n\n",
                provider.unwrap_or("# none of its own")
            )),
            1 => config.push_str(&format!(
                "{name} = {{ index = \"{index}\"{} }} # inline\n",
                provider.map(|text| format!(", {text}")).unwrap_or_default()
            )),
            _ => config.push_str(&format!(
                "[registries.\"{name}\"]\n  index   =   \"{index}\"\n{}",
                provider
                    .map(|text| format!("  {text}\n"))
                    .unwrap_or_default()
            )),
        }
        if random.bool() {
            credentials.push_str(&format!(
                "[registries.{name}]\n# a token\ntoken = \"{SENTINEL}-at-the-start-0123456789\"\n"
            ));
        }
        model.registries.insert(name.to_owned(), (index, own));
    }
    config.push('\n');
    let has_default = random.bool();
    let count = random.usize(..4);
    let listed = random.choose_multiple(LISTED, count);
    if has_default || !listed.is_empty() {
        config.push_str("[registry]\n");
        if let (true, Some(name)) = (has_default, model.registries.keys().next()) {
            config.push_str(&format!("default = '{name}' # the default\n"));
        }
        if !listed.is_empty() {
            let list: Vec<String> = listed
                .iter()
                .map(|spec| format!("    '{spec}', # listed\n"))
                .collect();
            config.push_str(&format!(
                "global-credential-providers = [\n{}]\n",
                list.concat()
            ));
        }
        model.chain = listed.into_iter().rev().map(ToOwned::to_owned).collect();
    }
    if random.bool() {
        config.push_str("\n[credential-alias]\nvault = 'cargo-credential-vault'\n");
        model.aliases.insert("vault".to_owned());
    }
    if random.bool() {
        config.push_str("\n[net]\nretry = 3 # kept: three\n# kept: the last line");
    }
    if random.u8(..4) == 0 {
        config = config.replace('\n', "\r\n");
    }
    (model, [config, credentials])
}

fn sandbox(files: &[String; 2]) -> Sandbox {
    let mut sandbox = Sandbox::new();
    for (path, text) in FILES.iter().zip(files) {
        if !text.is_empty() {
            sandbox.write(path, text);
        }
    }
    sandbox.env("T1", format!("{SENTINEL}-one-0123456789abcdef"));
    sandbox.env("T2", format!("{SENTINEL}-two-0123456789abcdef"));
    sandbox.write("work/token.txt", format!("{SENTINEL}-three-0123456789\n"));
    sandbox
}

fn texts(sandbox: &Sandbox) -> [String; 2] {
    FILES.map(|path| {
        if sandbox.exists(path) {
            sandbox.read(path)
        } else {
            String::new()
        }
    })
}

/// Every value of the two files under its key with dots; of a token, the fingerprint.
fn values(texts: &[String; 2]) -> BTreeMap<(usize, String), Json> {
    fn walk(
        file: usize,
        prefix: &str,
        item: &toml_edit::Item,
        all: &mut BTreeMap<(usize, String), Json>,
    ) {
        if let Some(table) = item.as_table_like() {
            for (key, item) in table.iter() {
                let prefix = if prefix.is_empty() {
                    key.to_owned()
                } else {
                    format!("{prefix}.{key}")
                };
                walk(file, &prefix, item, all);
            }
            return;
        }
        let text = |value: &toml_edit::Value| match value.as_str() {
            Some(token) if prefix.rsplit('.').next() == Some("token") => {
                Token::new(token).fingerprint().into()
            }
            Some(text) => Json::from(text),
            None => Json::from(value.as_integer().unwrap()),
        };
        let value = match item.as_array() {
            Some(list) => list.iter().map(text).collect(),
            None => text(item.as_value().unwrap()),
        };
        all.insert((file, prefix.to_owned()), value);
    }
    let mut all = BTreeMap::new();
    for (file, text) in texts.iter().enumerate() {
        let document: toml_edit::DocumentMut = text.parse().unwrap();
        walk(file, "", document.as_item(), &mut all);
    }
    all
}

fn changes_of(stdout: &str, root: &str) -> Vec<Map<String, Json>> {
    let document: Json = serde_json::from_str(&stdout.replace(root, "")).unwrap();
    let changes = document["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| change.as_object().unwrap().clone())
        .collect()
}

/// A home, and a sequence that is valid there, in two spellings.
struct Sequence {
    files: [String; 2],
    lines: String,
    calls: String,
    idempotent: bool,
}

impl Sequence {
    fn of(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let (mut model, files) = home(&mut random);
        model.idempotent = random.bool();
        model.positions = random.bool();
        let wanted = random.usize(1..9);
        let mut operations = Vec::new();
        for _ in 0..40 {
            if operations.len() < wanted {
                operations.extend(model.next(&mut random));
            }
        }
        let lines: Vec<String> = operations.iter().map(Operation::line).collect();
        let calls: Vec<String> = operations.iter().map(Operation::call).collect();
        Self {
            files,
            lines: lines.join("\n"),
            calls: calls.join("\n"),
            idempotent: model.idempotent,
        }
    }
}

/// Holds everything that is promised of it.
fn try_sequence(sequence: &Sequence) {
    let Sequence {
        files,
        lines,
        calls,
        idempotent,
    } = sequence;
    let mut sandbox_of_lines = sandbox(files);
    let root = sandbox_of_lines.root().display().to_string();
    let mut run = |words: &[&str]| {
        let run = sandbox_of_lines.stdin(lines).run(words);
        (
            run.status,
            changes_of(&run.stdout, &root),
            texts(&sandbox_of_lines),
        )
    };
    let (dry_status, announced, after_dry) = run(&["--dry-run", "--json", "--yes"]);
    let (check_status, checked, after_check) = run(&["--check", "--json", "--yes"]);
    assert_eq!(after_dry, *files, "--dry-run wrote");
    assert_eq!(after_check, *files, "--check wrote");
    let (status, done, after) = run(&["--json", "--yes"]);
    assert_eq!(announced, done, "announced, done");
    assert_eq!(checked, done, "checked, done");
    assert_eq!(dry_status, status);
    let pending = if status == 0 && !done.is_empty() {
        2
    } else {
        status
    };
    assert_eq!(check_status, pending);

    let mut expected = values(files);
    for change in &done {
        let file = change["file"].as_str().unwrap().trim_start_matches('/');
        let file = FILES.iter().position(|path| *path == file).unwrap();
        let key = (file, change["key"].as_str().unwrap().to_owned());
        assert_eq!(
            expected.get(&key).unwrap_or(&Json::Null),
            &change["before"],
            "before of {key:?}"
        );
        match &change["after"] {
            Json::Null => expected.remove(&key),
            after => expected.insert(key, after.clone()),
        };
    }
    assert_eq!(values(&after), expected);
    for (before, after) in files.iter().zip(&after) {
        for line in before.lines().filter(|line| line.contains("# kept")) {
            assert!(
                after.lines().any(|other| other == line),
                "{line} is gone:\n{after}"
            );
        }
    }

    let mut sandbox_of_calls = sandbox(files);
    sandbox_of_calls.write("work/s.rhai", calls);
    sandbox_of_calls.ok(&["-q", "--yes", "-f", "s.rhai"]);
    assert_eq!(
        texts(&sandbox_of_calls),
        after,
        "the script and the lines differ"
    );

    if *idempotent {
        let mtimes = |sandbox: &Sandbox| {
            let paths = FILES.iter().map(|path| sandbox.root().join(path));
            paths
                .map(|path| path.metadata().and_then(|meta| meta.modified()).ok())
                .collect::<Vec<_>>()
        };
        let before = mtimes(&sandbox_of_calls);
        let check = sandbox_of_calls.ok(&["-q", "--check", "-f", "s.rhai"]);
        assert_eq!(check.stdout, "unchanged\n");
        sandbox_of_calls.ok(&["-q", "-f", "s.rhai"]);
        assert_eq!(
            texts(&sandbox_of_calls),
            after,
            "the second run changed bytes"
        );
        assert_eq!(
            mtimes(&sandbox_of_calls),
            before,
            "the second run touched files"
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, not of the program"
)]
fn first_seed() -> u64 {
    let given = std::env::var("CREDSH_SEED").ok();
    given
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1_786_000)
}

fn try_sequences(from: u64, count: u64) {
    for seed in (first_seed() + from..).take(usize::try_from(count).unwrap()) {
        let sequence = Sequence::of(seed);
        let tried = std::panic::catch_unwind(|| try_sequence(&sequence));
        assert!(
            tried.is_ok(),
            "repeat it with CREDSH_SEED={seed}\n{}\n---\n{}\n---\n{}\n---\n{}",
            sequence.files[0],
            sequence.files[1],
            sequence.lines,
            sequence.calls
        );
    }
}

#[test]
fn what_is_announced_is_what_happens() {
    try_sequences(0, 100);
}

#[test]
fn what_is_announced_is_what_happens_in_other_sequences() {
    try_sequences(100, 100);
}
