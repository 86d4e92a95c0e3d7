//! What a recorded session leaves to be written as a script: what was committed, and where each token came from.
//!
//! Invariant: a token is here to be compared with, never to be written.

use std::collections::HashMap;
use std::path::Path;

use super::change::{Change, Key};
use crate::cargo::config::{ItemKey, item_key};
use crate::token::{Scheme, Source, Token};

/// What has been committed since it began.
#[derive(Debug, Default)]
pub struct Recording {
    changes: Vec<Change>,
    sources: Vec<(Token, Source)>,
}

impl Recording {
    /// Notes what a commit has changed.
    pub fn note_changes(&mut self, changes: &[Change]) {
        self.changes.extend_from_slice(changes);
    }

    /// Notes what a source gave.
    pub fn note_source(&mut self, token: &Token, source: &Source) {
        self.sources.push((token.clone(), source.clone()));
    }

    /// The net effect, one change a place, in the order of the first of each.
    pub fn changes(&self) -> Vec<Change> {
        let mut folded: Vec<Change> = Vec::new();
        let mut files: HashMap<(&Path, &Key), usize> = HashMap::new();
        let mut items: HashMap<ItemKey, usize> = HashMap::new();
        for change in &self.changes {
            let next = folded.len();
            let at = match change {
                Change::File(change) => *files.entry((&change.file, &change.key)).or_insert(next),
                Change::Item(change) => {
                    let key = item_key(&change.provider, &change.registry);
                    *items.entry(key).or_insert(next)
                }
            };
            match (folded.get_mut(at), change) {
                (Some(Change::File(first)), Change::File(later)) => {
                    first.after.clone_from(&later.after);
                }
                (Some(Change::Item(first)), Change::Item(later)) => {
                    first.after.clone_from(&later.after);
                }
                _ => folded.push(change.clone()),
            }
        }
        folded.retain(|change| !change.is_none());
        folded
    }

    /// Where a stored token came from, and the scheme that it was given there; the last that is no other
    /// provider, because what that had came from somewhere, too.
    pub fn source_of(&self, token: &Token) -> Option<(&Source, Scheme)> {
        let schemes = [Scheme::Raw, Scheme::Bearer, Scheme::Token, Scheme::Basic];
        self.sources
            .iter()
            .rev()
            .filter(|(_, source)| !matches!(source, Source::Provider(_)))
            .find_map(|(read, source)| {
                let becomes_it = |scheme: &Scheme| {
                    let stored = scheme.apply(read.clone());
                    stored.is_ok_and(|stored| stored.is_same(token))
                };
                Some((source, schemes.into_iter().find(becomes_it)?))
            })
    }
}
