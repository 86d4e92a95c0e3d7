//! The text of a file after its edits.

use std::path::Path;

use zeroize::Zeroizing;

use super::Session;
use super::change::{After, FileChange, Key};
use crate::disk::document::{Document, Value};
use crate::disk::tree::{Entry, Node};
use crate::error::{Error, Place, Result};

impl Session {
    /// The text of a file after its edits, and what it has in their keys before them.
    pub(super) fn edited(
        &mut self,
        file: &Path,
        old: &str,
        edits: &[&FileChange],
    ) -> Result<(Zeroizing<String>, Vec<Option<Entry>>)> {
        // Included ones too: they have no lock of Cargo's, but the same layout.
        let config = self.config()?;
        let is_credentials = config.is_credentials(file);
        // In a long file that takes longer than all the rest.
        let mut document = if config.has_read(file, old) {
            Document::of(file, old)
        } else {
            Document::parse(file, old)?
        };
        let found = edits.iter().map(|edit| {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            if is_credentials {
                in_credentials(&document, &key)
            } else {
                document.entry(&key)
            }
        });
        let found = found.collect::<Result<_>>()?;
        if is_credentials {
            forget_old_layout(&mut document, edits.iter().map(|edit| &edit.key))?;
        }
        for edit in edits {
            let key: Vec<&str> = edit.key.iter().map(String::as_str).collect();
            match &edit.after {
                After::Is(node) => document.set(&key, &value_of(node, file, &edit.dotted())?)?,
                After::Gone => {
                    document.unset(&key)?;
                }
                After::Unread => {}
            }
        }
        Ok((document.text(), found))
    }
}

/// A value in a credentials file, whose old layout has crates.io's token at the top (5).
fn in_credentials(document: &Document<'_>, key: &[&str]) -> Result<Option<Entry>> {
    if key == ["registry", "token"] && document.entry(&["registry"])?.is_none() {
        return document.entry(&["token"]);
    }
    document.entry(key)
}

/// Takes the old layout's place of crates.io's token (5) away, where that token changes; `cargo login` moves it, too.
pub(super) fn forget_old_layout<'a>(
    document: &mut Document<'_>,
    mut keys: impl Iterator<Item = &'a Key>,
) -> Result<()> {
    if keys.any(|key| *key == ["registry", "token"]) {
        document.unset(&["token"])?;
    }
    Ok(())
}

pub(super) fn value_of(node: &Node, file: &Path, key: &str) -> Result<Value> {
    let refused = || {
        Error::failed(format!("`{key}` has a value that credsh cannot write")).at(Place::file(file))
    };
    match node {
        Node::Text(text) => Ok(Value::Text(text.clone())),
        Node::Secret(token) => Ok(Value::Text(token.expose().to_owned())),
        Node::List(list) => list
            .iter()
            .map(|entry| match &entry.node {
                Node::Text(text) => Ok(text.clone()),
                _ => Err(refused()),
            })
            .collect::<Result<_>>()
            .map(Value::List),
        _ => Err(refused()),
    }
}
