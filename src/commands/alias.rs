//! `alias ...`: short names for providers.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value as Json;

use super::args::{AliasName, Where, provider_node};
use super::registry::refuse_mixed_shapes;
use super::{Answer, Outcome, document};
use crate::cargo::chain::{Kind, check_spec};
use crate::cargo::config::{Config, View};
use crate::error::{Error, Place, Result};
use crate::render::{Block, Role, Span};
use crate::session::Session;

/// Aliases.
#[derive(Debug, Clone, Subcommand)]
#[expect(
    missing_docs,
    reason = "a variant's documentation is its struct's, which is its help"
)]
pub enum AliasCommand {
    List(List),
    Set(Set),
    Remove(Remove),
}

impl AliasCommand {
    /// Does it.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        match self {
            Self::List(command) => command.run(session),
            Self::Set(command) => command.run(session),
            Self::Remove(command) => command.run(session),
        }
    }
}

/// List the aliases of `[credential-alias]`
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  alias list")]
pub struct List {}

/// Set an alias
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  alias set vault cargo-credential-vault --profile work\n  alias set pass -- cargo:token-from-stdout pass show 'crates io'"
)]
pub struct Set {
    /// The alias
    name: AliasName,
    /// The provider that it stands for, word by word
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    command: Vec<String>,
    #[command(flatten)]
    place: Where,
}

/// Remove an alias
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  alias remove vault")]
pub struct Remove {
    /// The alias
    name: AliasName,
    #[command(flatten)]
    place: Where,
}

#[derive(Serialize)]
struct Aliases {
    aliases: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    command: Vec<String>,
    place: Place,
}

impl List {
    /// Lists.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let config = session.config()?;
        let mut aliases = Vec::new();
        for name in names(config) {
            // What Cargo takes for no alias is none.
            if let Ok(Some(words)) = config.words(&["credential-alias", &name]) {
                aliases.push(Row {
                    name,
                    command: words.words,
                    place: words.place,
                });
            }
        }
        Outcome::answer(Aliases { aliases })
    }
}

/// The names of the aliases, of variables too, whose case is lost.
pub(crate) fn names(config: &Config) -> Vec<String> {
    let mut names = config.names(&["credential-alias"], View::All);
    let known: Vec<String> = names
        .iter()
        .map(|name| crate::cargo::name::variable(&["credential-alias", name]))
        .collect();
    for (variable, _) in config.env().iter() {
        if let Some(name) = variable.strip_prefix("CARGO_CREDENTIAL_ALIAS_")
            && !known.iter().any(|known| known == variable)
        {
            names.push(name.to_lowercase());
        }
    }
    names
}

impl Set {
    /// Sets.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        check_spec(&self.command)?;
        let name = &self.name.0;
        if Kind::of(name) != Kind::Plugin {
            return Err(Error::usage(
                "Cargo ignores an alias that has the name of a built-in provider",
            )
            .hint("take another name"));
        }
        let key = ["credential-alias", name.as_str()];
        if let Ok(Some(now)) = session.config()?.words(&key)
            && now.words == self.command
        {
            return Outcome::change();
        }
        let file = self.place.file(session, &key)?;
        let node = provider_node(&self.command);
        refuse_mixed_shapes(session.config()?, &key, &file, &node)?;
        session.edit_setting(&file, &key, Some(node))?;
        Outcome::change()
    }
}

impl Remove {
    /// Removes.
    pub fn run(&self, session: &mut Session) -> Result<Outcome> {
        let key = ["credential-alias", self.name.0.as_str()];
        if !self.place.has(session, &key)? {
            let known = names(session.config()?);
            let words: Vec<&str> = known.iter().map(String::as_str).collect();
            let error = Error::not_found("there is no such alias");
            return Err(match crate::error::nearest(&self.name.0, &words) {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint("`alias list` shows those that there are"),
            });
        }
        let file = self.place.file(session, &key)?;
        session.edit_setting(&file, &key, None)?;
        Outcome::change()
    }
}

/// An alias for a command that cannot be written otherwise: one that there is, or a new one.
pub(super) fn make_for(session: &mut Session, words: &[String], place: &Where) -> Result<String> {
    let config = session.config()?;
    let is_it = |name: &str| matches!(config.words(&["credential-alias", name]), Ok(Some(known)) if known.words == words);
    if let Some(known) = names(config).into_iter().find(|name| is_it(name)) {
        return Ok(known);
    }
    let program = words
        .iter()
        .find(|word| Kind::of(word) == Kind::Plugin)
        .map_or("provider", String::as_str);
    let base: String = program
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(program)
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let taken = names(config);
    let mut name = base.clone();
    let mut number = 2;
    while taken.contains(&name) {
        name = format!("{base}-{number}");
        number += 1;
    }
    let key = ["credential-alias", name.as_str()];
    let file = place.file(session, &key)?;
    session.edit_setting(&file, &key, Some(provider_node(words)))?;
    Ok(name)
}

impl Answer for Aliases {
    fn json(&self) -> Json {
        document(self)
    }

    fn blocks(&self) -> Vec<Block> {
        if self.aliases.is_empty() {
            return vec![Block::line("no aliases")];
        }
        let rows = self.aliases.iter().map(|row| {
            vec![
                Span::new(Role::Name, row.name.clone()),
                Span::plain(crate::words::join(&row.command)),
                Span::new(Role::Faint, row.place.to_string()),
            ]
        });
        vec![Block::Table {
            head: vec!["alias", "stands for", "place"],
            rows: rows.collect(),
            elastic: 2,
        }]
    }
}
