//! A login as a call: the token is in it by its source.

use super::text::quoted;
use crate::session::Recording;
use crate::stores::ledger::Entry;
use crate::token::{Scheme, Source, Token, masked};

/// A login to write.
pub(super) struct Login<'a> {
    pub(super) registry: String,
    pub(super) provider: Option<String>,
    pub(super) token: Option<&'a Token>,
    pub(super) args: &'a [String],
    pub(super) entry: Option<Entry>,
}

impl Login<'_> {
    /// The call, with the source that the token came from.
    pub(super) fn call(&self, recording: &Recording) -> String {
        let source = self.token.and_then(|token| recording.source_of(token));
        let (from, scheme) = match source {
            Some((Source::Env(name), scheme)) => (format!("env:{name}"), scheme),
            Some((Source::File(path), scheme)) => (format!("file:{}", path.display()), scheme),
            Some((Source::Command(words), scheme)) => {
                let line = format!("command:{}", crate::words::join(words));
                // A command that needs a secret gets it from a person.
                if masked(&line) == line {
                    (line, scheme)
                } else {
                    ("prompt".to_owned(), scheme)
                }
            }
            Some((_, scheme)) => ("prompt".to_owned(), scheme),
            // It was there before.
            None => ("prompt".to_owned(), Scheme::Raw),
        };
        let mut options = vec![format!("from: {}", quoted(&from))];
        let mut option =
            |name: &str, value: &str| options.push(format!("{name}: {}", quoted(value)));
        if scheme != Scheme::Raw {
            option("scheme", scheme.name());
        }
        if let Some(provider) = &self.provider {
            option("provider", provider);
        }
        if let Some(entry) = &self.entry {
            option("label", entry.label.as_str());
            let operations: Vec<&str> = entry.operations.iter().map(|one| one.name()).collect();
            let crates: Vec<String> = entry.crates.iter().map(ToString::to_string).collect();
            if !operations.is_empty() {
                option("operations", &operations.join(","));
            }
            if !crates.is_empty() {
                option("crates", &crates.join(","));
            }
            if let Some(day) = entry.expires {
                option("expires", &day.to_string());
            }
            option("store", entry.store.name());
        }
        if !self.args.is_empty() {
            let args: Vec<String> = self.args.iter().map(|word| quoted(word)).collect();
            options.push(format!("rest: [{}]", args.join(", ")));
        }
        format!(
            "login({}, #{{ {} }})",
            quoted(&self.registry),
            options.join(", ")
        )
    }
}
