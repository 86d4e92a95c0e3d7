//! Which registry is meant, and under which name Cargo looks its settings up.
//!
//! The name that a person gives and the name that Cargo uses differ at times: Cargo knows a registry by its
//! index URL and finds the name from that (11, 12). [`Registry`] keeps both.

use std::collections::BTreeMap;
use std::fmt;

use super::config::{Config, Found, View, malformed_index};
use super::index_url::{CRATES_IO_GIT_INDEX, IndexUrl};
use super::name::{CRATES_IO, RegistryName};
use crate::error::{Error, Place, Result};
use crate::token::looks_like_token;

/// What a person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// `registry.default`, else crates.io.
    Default,
    /// By name; `crates-io` is one.
    Name(RegistryName),
    /// By index URL.
    Url(IndexUrl),
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default registry"),
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Url(index) => write!(f, "`{index}`"),
        }
    }
}

/// A registry as Cargo resolves it.
#[derive(Debug, Clone)]
pub struct Registry {
    /// What it is called: the name that was asked for, or that its URL has.
    pub name: Option<RegistryName>,
    /// Its index and where that is configured; crates.io's is built in.
    pub index: IndexUrl,
    /// Where the index is configured.
    pub place: Option<Place>,
    /// The name under which Cargo looks for token and provider; `None` where it finds none.
    pub key: Option<String>,
    /// Whether Cargo takes it for crates.io, whose settings are in `[registry]`.
    pub is_crates_io: bool,
    /// What Cargo would say about it.
    pub notes: Vec<String>,
}

impl Registry {
    /// Finds the registry that is wanted.
    pub fn resolve(config: &Config, wanted: &Wanted) -> Result<Self> {
        check_crates_io(config, View::Config)?;
        config.check_tables(&["registries"], View::Config)?;
        match wanted {
            Wanted::Default => match default(config)? {
                Some(found) => {
                    let name = found.value.parse().map_err(|error: Error| {
                        Error::malformed("`registry.default` is no name of a registry")
                            .because(error.message())
                            .maybe_hint(error.next_step().map(ToOwned::to_owned))
                            .at(found.place)
                    })?;
                    Self::named(config, name)
                }
                None if is_replaced(config)? => Err(Error::failed(
                    "crates.io is replaced by another source here, so Cargo wants to be told which registry is meant",
                )
                .hint("name it: `crates-io`, or another registry")),
                None => Self::crates_io(config),
            },
            Wanted::Name(name) => Self::named(config, name.clone()),
            Wanted::Url(index) if index.is_crates_io() => Self::crates_io(config),
            Wanted::Url(index) => {
                let index = index.clone().checked()?;
                let key = key_of(config, &index)?;
                let name = key.as_deref().and_then(|key| key.parse().ok());
                let place = match &key {
                    Some(key) => config.text(&["registries", key, "index"], View::Config)?.map(|found| found.place),
                    None => None,
                };
                Ok(Self { name, index, place, key, is_crates_io: false, notes: Vec::new() })
            }
        }
    }

    fn named(config: &Config, name: RegistryName) -> Result<Self> {
        if name.is_crates_io() {
            return Self::crates_io(config);
        }
        let Found {
            value: index,
            place,
        } = index_of(config, name.as_str())?.ok_or_else(|| unknown(config, &name))?;
        let index = index
            .checked()
            .and_then(|index| index.canonical().map(|_| index))
            .map_err(|error| malformed_index(&error, name.as_str(), &place))?;
        let place = Some(place);
        if index.is_crates_io() {
            check_crates_io(config, View::All)?;
            let notes = vec![format!(
                "`{name}` has crates.io's index, so Cargo uses crates.io's token"
            )];
            return Ok(Self {
                name: Some(name),
                index,
                place,
                key: None,
                is_crates_io: true,
                notes,
            });
        }
        let key = key_of(config, &index)?;
        let notes = match &key {
            Some(key) if key != name.as_str() => {
                vec![format!(
                    "Cargo takes the name of this registry to be `{key}`, because a variable names its index"
                )]
            }
            _ => Vec::new(),
        };
        Ok(Self {
            name: Some(name),
            index,
            place,
            key,
            is_crates_io: false,
            notes,
        })
    }

    fn crates_io(config: &Config) -> Result<Self> {
        check_crates_io(config, View::All)?;
        let name = CRATES_IO.parse().ok();
        let index = IndexUrl::crates_io();
        Ok(Self {
            name,
            index,
            place: None,
            key: None,
            is_crates_io: true,
            notes: Vec::new(),
        })
    }

    /// The table that holds its token and provider; `None` where Cargo finds no name for it.
    pub fn table(&self) -> Option<Vec<&str>> {
        if self.is_crates_io {
            return Some(vec!["registry"]);
        }
        self.key.as_deref().map(|key| vec!["registries", key])
    }

    /// One key of that table.
    pub fn setting<'a>(&'a self, key: &'a str) -> Option<Vec<&'a str>> {
        let mut path = self.table()?;
        path.push(key);
        Some(path)
    }

    /// The index URL that Cargo gives a provider; crates.io's is still that of its git repository.
    pub fn index_for_provider(&self) -> &str {
        if self.is_crates_io {
            CRATES_IO_GIT_INDEX
        } else {
            self.index.as_sent()
        }
    }

    /// The name that Cargo gives a provider.
    pub fn name_for_provider(&self) -> Option<&str> {
        self.name.as_ref().map(RegistryName::as_str)
    }

    /// What to call it in a message.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("`{name}`"),
            None => format!("`{}`", self.index),
        }
    }

    /// The word to type for it.
    pub fn word(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| self.index.to_string(), ToString::to_string)
    }
}

/// `registry.default`, which the credentials file cannot set (4).
pub fn default(config: &Config) -> Result<Option<Found<String>>> {
    config.text(&["registry", "default"], View::Config)
}

/// All the registries that Cargo would know by name here: crates.io first, then in alphabetical order. A
/// name without an index is none.
pub fn all_names(config: &Config) -> Result<Vec<RegistryName>> {
    config.check_tables(&["registries"], View::Config)?;
    let mut names: Vec<RegistryName> = CRATES_IO.parse().into_iter().collect();
    for name in config.names(&["registries"], View::Config) {
        if let Ok(name) = name.parse::<RegistryName>()
            && !name.is_crates_io()
            && config
                .text(&["registries", name.as_str(), "index"], View::Config)?
                .is_some()
        {
            names.push(name);
        }
    }
    for name in variable_names(config).into_keys() {
        if let Ok(name) = name.parse::<RegistryName>()
            && !names
                .iter()
                .any(|known| known.as_str().replace('-', "_").to_lowercase() == name.as_str())
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// The registry nearest in spelling, for "did you mean".
pub fn nearest(config: &Config, name: &str) -> Option<RegistryName> {
    let names = all_names(config).ok()?;
    let words: Vec<&str> = names.iter().map(RegistryName::as_str).collect();
    let nearest = crate::error::nearest(name, &words)?;
    nearest.parse().ok()
}

/// No such registry. The name is not repeated: it may be a token, as with `cargo login TOKEN`.
pub fn unknown(config: &Config, name: &RegistryName) -> Error {
    let error = Error::not_found("no registry of this name is configured here");
    match nearest(config, name.as_str()) {
        Some(known) => error.hint(format!(
            "did you mean `{known}`? `registry list` shows them all"
        )),
        None if looks_like_token(name.as_str()) => Error::usage(
            "this looks like a token, and a token is never an argument",
        )
        .hint(
            "revoke it if others can see this terminal or its history, and run `login` without it",
        ),
        None => {
            error.hint("`registry list` shows those that are; `registry add NAME INDEX` adds one")
        }
    }
}

fn index_of(config: &Config, name: &str) -> Result<Option<Found<IndexUrl>>> {
    let Some(found) = config.text(&["registries", name, "index"], View::Config)? else {
        return Ok(None);
    };
    let index = found
        .value
        .parse()
        .map_err(|error: Error| malformed_index(&error, name, &found.place))?;
    Ok(Some(Found {
        value: index,
        place: found.place,
    }))
}

/// Nothing is usable where someone still sets the index of crates.io (10).
fn check_crates_io(config: &Config, view: View) -> Result<()> {
    match config.text(&["registry", "index"], view)? {
        None => Ok(()),
        Some(found) => Err(Error::malformed(
            "`registry.index` is no longer supported, and Cargo refuses every registry while it is set",
        )
        .at(found.place)
        .hint("remove it, or use `[source.crates-io] replace-with`")),
    }
}

fn is_replaced(config: &Config) -> Result<bool> {
    Ok(config
        .text(&["source", "crates-io", "replace-with"], View::Config)?
        .is_some())
}

/// Names that variables give to an index URL (11), with that URL.
fn variable_names(config: &Config) -> BTreeMap<String, String> {
    config
        .env()
        .iter()
        .filter_map(|(name, value)| {
            let name = name
                .strip_prefix("CARGO_REGISTRIES_")?
                .strip_suffix("_INDEX")?;
            Some((name.to_lowercase(), value.to_owned()))
        })
        .collect()
}

/// The name under which Cargo finds the settings of an index: from variables if any fits, else from files.
fn key_of(config: &Config, index: &IndexUrl) -> Result<Option<String>> {
    let wanted = index.canonical()?;
    let is_it = |text: &str| {
        text.parse::<IndexUrl>()
            .and_then(|url| url.canonical())
            .is_ok_and(|canonical| canonical == wanted)
    };
    let mut names: Vec<String> = variable_names(config)
        .into_iter()
        .filter(|(_, url)| is_it(url))
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() {
        names = config.names_of_index(&wanted)?;
    }
    match names.as_slice() {
        [] => Ok(None),
        [_] => Ok(names.pop()),
        [.., last] => {
            let error = Error::malformed(format!(
                "the registries {} have one index URL; Cargo refuses them all",
                crate::error::list(&names)
            ))
            .hint(format!("keep one: `registry remove {last}`"));
            let place = config
                .all(&["registries", last, "index"], View::Config)
                .into_iter()
                .next();
            Err(match place {
                Some(found) => error.at(found.place),
                None => error,
            })
        }
    }
}

/// The names that config files give to an index. None, where another index is unreadable: that is no reason
/// not to write this one, and may be what is about to be mended.
pub fn with_canonical(config: &Config, index: &IndexUrl) -> Result<Vec<String>> {
    Ok(config
        .names_of_index(&index.canonical()?)
        .unwrap_or_default())
}
