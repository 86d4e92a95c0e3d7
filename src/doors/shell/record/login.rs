//! A login as a call: the token is in it by its source.

use super::text::{may_hold_token, quoted};
use crate::session::Recording;
use crate::stores::ledger::Entry;
use crate::token::{Scheme, Source, Token};

/// A login to write.
pub(super) struct Login<'a> {
    pub(super) registry: String,
    pub(super) provider: Option<String>,
    pub(super) token: Option<&'a Token>,
    pub(super) args: &'a [String],
    pub(super) entry: Option<Entry>,
}

/// The call of a login.
pub(super) struct LoginCall {
    pub(super) registry: String,
    pub(super) text: String,
    /// Why it asks for a token that nobody has typed.
    pub(super) asks_because: Option<&'static str>,
}

impl Login<'_> {
    /// The call, with the source that the token came from.
    pub(super) fn call(&self, recording: &Recording) -> LoginCall {
        let source = self.token.and_then(|token| recording.source_of(token));
        let asks = |why| ("prompt".to_owned(), why);
        let (from, asks_because) = match source {
            Some((Source::Env(name), _)) => (format!("env:{name}"), None),
            Some((Source::File(path), _)) => (format!("file:{}", path.display()), None),
            Some((Source::Command(words), _)) => match crate::words::join(words) {
                // A command that needs a secret gets it from a person.
                line if may_hold_token(&line) => asks(Some("a word of its command may be one")),
                line => (format!("command:{line}"), None),
            },
            Some((Source::Prompt, _)) => asks(None),
            Some((Source::Stdin | Source::Provider(_), _)) => {
                asks(Some("it came from standard input"))
            }
            None => asks(Some("it was there before")),
        };
        let scheme = source.map_or(Scheme::Raw, |(_, scheme)| scheme);
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
        let text = format!(
            "login({}, #{{ {} }})",
            quoted(&self.registry),
            options.join(", ")
        );
        LoginCall {
            registry: self.registry.clone(),
            text,
            asks_because,
        }
    }
}
