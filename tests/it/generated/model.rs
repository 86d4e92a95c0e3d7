//! What generated scripts are made of: operations that are valid on a home, and the homes.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::harness::SENTINEL;

const NAMES: [&str; 5] = ["corp", "lab", "my-reg", "mirror", "team_2"];
const LISTED: [&str; 3] = ["cargo:token", "cargo:wincred", "cargo:macos-keychain"];
const OWN: [&str; 3] = [
    "cargo:token",
    "cargo:token-from-stdout echo x",
    "cargo-credential-vault",
];
const ALIASES: [&str; 2] = ["vault", "pass"];

/// One command, in a form that each door can spell.
#[derive(Clone)]
pub struct Operation {
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

    pub fn line(&self) -> String {
        let mut words: Vec<String> = self.path.iter().map(ToString::to_string).collect();
        for (name, value) in &self.options {
            words.push(format!("--{name}"));
            words.extend(value.clone());
        }
        words.extend(self.words.clone());
        credsh::words::join(&words)
    }

    pub fn call(&self) -> String {
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
pub struct Model {
    /// Index and own provider.
    registries: BTreeMap<String, (String, Option<String>)>,
    /// In the order tried.
    chain: Vec<String>,
    aliases: BTreeSet<String>,
    /// For indexes that no registry has had.
    fresh: usize,
    /// Whether all of it is valid the second time, too, and leaves what it left the first time: a provider that
    /// takes no login, set behind a login, would be in its way.
    pub idempotent: bool,
    pub positions: bool,
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
    pub fn next(&mut self, random: &mut Rng) -> Option<Operation> {
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
pub fn home(random: &mut Rng) -> (Model, [String; 2]) {
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
