//! What means nothing here: what it may have been meant for.
//!
//! Invariant: what was typed is not repeated, unless it is a word of the table; it may be a token.

use super::Shell;
use super::paint::is_keyword;
use crate::error::Error;

impl Shell<'_> {
    /// Whether it is a variable or a function of the session.
    pub(super) fn is_known(&self, name: &str) -> bool {
        let names = self.interpreter.names();
        names
            .iter()
            .any(|known| known.text.trim_end_matches('(') == name)
    }

    /// Whether it is rather a command of somewhere else: an unknown name, and more behind a blank.
    pub(super) fn looks_foreign(&self, text: &str) -> bool {
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or_default();
        // What stands between two values is alone.
        let is_more = words
            .next()
            .is_some_and(|more| more.len() > 1 && !more.ends_with('='));
        is_more && is_name(first) && !is_keyword(first) && !self.is_known(first)
    }

    /// The first word means nothing. It is not repeated, because it may be a token.
    pub(super) fn unknown(&self, text: &str) -> Error {
        let word = text.split_whitespace().next().unwrap_or_default();
        let own = self.interpreter.names();
        let names: Vec<&str> = self
            .tree
            .get_subcommands()
            .map(clap::Command::get_name)
            .chain(own.iter().map(|name| name.text.trim_end_matches('(')))
            .collect();
        let error = Error::usage("there is no such command or function");
        if word == "credsh" {
            let known = self.known_words(text.split_whitespace().skip(1));
            return error.hint(match known.as_str() {
                "" => "you are in credsh already: `help` lists the commands".to_owned(),
                known => format!("you are in credsh already: `{known}`"),
            });
        }
        match crate::error::nearest(word, &names) {
            Some(known) => error.hint(format!("did you mean `{known}`?")),
            None => error.hint("`help` lists the commands; `!CMD` runs one of your own shell's"),
        }
    }

    /// The first of these words, as far as they are those of a command.
    fn known_words<'t>(&self, words: impl Iterator<Item = &'t str>) -> String {
        let mut command = &self.tree;
        let mut known = Vec::new();
        for word in words {
            match command.find_subcommand(word) {
                Some(child) => command = child,
                None => break,
            }
            known.push(word);
        }
        known.join(" ")
    }
}

/// One word that could be a name, and nothing else.
pub(super) fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(text, "true" | "false")
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
