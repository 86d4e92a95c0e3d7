//! The layouts that the oracle is asked about: hand-picked ones from `layouts.txt`, and any number of generated ones.
//!
//! A generated layout has an ordinary core (an index, some tokens, sometimes providers, lists, aliases) and at most
//! one oddity, so that most of them end in a token. Every token names its place. Cargo's choice is never random in
//! one: it has no two arrays for one provider or alias (`spec/cargo.md` 6).

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use crate::ingredients::{
    CONFIGS, CREDENTIALS, FAILING, ODD_VALUES, ODD_VARIABLES, PASSING, PROVIDERS, REGISTRIES,
};
use crate::oracle::Layout;

/// Each begins with its line `# ...`.
pub fn hand_picked() -> Vec<Layout> {
    let texts = include_str!("layouts.txt").split("\n# ").skip(1);
    texts
        .map(|text| format!("# {text}\n").parse().unwrap())
        .collect()
}

pub fn generate(seed: u64) -> Layout {
    let mut generator = Generator {
        rng: Rng::with_seed(seed),
        ..Generator::default()
    };
    generator.core();
    if generator.chance(35) {
        generator.oddity();
    }
    generator.finish(seed)
}

/// A file's tables, and their keys with the values as TOML text.
type Tables = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Default)]
struct Generator {
    rng: Rng,
    layout: Layout,
    /// The registry that is asked for in the end.
    name: String,
    files: BTreeMap<String, Tables>,
    /// Providers and aliases that have an array somewhere.
    arrays: BTreeSet<String>,
}

impl Generator {
    fn core(&mut self) {
        self.layout.folder = self
            .pick(&["work", "work/a", "work/a/b", "work/a/b"])
            .to_owned();
        self.name = self.pick(REGISTRIES).to_owned();
        self.layout.registry = Some(self.name.clone());
        self.index();
        self.tokens();
        self.others();
        if self.chance(45) {
            self.own_provider();
        }
        if self.chance(45) {
            self.global_list();
        }
        if self.chance(60) {
            self.aliases();
        }
        if self.chance(25) {
            self.include();
        }
        if self.chance(15) {
            self.default_registry();
        }
    }

    /// Where the index of the registry is defined.
    fn index(&mut self) {
        if self.name == "crates-io" {
            return;
        }
        let table = format!("registries.{}", self.name);
        let outermost = ".cargo/config.toml";
        let home = self.pick(&[
            outermost,
            outermost,
            "home/config.toml",
            "work/.cargo/config.toml",
        ]);
        self.set(home, &table, "index", quoted(&format!("<{}>", self.name)));
        if self.chance(20) {
            let path = self.config();
            let elsewhere = self.pick(&["<mirror>", "<corp>", "<my-reg>"]);
            self.set(path, &table, "index", quoted(elsewhere));
        }
        if self.chance(10) {
            let (variable, url) = (self.variable("INDEX"), self.pick(&["<mirror>", "<corp>"]));
            self.env(&variable, url);
        }
    }

    /// Tokens, in several places at once.
    fn tokens(&mut self) {
        let table = self.table();
        for _ in 0..self.rng.usize(1..4) {
            let path = if self.chance(50) {
                self.config()
            } else {
                self.pick(CREDENTIALS)
            };
            self.set(path, &table, "token", quoted(&token(path)));
        }
        if self.chance(25) {
            let variable = self.variable("TOKEN");
            self.env(&variable, "sentinel-environment");
        }
        if self.chance(15) {
            let near = self.pick(&[
                "CARGO_REGISTRIES_corp_TOKEN",
                "CARGO_REGISTRIES_MY-REG_TOKEN",
                "CARGO_REGISTRIES_CRATES_IO_TOKEN",
                "CARGO_REGISTRY_CORP_TOKEN",
                "CARGO_TOKEN",
                "CARGO_REGISTRIES_OTHER_TOKEN",
                "cargo_registry_token",
            ]);
            self.env(near, "sentinel-near-miss");
        }
    }

    /// Registries that nobody asks for, and tokens that are not this registry's.
    fn others(&mut self) {
        for name in ["other", "crates-io", "my-reg"] {
            if name != self.name && self.chance(40) {
                let (path, place) = (self.config(), self.pick(CREDENTIALS));
                let table = format!("registries.{name}");
                if name != "crates-io" {
                    self.set(path, &table, "index", quoted(&format!("<{name}>")));
                }
                self.set(
                    place,
                    &table,
                    "token",
                    quoted(&token(&format!("{name} {place}"))),
                );
            }
        }
        if self.name != "crates-io" && self.chance(30) {
            let place = self.pick(CREDENTIALS);
            self.set(place, "registry", "token", quoted("sentinel-of-crates-io"));
        }
    }

    fn own_provider(&mut self) {
        let table = self.table();
        if self.chance(20) {
            let (variable, provider) = (
                self.variable("CREDENTIAL_PROVIDER"),
                self.provider().join(" "),
            );
            self.env(&variable, &provider);
        } else {
            let path = if self.chance(85) {
                self.config()
            } else {
                self.pick(CREDENTIALS)
            };
            self.command(path, &table, "credential-provider");
        }
    }

    fn global_list(&mut self) {
        let key = "global-credential-providers";
        for _ in 0..self.rng.usize(1..3) {
            let path = if self.chance(85) {
                self.config()
            } else {
                self.pick(CREDENTIALS)
            };
            let list: Vec<String> = (0..self.rng.usize(0..4))
                .map(|_| quoted(&self.provider().join(" ")))
                .collect();
            self.set(path, "registry", key, format!("[{}]", list.join(", ")));
        }
        if self.chance(20) {
            let words = (0..self.rng.usize(0..3))
                .map(|_| self.provider()[0])
                .collect::<Vec<_>>()
                .join(" ");
            self.env("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", &words);
        }
    }

    fn aliases(&mut self) {
        for name in ["al", "al2"] {
            if self.chance(20) {
                let (variable, provider) = (
                    format!("CARGO_CREDENTIAL_ALIAS_{}", name.to_uppercase()),
                    self.provider(),
                );
                self.env(&variable, &provider.join(" "));
            }
            for _ in 0..self.rng.usize(1..3) {
                let path = if self.chance(85) {
                    self.config()
                } else {
                    self.pick(CREDENTIALS)
                };
                self.command(path, "credential-alias", name);
            }
        }
        if self.chance(20) {
            let path = self.config();
            let shadowed = self.pick(&[
                "cargo:token",
                "cargo:wincred",
                "plug-token",
                "cargo:keychain",
            ]);
            self.command(path, "credential-alias", &quoted(shadowed));
        }
    }

    /// Moves a part of what a file says into files that it includes.
    fn include(&mut self) {
        let paths: Vec<String> = self.files.keys().cloned().collect();
        let path = paths[self.rng.usize(..paths.len())].clone();
        let (folder, _) = path.rsplit_once('/').unwrap();
        let part = format!("{folder}/part.toml");
        let deep = format!("{folder}/sub/deep.toml");
        let table = self.table();
        self.set(&part, &table, "token", quoted(&token(&part)));
        let mut list = vec![self.pick(&["'part.toml'", "'./part.toml'", "{ path = 'part.toml' }"])];
        if self.chance(50) {
            self.set(&deep, &table, "token", quoted(&token(&deep)));
            if self.chance(50) {
                list.insert(self.rng.usize(..=1), "'sub/deep.toml'");
            } else {
                self.set(&part, "", "include", "['sub/deep.toml']".into());
            }
        }
        if self.chance(30) {
            list.push("{ path = 'missing.toml', optional = true }");
        }
        if self.chance(50) {
            let own = self.files.get_mut(&path).unwrap();
            own.entry(table).or_default().remove("token");
        }
        self.set(&path, "", "include", format!("[{}]", list.join(", ")));
    }

    /// The question names no registry.
    fn default_registry(&mut self) {
        self.layout.registry = None;
        let name = self.name.clone();
        if self.chance(30) {
            self.env("CARGO_REGISTRY_DEFAULT", &name);
        } else {
            let path = self.config();
            self.set(path, "registry", "default", quoted(&name));
        }
    }

    fn oddity(&mut self) {
        let (path, own) = (
            if self.chance(70) {
                self.config()
            } else {
                self.pick(CREDENTIALS)
            },
            self.table(),
        );
        match self.rng.usize(..10) {
            0..6 => {
                let (table, key, value) = self.pick(ODD_VALUES);
                let table = if table == "OWN" { &own } else { table };
                if value.starts_with('[') && key != "global-credential-providers" {
                    // Beside another array of the same key, Cargo's choice would be random.
                    for tables in self.files.values_mut() {
                        if let Some(keys) = tables.get_mut(table) {
                            keys.retain(|other, value| other != key || !value.starts_with('['));
                        }
                    }
                }
                self.set(path, table, key, value.replace("OWN", &self.name));
                if table == "source.crates-io" {
                    self.set(path, "source.mirror", "registry", quoted("<mirror>"));
                }
            }
            6..9 => {
                let (variable, value) = self.pick(ODD_VARIABLES);
                self.env(
                    &variable.replace("OWN", self.variable("").trim_end_matches('_')),
                    value,
                );
            }
            _ => {
                let name = self.pick(&["renamed", "my-reg", "other"]);
                let url = format!("<{}>", self.name);
                self.env(
                    &format!("CARGO_REGISTRIES_{}_INDEX", environment(name)),
                    &url,
                );
                self.set(
                    path,
                    &format!("registries.{name}"),
                    "token",
                    quoted("sentinel-renamed"),
                );
            }
        }
    }

    fn finish(mut self, seed: u64) -> Layout {
        self.layout.about = format!("CREDSH_SEED={seed} CREDSH_LAYOUTS=1");
        let roots = ["work/a/b", "work/a", "work", "work/.cargo", "home", "."];
        let programs = [
            "plug-token",
            "plug-never",
            "plug-expires",
            "plug-cache",
            "plug-chatty",
            "plug-no-newline",
        ];
        self.layout.links = roots
            .iter()
            .zip(programs)
            .map(|(root, program)| (format!("{root}/bin/plug-here"), program.to_owned()))
            .collect();
        for (path, tables) in &self.files {
            let mut text = String::new();
            for (table, values) in tables {
                if !table.is_empty() {
                    text.extend(["[", table, "]\n"]);
                }
                for (key, value) in values {
                    text.extend([key, " = ", value, "\n"]);
                }
            }
            self.layout.files.push((path.clone(), text));
        }
        self.layout
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.usize(..all.len())]
    }

    fn config(&mut self) -> &'static str {
        self.pick(CONFIGS)
    }

    fn provider(&mut self) -> &'static [&'static str] {
        match self.rng.u8(..10) {
            0..5 => self.pick(PROVIDERS),
            5..8 => self.pick(PASSING),
            _ => self.pick(FAILING),
        }
    }

    /// The table of the registry that is asked for.
    fn table(&self) -> String {
        if self.name == "crates-io" {
            "registry".into()
        } else {
            format!("registries.{}", self.name)
        }
    }

    /// The variable for a key of that table.
    fn variable(&self, key: &str) -> String {
        if self.name == "crates-io" {
            format!("CARGO_REGISTRY_{key}")
        } else {
            format!("CARGO_REGISTRIES_{}_{key}", environment(&self.name))
        }
    }

    fn env(&mut self, name: &str, value: &str) {
        self.layout.variables.retain(|(old, _)| old != name);
        self.layout
            .variables
            .push((name.to_owned(), Some(value.to_owned())));
    }

    fn set(&mut self, path: &str, table: &str, key: &str, value: String) {
        let tables = self.files.entry(path.to_owned()).or_default();
        tables
            .entry(table.to_owned())
            .or_default()
            .insert(key.to_owned(), value);
    }

    /// A provider or an alias, as a string or as an array.
    fn command(&mut self, path: &str, table: &str, key: &str) {
        let words = self.provider();
        let is_set = self.files.values().any(|tables| {
            tables
                .get(table)
                .is_some_and(|table| table.contains_key(key))
        });
        // Two arrays are a matter of chance; a string and an array are refused.
        let is_array = self.arrays.contains(&format!("{table}.{key}"));
        let value = if is_array && !self.chance(4) {
            return;
        } else if !is_array && self.chance(if is_set { 4 } else { 40 }) {
            self.arrays.insert(format!("{table}.{key}"));
            format!(
                "[{}]",
                words
                    .iter()
                    .map(|word| quoted(word))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        } else {
            quoted(&words.join(" "))
        };
        self.set(path, table, key, value);
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn token(place: &str) -> String {
    format!("sentinel-{}", place.replace(['/', '.', ' '], "-"))
}

/// A registry's name as a part of a variable's.
fn environment(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}
