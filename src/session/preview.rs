//! The text of files as a commit would leave them, with every token masked, to be shown.
//!
//! Invariant: no text of a token comes out, be it in a value, in a comment, or in one that was there before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Session;
use super::change::{Change, FileChange};
use super::overlay::Savepoint;
use crate::cargo::index_url::IndexUrl;
use crate::disk::document::{Document, Value};
use crate::disk::replace;
use crate::disk::tree::{self, Node, Table};
use crate::error::{Error, Place, Result};
use crate::token::{Token, masked};

/// A file before and after, with tokens masked.
#[derive(Debug)]
pub struct Preview {
    /// The file.
    pub file: PathBuf,
    /// Its text now; empty, if it does not exist.
    pub before: String,
    /// Its text after a commit.
    pub after: String,
}

impl Session {
    /// What a commit would make of each file.
    pub fn preview(&mut self) -> Result<Vec<Preview>> {
        let changes = self.changes_since(Savepoint::START);
        let files: BTreeSet<&Path> = changes
            .iter()
            .filter_map(Change::as_file)
            .map(|change| change.file.as_path())
            .collect();
        let mut previews = Vec::new();
        for file in files {
            let edits: Vec<&FileChange> = changes
                .iter()
                .filter_map(Change::as_file)
                .filter(|change| change.file == file)
                .collect();
            let old = replace::read(file)?.unwrap_or_default();
            let (new, _) = self.edited(file, &old, &edits, &self.overlay.tables(file))?;
            previews.push(Preview {
                file: file.to_path_buf(),
                before: without_tokens(file, &old, &edits, "(a token)")?,
                after: without_tokens(file, &new, &edits, "(another token)")?,
            });
        }
        Ok(previews)
    }
}

/// A file's text in which every token is its fingerprint. One that has none is called by a name, which tells
/// the old from the new where it changes.
fn without_tokens(file: &Path, text: &str, edits: &[&FileChange], changed: &str) -> Result<String> {
    let mut secrets = Vec::new();
    collect(&tree::parse(file, text)?, &mut Vec::new(), &mut secrets);
    let mut document = Document::of(file, text);
    for (key, token) in secrets {
        let is_changed = edits.iter().any(|edit| edit.key == key);
        let name = if is_changed { changed } else { "(a token)" };
        let shown = token.fingerprint().unwrap_or_else(|| name.to_owned());
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        document.set(&key, &Value::Text(shown)).map_err(|_| {
            Error::failed("this file cannot be shown without showing a token").at(Place::file(file))
        })?;
    }
    let lines = document
        .text()
        .split_inclusive('\n')
        .map(|line| comment_masked(&urls_masked(line)))
        .collect();
    Ok(lines)
}

/// A comment may be a token that somebody took out of use.
fn comment_masked(line: &str) -> String {
    match line.split_once('#') {
        Some((value, comment)) => format!("{value}#{}", masked(comment)),
        None => line.to_owned(),
    }
}

/// An index URL may contain a user's name, which can be a secret: as a value, and in the header of one of credsh's own
/// tokens.
fn urls_masked(line: &str) -> String {
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let shown = |piece: &str| {
        let word = piece.trim_end_matches(is_edge);
        if word.contains("://") && word.contains('@') {
            IndexUrl::shown(word) + &piece[word.len()..]
        } else {
            piece.to_owned()
        }
    };
    line.split_inclusive(is_edge).map(shown).collect()
}

fn collect(table: &Table, path: &mut Vec<String>, secrets: &mut Vec<(Vec<String>, Token)>) {
    for (key, entry) in table {
        path.push(key.clone());
        collect_node(&entry.node, path, secrets);
        path.pop();
    }
}

fn collect_node(node: &Node, path: &mut Vec<String>, secrets: &mut Vec<(Vec<String>, Token)>) {
    match node {
        Node::Secret(token) => secrets.push((path.clone(), token.clone())),
        Node::Table(table) => collect(table, path, secrets),
        Node::List(list) => list
            .iter()
            .for_each(|entry| collect_node(&entry.node, path, secrets)),
        Node::Text(_) | Node::Integer(_) | Node::Boolean(_) => {}
    }
}
