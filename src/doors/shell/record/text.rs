//! A script as text: its calls, what it lacks, and how names and providers are spelt in it.

use super::login::LoginCall;
use crate::cargo::chain::Provider;
use crate::cargo::config::Config;
use crate::cargo::programs::{CREDSH, is_called_credsh};
use crate::disk::tree::Node;
use crate::token::{looks_like_token, masked};

/// What takes away what an empty home does not have.
const UNLESS_GONE: &str = "fn unless_gone(remove) {\n    try { remove.call(); } catch (e) { if e.kind != \"not-found\" { throw e; } }\n}\n";

/// A script, in parts.
#[derive(Debug, Default)]
pub struct Script {
    lines: Vec<String>,
    /// What it cannot express.
    pub missing: Vec<String>,
}

impl Script {
    /// How many calls there are.
    pub fn calls(&self) -> usize {
        self.lines.len()
    }

    /// All of it.
    pub fn text(&self) -> String {
        let mut text = format!(
            "// Recorded by credsh {}. Run it with `credsh -f FILE`.\n",
            env!("CARGO_PKG_VERSION")
        );
        for missing in &self.missing {
            text.push_str(&format!("// not in this script: {missing}\n"));
        }
        if self
            .lines
            .iter()
            .any(|line| line.starts_with("unless_gone"))
        {
            text.push_str(&format!("\n{UNLESS_GONE}"));
        }
        text.push('\n');
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    pub(super) fn call(&mut self, call: impl Into<String>) {
        self.lines.push(format!("{};", call.into()));
    }

    pub(super) fn login(&mut self, call: LoginCall) {
        if let Some(why) = call.asks_because {
            let what = format!("the source of the token of `{}`", call.registry);
            self.lacks(&what, &format!("{why}, so the script asks for the token"));
        }
        self.call(call.text);
    }

    pub(super) fn remove(&mut self, call: &str) {
        self.call(format!("unless_gone(|| {call})"));
    }

    pub(super) fn lacks(&mut self, what: &str, why: &str) {
        self.missing.push(format!("{what}: {why}"));
    }
}

/// A provider in one word, unless a part of it may be a token. Where credsh is, another machine knows; what is only
/// called that is a program like others.
pub(super) fn spec(config: &Config, provider: &Provider) -> Option<String> {
    let words = &provider.written;
    let first = words.first()?;
    let first = if is_called_credsh(first) && provider.is_or_was_credsh(config) {
        CREDSH
    } else {
        first
    };
    let spec: Vec<&str> = std::iter::once(first)
        .chain(words[1..].iter().map(String::as_str))
        .collect();
    let spec = spec.join(" ");
    (!may_hold_token(&spec)).then_some(spec)
}

/// Whether a word of a line may be a token. Of a path only a part may be one, and the parts of paths have digits.
pub(super) fn may_hold_token(line: &str) -> bool {
    let is_edge = |c: char| c.is_whitespace() || "\"'`,;()[]{}<>=".contains(c);
    let mut rest = String::new();
    for piece in line.split_inclusive(is_edge) {
        let word = piece.trim_end_matches(is_edge);
        let is_path = word.starts_with(['/', '.', '~']) && word.contains('/');
        if is_path && word.split('/').any(looks_like_token) {
            return true;
        }
        rest.push_str(if is_path { &piece[word.len()..] } else { piece });
    }
    masked(&rest) != rest
}

/// The words of a provider, or the entries of a list; `None` where there is nothing.
pub(super) fn words_of(node: Option<&Node>) -> Option<Vec<String>> {
    match node? {
        Node::Text(text) => Some(text.split_whitespace().map(ToOwned::to_owned).collect()),
        Node::List(list) => Some(
            list.iter()
                .filter_map(|entry| match &entry.node {
                    Node::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
        ),
        _ => None,
    }
}

/// A text as a script spells it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
