//! TOML as values with line numbers, for reading. (`document` is for editing.)
//!
//! Invariants: a text under a key named `token` or `secret-key` is a [`Token`] from here on, whatever table
//! it stands in; a syntax error is reported by line and never quotes the file.

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::{Item, Value};

use crate::error::{Error, Place, Result};
use crate::token::Token;

/// A table, by key.
pub type Table = BTreeMap<String, Entry>;

/// A value and the line that it stands on, counted from one; 0 where it is not in a file yet.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The value.
    pub node: Node,
    /// Its line.
    pub line: usize,
}

/// The kinds of value that Cargo's configuration knows.
#[derive(Debug, Clone)]
pub enum Node {
    /// A string.
    Text(String),
    /// A string that is a secret.
    Secret(Token),
    /// An integer.
    Integer(i64),
    /// A boolean.
    Boolean(bool),
    /// An array.
    List(Vec<Entry>),
    /// A table.
    Table(Table),
}

impl Node {
    /// What Cargo calls this kind in its messages.
    pub fn description(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Secret(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }

    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// Takes away the tables that have no key: they say nothing.
pub(crate) fn prune(table: &mut Table) {
    table.retain(|_, entry| match &mut entry.node {
        Node::Table(table) => {
            prune(table);
            !table.is_empty()
        }
        _ => true,
    });
}

/// Whether the text under this key is a secret, whatever table it stands in. The names of aliases are free.
pub fn is_secret(key: &[impl AsRef<str>]) -> bool {
    let first = key.first().map(AsRef::as_ref);
    let last = key.last().map(AsRef::as_ref);
    matches!(last, Some("token" | "secret-key")) && first != Some("credential-alias")
}

/// Reads a whole file's text.
pub fn parse(path: &Path, text: &str) -> Result<Table> {
    let lines = Lines::of(text);
    let document = document(path, text, &lines)?;
    let mut reader = Reader {
        path,
        lines: &lines,
        key: Vec::new(),
    };
    reader.table(document.as_table())
}

/// Refuses a text that is not TOML.
pub(super) fn check(path: &Path, text: &str) -> Result<()> {
    document(path, text, &Lines::of(text)).map(|_| ())
}

fn document<'a>(path: &Path, text: &'a str, lines: &Lines) -> Result<toml_edit::Document<&'a str>> {
    toml_edit::Document::parse(text).map_err(|error| {
        let line = lines.at(error.span().map_or(0, |span| span.start));
        let refused = Error::malformed("this is not TOML")
            .at(Place::line(path, line))
            .hint("mend that line; Cargo refuses the whole file");
        match reason(error.message()) {
            Some(reason) => refused.because(reason),
            None => refused,
        }
    })
}

/// The value of one key, by all its parts, of a statement that begins on this line.
pub(super) fn entry(path: &Path, key: &[&str], item: &Item, line: usize) -> Result<Entry> {
    let mut reader = Reader {
        path,
        lines: &Lines(Vec::new()),
        key: key.to_vec(),
    };
    reader.item(item, line)
}

/// Why, without a word of the text. The parser's messages are constants today; that is not promised.
fn reason(message: &str) -> Option<&'static str> {
    const REASONS: &[(&str, &str)] = &[
        // What is expected there is "printable", which has a table in it.
        ("comment character", "a control character in a comment"),
        ("duplicate key", "this key or table is there twice"),
        (
            "cannot extend",
            "this key goes through something that is not a table",
        ),
        ("recurse", "it is nested too deeply"),
        (
            "string values must be quoted",
            "a value is missing, or is text without quotes",
        ),
        ("escape", "an unknown escape in a string"),
        (
            "string",
            "a string is not closed, or has a character that needs an escape",
        ),
        ("with no value", "a key without a value"),
        ("missing value", "a key without a value"),
        (
            "carriage return",
            "a carriage return that does not end a line",
        ),
        ("array", "an array that is not closed, or lacks a comma"),
        (
            "inline table",
            "an inline table that is not closed, or lacks a comma",
        ),
        ("table", "a table header that is not closed"),
    ];
    let known = REASONS.iter().find(|(word, _)| message.contains(word));
    known.map(|(_, reason)| *reason)
}

/// Walks a parsed file and knows where it is.
struct Reader<'a> {
    path: &'a Path,
    lines: &'a Lines,
    key: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn table(&mut self, table: &'a dyn toml_edit::TableLike) -> Result<Table> {
        let entries = table.iter().map(|(key, item)| {
            let span = table
                .key(key)
                .and_then(toml_edit::Key::span)
                .or_else(|| item.span());
            let line = self.lines.at(span.map_or(0, |span| span.start));
            self.key.push(key);
            let entry = self.item(item, line)?;
            self.key.pop();
            Ok((key.to_owned(), entry))
        });
        entries.collect()
    }

    fn item(&mut self, item: &'a Item, line: usize) -> Result<Entry> {
        let node = match item {
            Item::Table(table) => Node::Table(self.table(table)?),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().map(|table| {
                    Ok(Entry {
                        node: Node::Table(self.table(table)?),
                        line,
                    })
                });
                Node::List(tables.collect::<Result<_>>()?)
            }
            Item::Value(value) => return self.value(value, line),
            // An empty item never comes out of a parse.
            Item::None => Node::Table(Table::new()),
        };
        Ok(Entry { node, line })
    }

    fn value(&mut self, value: &'a Value, line: usize) -> Result<Entry> {
        let node = match value {
            Value::String(text) if is_secret(&self.key) => {
                Node::Secret(Token::new(text.value().as_str()))
            }
            Value::String(text) => Node::Text(text.value().clone()),
            Value::Integer(number) => Node::Integer(*number.value()),
            Value::Boolean(switch) => Node::Boolean(*switch.value()),
            Value::Array(list) => {
                let items = list.iter().map(|item| {
                    let line = item.span().map_or(line, |span| self.lines.at(span.start));
                    self.value(item, line)
                });
                Node::List(items.collect::<Result<_>>()?)
            }
            Value::InlineTable(table) => Node::Table(self.table(table)?),
            Value::Float(_) | Value::Datetime(_) => {
                let kind = if value.is_float() {
                    "a float"
                } else {
                    "a date"
                };
                return Err(Error::malformed(format!(
                    "`{}` is {kind}, which Cargo's configuration does not have",
                    shown_key(&self.key).join(".")
                ))
                .at(Place::line(self.path, line))
                .hint("write it as a string, or remove it; Cargo refuses the whole file"));
            }
        };
        Ok(Entry { node, line })
    }
}

/// A key as it may be shown: that of one of credsh's own tokens has the URL of an index in it, and that may have
/// user-info.
pub(crate) fn shown_key<S: AsRef<str>>(key: &[S]) -> Vec<String> {
    let part = |part: &S| match (
        part.as_ref().split_once("://"),
        part.as_ref().rsplit_once('@'),
    ) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        _ => part.as_ref().to_owned(),
    };
    key.iter().map(part).collect()
}

/// Where the lines of a text begin, so that a line is found without counting again.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            text.bytes()
                .enumerate()
                .filter(|&(_, byte)| byte == b'\n')
                .map(|(at, _)| at)
                .collect(),
        )
    }

    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|&newline| newline < offset) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Path, parse};

    #[test]
    fn values_know_their_lines_and_secrets_are_secret() {
        let text = "# a comment\n[registries.corp]\nindex = \"url\"\ntoken = \"s3cret\"\nlist = [\n  \"a\",\n  \"b\",\n]\n";
        let tree = parse(Path::new("config.toml"), text).unwrap();
        let corp = tree["registries"].node.as_table().unwrap()["corp"]
            .node
            .as_table()
            .unwrap();
        assert_eq!((corp["index"].line, corp["token"].line), (3, 4));
        assert!(matches!(&corp["list"].node, Node::List(list) if list[1].line == 7));
        assert!(!format!("{tree:?}").contains("s3cret"));
    }

    #[test]
    fn a_malformed_file_is_named_by_line_and_not_quoted() {
        for (text, line) in [
            ("a = 1\ntoken = s3cret\n", 2),
            ("token = \"s3cret\n", 1),
            ("a = 1.5", 1),
        ] {
            let error = parse(Path::new("credentials.toml"), text)
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(&format!("credentials.toml:{line}: ")),
                "{error}"
            );
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
