//! The types of arguments. The type of a field decides how it is read and what Tab offers for it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::cargo::chain::check_spec;
use crate::cargo::config::{Config, View};
use crate::cargo::name::RegistryName;
use crate::cargo::programs;
pub use crate::cargo::programs::CREDSH;
use crate::cargo::providers::greets;
use crate::cargo::registry::{Registry, Wanted};
use crate::disk::tree::{Entry, Node};
use crate::error::{Error, Place, Result};
use crate::session::Session;

/// A registry by name, as `crates-io`, or by its index URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRef(pub Wanted);

impl FromStr for RegistryRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wanted = if text.contains("://") {
            Wanted::Url(text.parse()?)
        } else {
            Wanted::Name(text.parse()?)
        };
        Ok(Self(wanted))
    }
}

/// Which registry a command is about.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// A registry's name, `crates-io`, or an index URL [default: `registry.default`, else `crates-io`]
    #[arg(value_name = "REGISTRY")]
    positional: Option<RegistryRef>,
    /// The registry, as an option
    #[arg(
        short = 'r',
        long = "registry",
        value_name = "REGISTRY",
        conflicts_with = "positional"
    )]
    option: Option<RegistryRef>,
}

impl Target {
    /// What was asked for.
    pub fn wanted(&self) -> Wanted {
        self.positional
            .as_ref()
            .or(self.option.as_ref())
            .map_or(Wanted::Default, |registry| registry.0.clone())
    }

    /// Whether anything was said at all.
    pub fn is_given(&self) -> bool {
        self.positional.is_some() || self.option.is_some()
    }

    /// The registry, as Cargo resolves it.
    pub fn resolve(&self, config: &Config) -> Result<Registry> {
        Registry::resolve(config, &self.wanted())
    }
}

/// The name of a registry that there is not yet: nothing that exists can be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewName(pub RegistryName);

impl FromStr for NewName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self)
    }
}

/// A credential provider in one word: a name, or a command that is split on spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSpec(pub Vec<String>);

impl FromStr for ProviderSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let words: Vec<String> = text.split_whitespace().map(ToOwned::to_owned).collect();
        check_spec(&words)?;
        Ok(Self(words))
    }
}

/// A provider in one word, or in several after `--`.
#[derive(Debug, Clone, Args)]
pub struct SpecWords {
    /// A provider: `cargo:token`, another of Cargo's, an alias, or a program with its arguments
    #[arg(value_name = "SPEC", required_unless_present = "rest")]
    spec: Option<ProviderSpec>,
    /// The same word by word, where an argument contains a space
    #[arg(last = true, value_name = "WORDS", conflicts_with = "spec")]
    rest: Vec<String>,
}

impl SpecWords {
    /// The words of the provider.
    pub fn words(&self) -> Result<Vec<String>> {
        let words = self
            .spec
            .as_ref()
            .map_or_else(|| self.rest.clone(), |spec| spec.0.clone());
        check_spec(&words)?;
        Ok(words)
    }
}

/// A provider as it is to be written: credsh itself by its full path where Cargo would not find it, and only if
/// it starts.
pub fn installed(session: &mut Session, mut words: Vec<String>) -> Result<Vec<String>> {
    if words.first().is_none_or(|word| word != CREDSH) {
        return Ok(words);
    }
    if programs::find(session.config()?, CREDSH).is_none() {
        words[0] = session.world.program.display().to_string();
    }
    if !session.flags.is_plan() {
        greets(session.config()?, &words[0])?;
    }
    Ok(words)
}

/// The name of an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasName(pub String);

impl FromStr for AliasName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::usage("an alias needs a name")
                .hint("name it with letters, digits, `-` and `_`"));
        }
        // Cargo looks an alias up by a key path, so a dot in a name would be another table (16).
        match text
            .chars()
            .enumerate()
            .find(|&(_, c)| c.is_whitespace() || c.is_control() || matches!(c, '.' | '/' | '\\'))
        {
            None => Ok(Self(text.to_owned())),
            Some((index, c)) => Err(Error::usage(format!(
                "an alias cannot have `{}` as its character {}: Cargo would not find it",
                c.escape_default(),
                index + 1
            ))
            .hint("name it with letters, digits, `-` and `_`")),
        }
    }
}

/// Which file an edit goes to.
#[derive(Debug, Clone, Default, Args)]
pub struct Where {
    /// Edit this file
    #[arg(long, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Edit `.cargo/config.toml` in the current directory
    #[arg(long, conflicts_with = "config_file")]
    local: bool,
}

impl Where {
    /// The file to edit for this key: the one that was named, else the one that defines it, else home's.
    pub fn file(&self, session: &mut Session, key: &[&str]) -> Result<PathBuf> {
        if let Some(named) = self.named(session)? {
            return Ok(named);
        }
        match session.defining_file(key)? {
            Some(file) => Ok(file),
            None => Ok(session.config()?.home_file()),
        }
    }

    /// The file that was named, if one was; it is open then.
    pub fn named(&self, session: &mut Session) -> Result<Option<PathBuf>> {
        let file = match &self.config_file {
            Some(file) => {
                let file = session.path(file);
                session.config()?.known_as(file)
            }
            None if self.local => session.config()?.local_file(),
            None => return Ok(None),
        };
        if session.is_own_file(&file) {
            return Err(Error::usage(
                "credsh keeps its own files in this folder, and none of them is a configuration",
            )
            .at(Place::file(file))
            .hint("name another file; without one, Cargo's own is edited"));
        }
        session.open(&file)?;
        Ok(Some(file))
    }

    /// Whether there is anything under this key: in the file that was named, else anywhere.
    pub fn has(&self, session: &mut Session, key: &[&str]) -> Result<bool> {
        match self.named(session)? {
            Some(file) => Ok(session.config()?.in_file(&file, key).is_some()),
            None => Ok(!session.config()?.all(key, View::All).is_empty()),
        }
    }
}

/// A provider as it is written into a file: a string, which every reader of it splits on spaces, unless
/// an argument contains one. (Arrays in two files are joined or not, at random: 6.)
pub fn provider_node(words: &[String]) -> Node {
    if words
        .iter()
        .any(|word| word.is_empty() || word.contains(char::is_whitespace))
    {
        list_node(words)
    } else {
        Node::Text(words.join(" "))
    }
}

/// An array of strings.
pub fn list_node(words: &[String]) -> Node {
    Node::List(
        words
            .iter()
            .map(|word| Entry {
                node: Node::Text(word.clone()),
                line: 0,
            })
            .collect(),
    )
}
