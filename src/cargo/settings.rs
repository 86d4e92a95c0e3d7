//! What Cargo demands of a registry's own table, whether it uses it or not: every key that it knows has the
//! right form, in files that a variable overrides, too; and no variable only begins like one that it reads (3).

use super::config::{Config, View, wrong_kind};
use super::name::variable;
use super::registry::Registry;
use crate::disk::tree::Node;
use crate::error::{Error, Place, Result};

/// The form of a value.
#[derive(Clone, Copy)]
enum Form {
    Text,
    /// A string, or an array of strings.
    Words,
    List,
}

/// The keys of `[registries.NAME]`.
const OF_REGISTRIES: &[(&str, Form)] = &[
    ("index", Form::Text),
    ("token", Form::Text),
    ("credential-provider", Form::Words),
    ("secret-key", Form::Text),
    ("secret-key-subject", Form::Text),
    ("protocol", Form::Text),
];

/// The keys of `[registry]`.
const OF_CRATES_IO: &[(&str, Form)] = &[
    ("index", Form::Text),
    ("token", Form::Text),
    ("credential-provider", Form::Words),
    ("secret-key", Form::Text),
    ("secret-key-subject", Form::Text),
    ("default", Form::Text),
    ("global-credential-providers", Form::List),
];

fn known_of(registry: &Registry) -> &'static [(&'static str, Form)] {
    if registry.is_crates_io {
        OF_CRATES_IO
    } else {
        OF_REGISTRIES
    }
}

/// Whether Cargo knows a key of this registry's table.
pub(super) fn is_known(registry: &Registry, key: &str) -> bool {
    known_of(registry).iter().any(|(known, _)| *known == key)
}

/// Refuses what Cargo refuses.
pub(super) fn check(config: &Config, registry: &Registry) -> Result<()> {
    // Hardly anybody has a variable that is about this registry at all.
    let prefix = registry.table().map(|table| variable(&table));
    let has_variables = prefix.is_some_and(|prefix| {
        let mut names = config.env().iter().map(|(name, _)| name);
        names.any(|name| name.starts_with(&prefix))
    });
    for (name, form) in known_of(registry) {
        let Some(key) = registry.setting(name) else {
            return Ok(());
        };
        config.check_tables(&key[..key.len() - 1], View::All)?;
        if let Some((layer, entry)) = config.in_files(&key, View::All).next() {
            form.check(&key, &entry.node, layer.place(entry))?;
        } else if has_variables && config.env().get(&variable(&key)).is_none() {
            check_longer_variables(config, registry, name, &key)?;
        }
    }
    Ok(())
}

/// A variable that goes on behind the name of a key makes Cargo look for that key; without one, it refuses.
fn check_longer_variables(
    config: &Config,
    registry: &Registry,
    name: &str,
    key: &[&str],
) -> Result<()> {
    let prefix = format!("{}_", variable(key));
    let Some((longer, _)) = config
        .env()
        .iter()
        .find(|(variable, _)| variable.starts_with(&prefix))
    else {
        return Ok(());
    };
    let belongs_to_another = known_of(registry).iter().any(|(other, _)| {
        other.starts_with(&format!("{name}-"))
            && registry
                .setting(other)
                .is_some_and(|key| !config.all(&key, View::All).is_empty())
    });
    if belongs_to_another {
        return Ok(());
    }
    Err(Error::malformed(format!(
        "Cargo takes this variable for a part of `{}`, finds no value, and refuses",
        key.join(".")
    ))
    .at(Place::Env(longer.to_owned()))
    .hint(format!("rename `{longer}`")))
}

impl Form {
    fn check(self, key: &[&str], node: &Node, place: Place) -> Result<()> {
        let wanted = match (self, node) {
            (Self::Text | Self::Words, Node::Text(_) | Node::Secret(_))
            | (Self::Words | Self::List, Node::List(_)) => {
                return Ok(());
            }
            (Self::Text, _) => "a string",
            (Self::Words, _) => "a string or an array of strings",
            (Self::List, _) => "an array of strings",
        };
        Err(wrong_kind(key, wanted, node, place))
    }
}
