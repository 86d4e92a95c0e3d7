//! TOML as plain values, made by the parser's own means: what reading and editing are compared with.

use std::collections::BTreeMap;

use crate::disk::document::Value;
use crate::disk::tree::{Entry, Node};

/// A value without its looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Text(String),
    /// A number, a boolean or a date, as it would be printed.
    Other(String),
    List(Vec<Plain>),
    /// An array of tables that have headers.
    Elements(Vec<Plain>),
    Table(BTreeMap<String, Plain>),
}

/// What an edit has to lead to.
#[derive(Debug, PartialEq)]
pub(super) enum Expected {
    Refused,
    Unchanged,
    Changed,
}

impl Plain {
    /// Nothing, if it is not TOML.
    pub(super) fn read(text: &str) -> Option<Self> {
        let document: toml_edit::DocumentMut = text.parse().ok()?;
        Some(Self::of_table(document.as_table()))
    }

    fn of_table(table: &dyn toml_edit::TableLike) -> Self {
        let entries = table.iter();
        Self::Table(
            entries
                .map(|(key, item)| (key.to_owned(), Self::of_item(item)))
                .collect(),
        )
    }

    fn of_item(item: &toml_edit::Item) -> Self {
        match item {
            toml_edit::Item::None => panic!("an item that is none"),
            toml_edit::Item::Value(value) => Self::of_value(value),
            toml_edit::Item::Table(table) => Self::of_table(table),
            toml_edit::Item::ArrayOfTables(tables) => {
                Self::Elements(tables.iter().map(|table| Self::of_table(table)).collect())
            }
        }
    }

    fn of_value(value: &toml_edit::Value) -> Self {
        match value {
            toml_edit::Value::String(text) => Self::Text(text.value().clone()),
            toml_edit::Value::Integer(number) => Self::Other(number.value().to_string()),
            toml_edit::Value::Float(number) => Self::Other(format!("{:?}", number.value())),
            toml_edit::Value::Boolean(switch) => Self::Other(switch.value().to_string()),
            toml_edit::Value::Datetime(date) => Self::Other(date.value().to_string()),
            toml_edit::Value::Array(list) => Self::List(list.iter().map(Self::of_value).collect()),
            toml_edit::Value::InlineTable(table) => Self::of_table(table),
        }
    }

    /// What `tree` read; nothing where there is a float or a date, which it refuses.
    pub(super) fn of_entries(table: &BTreeMap<String, Entry>) -> Self {
        let entries = table.iter();
        Self::Table(
            entries
                .map(|(key, entry)| (key.clone(), Self::of_node(&entry.node)))
                .collect(),
        )
    }

    fn of_node(node: &Node) -> Self {
        match node {
            Node::Text(text) => Self::Text(text.clone()),
            Node::Secret(token) => Self::Text(token.expose().to_owned()),
            Node::Integer(number) => Self::Other(number.to_string()),
            Node::Boolean(switch) => Self::Other(switch.to_string()),
            Node::List(list) => Self::List(
                list.iter()
                    .map(|entry| Self::of_node(&entry.node))
                    .collect(),
            ),
            Node::Table(table) => Self::of_entries(table),
        }
    }

    /// Arrays of tables as arrays: `tree` does not tell them apart.
    pub(super) fn without_elements(self) -> Self {
        match self {
            Self::Elements(list) | Self::List(list) => {
                Self::List(list.into_iter().map(Self::without_elements).collect())
            }
            Self::Table(table) => {
                let entries = table.into_iter();
                Self::Table(
                    entries
                        .map(|(key, value)| (key, value.without_elements()))
                        .collect(),
                )
            }
            other => other,
        }
    }

    pub(super) fn of_edit(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text.clone()),
            Value::List(texts) => Self::List(texts.iter().cloned().map(Self::Text).collect()),
            Value::Other(spelt) => Self::Other(spelt.clone()),
        }
    }

    pub(super) fn get(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |plain, name| match plain {
            Self::Table(table) => table.get(*name),
            _ => None,
        })
    }

    /// The paths of all tables and values, those in arrays left out.
    pub(super) fn paths(&self) -> Vec<Vec<String>> {
        fn collect(plain: &Plain, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
            let Plain::Table(table) = plain else { return };
            for (name, inner) in table {
                path.push(name.clone());
                found.push(path.clone());
                collect(inner, path, found);
                path.pop();
            }
        }
        let mut found = Vec::new();
        collect(self, &mut Vec::new(), &mut found);
        found
    }

    /// Puts a value at a path, as an edit has to.
    pub(super) fn put(&mut self, path: &[&str], value: Self) -> Expected {
        let (Self::Table(table), Some((first, rest))) = (self, path.split_first()) else {
            return Expected::Refused;
        };
        match (table.get_mut(*first), rest) {
            (Some(Self::Table(_) | Self::Elements(_)), []) => Expected::Refused,
            (Some(old), []) if *old == value => Expected::Unchanged,
            (Some(old), []) => {
                *old = value;
                Expected::Changed
            }
            (Some(inner), rest) => inner.put(rest, value),
            (None, []) => {
                table.insert((*first).to_owned(), value);
                Expected::Changed
            }
            (None, rest) => {
                let mut inner = Self::Table(BTreeMap::new());
                let done = inner.put(rest, value);
                table.insert((*first).to_owned(), inner);
                done
            }
        }
    }

    /// Takes what is at a path away, as an edit has to.
    pub(super) fn take(&mut self, path: &[&str]) -> Expected {
        let Some((first, rest)) = path.split_first() else {
            return Expected::Unchanged;
        };
        let table = match self {
            Self::Table(table) => table,
            Self::Elements(_) => return Expected::Refused,
            _ => return Expected::Unchanged,
        };
        match (table.get_mut(*first), rest) {
            (None, _) => Expected::Unchanged,
            (Some(inner), []) if inner.has_elements() => Expected::Refused,
            (Some(_), []) => {
                table.remove(*first);
                Expected::Changed
            }
            (Some(inner), rest) => inner.take(rest),
        }
    }

    /// Calls what is at a path otherwise, as a rename has to.
    pub(super) fn rename(&mut self, path: &[&str], name: &str) -> Expected {
        let Some((first, rest)) = path.split_first() else {
            return Expected::Unchanged;
        };
        let table = match self {
            Self::Table(table) => table,
            Self::Elements(_) => return Expected::Refused,
            _ => return Expected::Unchanged,
        };
        if !rest.is_empty() {
            let inner = table.get_mut(*first);
            return inner.map_or(Expected::Unchanged, |inner| inner.rename(rest, name));
        }
        if table.contains_key(name) {
            return Expected::Unchanged;
        }
        match table.remove(*first) {
            None => Expected::Unchanged,
            Some(value) => {
                table.insert(name.to_owned(), value);
                Expected::Changed
            }
        }
    }

    fn has_elements(&self) -> bool {
        match self {
            Self::Elements(_) => true,
            Self::Table(table) => table.values().any(Self::has_elements),
            Self::Text(_) | Self::Other(_) | Self::List(_) => false,
        }
    }

    /// Without the empty tables on the way to a path: whether one goes is a question of looks.
    pub(super) fn pruned(mut self, path: &[&str]) -> Self {
        if let (Self::Table(table), Some((first, rest))) = (&mut self, path.split_first())
            && let Some(inner) = table.remove(*first)
        {
            let inner = inner.pruned(rest);
            if inner != Self::Table(BTreeMap::new()) {
                table.insert((*first).to_owned(), inner);
            }
        }
        self
    }
}
