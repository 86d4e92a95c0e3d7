//! TOML edited as a careful person would: what was meant changes, every other byte stays.
//!
//! The text is kept as it is, cut into lines: a header, a statement (of one or more lines), a comment, a
//! blank one. An edit changes the text of one statement, or adds or removes lines; nothing is ever printed
//! anew from a parsed form. So comments, order, quoting, BOM, line ends (mixed ones too) and a missing last
//! newline need no care. The lines form a ring with stable numbers, and a tree of tables knows where each
//! key is, so that an edit costs the same in a long file as in a short one.
//!
//! Invariant: an edit that is refused has changed nothing; the text parses after every edit. The text of a
//! value is in no error and no `Debug`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use self::marks::{Mark, MarkKind, marks};
use self::statement::Left;
pub(crate) use self::statement::{spell, spell_path};
use super::tree;
use crate::error::Result;

mod add;
mod cells;
mod lines;
mod marks;
mod rename;
mod statement;
#[cfg(test)]
mod tests;

/// What credsh writes. It may be a token: `Debug` hides it, and dropping it wipes it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Value {
    /// A string.
    Text(String),
    /// An array of strings.
    List(Vec<String>),
    /// Anything else, as TOML spells it: what moves as it is.
    Other(String),
}

impl Drop for Value {
    fn drop(&mut self) {
        match self {
            Self::Text(text) => text.zeroize(),
            Self::List(texts) => texts.zeroize(),
            Self::Other(spelt) => spelt.zeroize(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::List(_) => "List(..)",
            Self::Other(_) => "Other(..)",
        })
    }
}

/// What is at a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A string, or an array of nothing but strings.
    Value(Value),
    /// A table, written in whatever way.
    Table,
    /// A number, a mixed array, an array of tables: nothing that credsh writes.
    Other,
}

/// One TOML file's text, open for edits.
pub(crate) struct Document<'t> {
    path: PathBuf,
    bom: bool,
    /// The last line has no end of its own; `lines` has one for it.
    unended: bool,
    /// How a new line ends.
    line_end: &'static str,
    /// A ring in the order of the file. The first is empty and stands for the header of the root table.
    lines: Vec<Line<'t>>,
    root: Table<'t>,
}

/// A line's number in `Document::lines`: stable, and no line number of the file.
type Id = usize;
const ROOT: Id = 0;

/// One part of a key.
type Name<'t> = Cow<'t, str>;

struct Line<'t> {
    /// Its number in the file; of a new one, that of the line above.
    number: usize,
    text: Text<'t>,
    kind: Kind<'t>,
    previous: Id,
    next: Id,
}

/// A line's text.
enum Text<'t> {
    /// As it stands in the file.
    Kept(&'t str),
    /// As an edit has made it.
    New(Zeroizing<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Kept(text) => text,
            Self::New(text) => text,
        }
    }
}

enum Kind<'t> {
    Blank,
    Comment,
    /// `[path]` or `[[path]]`; `last` is the last statement under it, or itself.
    Header {
        path: Vec<Name<'t>>,
        element: bool,
        last: Id,
    },
    /// `path = ..` below a header.
    Key {
        header: Id,
        path: Vec<Name<'t>>,
    },
    /// Removed.
    Gone,
}

#[derive(Default)]
struct Table<'t> {
    nodes: HashMap<Name<'t>, Node<'t>>,
    header: Option<Id>,
    /// The last line in the file that says something about this table or those in it: a header, or a
    /// statement below its own header or a shorter one.
    last: Option<Id>,
}

enum Node<'t> {
    Table(Table<'t>),
    /// The statement that holds it, perhaps as an inline table.
    Statement(Id),
    /// An array of tables; not looked into.
    Elements(Id),
}

/// How far a key path leads through the tree.
enum Reach<'a, 't> {
    /// To a statement, with as many parts; the rest is inside of it.
    Statement(Id),
    Table(&'a Table<'t>),
    Elements(Id),
    /// To this table, with as many parts; the next is missing.
    Missing(&'a Table<'t>, usize),
}

impl<'t> Document<'t> {
    /// Opens a text for edits; `path` is for the errors. A text that is not TOML is a malformed file: the
    /// error says at which line, and why, in our words.
    pub(crate) fn parse(path: &Path, text: &'t str) -> Result<Self> {
        tree::check(path, text)?;
        Ok(Self::of(path, text))
    }

    /// Opens a text that is TOML: [`tree::parse`] has read it.
    pub(crate) fn of(path: &Path, text: &'t str) -> Self {
        debug_assert!(tree::check(path, text).is_ok(), "opened without a check");
        let bom = text.starts_with('\u{feff}');
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let unended = !text.is_empty() && !text.ends_with('\n');
        let line_end = match text.find('\n') {
            Some(end) if text[..end].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let root = Line {
            number: 1,
            text: Text::Kept(""),
            kind: Kind::Header {
                path: Vec::new(),
                element: false,
                last: ROOT,
            },
            previous: ROOT,
            next: ROOT,
        };
        let mut document = Self {
            path: path.to_owned(),
            bom,
            unended,
            line_end,
            lines: vec![root],
            root: Table {
                header: Some(ROOT),
                ..Table::default()
            },
        };
        let mut rest = text;
        let mut header = ROOT;
        for Mark { span, path, kind } in marks(text) {
            let start = text.len() - rest.len();
            let (above, at) =
                rest.split_at(text[..span.start].rfind('\n').map_or(0, |end| end + 1) - start);
            document.push_trivia(above);
            let end = span.end - start - above.len();
            let (line, below) = at.split_at(
                at[end..]
                    .find('\n')
                    .map_or(at.len(), |newline| end + newline + 1),
            );
            rest = below;
            let kind = match kind {
                MarkKind::Key => Kind::Key { header, path },
                MarkKind::Header | MarkKind::Element => {
                    header = document.lines.len();
                    Kind::Header {
                        path,
                        element: kind == MarkKind::Element,
                        last: header,
                    }
                }
            };
            let id = document.push_read(line, kind);
            document.index(id, None);
        }
        document.push_trivia(rest);
        if unended {
            let last = document.lines[ROOT].previous;
            // Not pushed: a string that moves leaves a copy behind.
            let text = [&*document.lines[last].text, line_end].concat();
            document.lines[last].text = Text::New(Zeroizing::new(text));
        }
        document
    }

    /// What is at a key path now: what the tests of the edits look at. Reading is `tree`'s.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn get(&self, key: &[&str]) -> Option<Found> {
        match self.reach(key) {
            Reach::Statement(id) => statement::get(&self.lines[id].text, self.inner(id, key)),
            Reach::Table(_) => Some(Found::Table),
            Reach::Elements(_) => Some(Found::Other),
            Reach::Missing(..) => None,
        }
    }

    /// Whether nothing is edited yet: then a line has the number that it has in the text.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn is_as_read(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.all(|line| matches!(line.text, Text::Kept(_)) && !matches!(line.kind, Kind::Gone))
    }

    /// The value at a key path, as a reader of the whole file would see it.
    pub(crate) fn entry(&self, key: &[&str]) -> Result<Option<tree::Entry>> {
        match self.reach(key) {
            Reach::Statement(id) => {
                let text = &self.lines[id].text;
                statement::read(text, self.inner(id, key), |item| {
                    tree::entry(&self.path, key, item, self.lines[id].number)
                })
                .transpose()
            }
            // Its parts may stand anywhere in the file.
            Reach::Table(_) | Reach::Elements(_) => {
                let mut table = tree::parse(&self.path, &self.text())?;
                let (last, path) = key.split_last().unwrap_or((&"", &[]));
                for part in path {
                    match table.remove(*part).map(|entry| entry.node) {
                        Some(tree::Node::Table(inner)) => table = inner,
                        _ => return Ok(None),
                    }
                }
                Ok(table.remove(*last))
            }
            Reach::Missing(..) => Ok(None),
        }
    }

    /// Puts a value at a key path, in the way the file writes such things. Refused, as malformed, where that
    /// would replace a table, or leads through something that is not one.
    pub(crate) fn set(&mut self, key: &[&str], value: &Value) -> Result<()> {
        match self.reach(key) {
            Reach::Statement(id) => {
                let (line, inner) = (&self.lines[id], self.inner(id, key));
                if let Some(Found::Value(old)) = statement::get(&line.text, inner)
                    && old == *value
                {
                    return Ok(());
                }
                let text = statement::set(&line.text, inner, value, self.line_end)
                    .map_err(|what| self.refused(key, id, what))?;
                self.lines[id].text = Text::New(text);
                Ok(())
            }
            Reach::Table(table) => {
                let at = table.header.or(table.last).unwrap_or(ROOT);
                Err(self.refused(key, at, "is a table, not a value"))
            }
            Reach::Elements(id) => Err(self.refused(key, id, "leads to an array of tables")),
            Reach::Missing(table, depth) => {
                let (header, last) = (table.header, table.last);
                self.add(key, depth, header, last, value);
                Ok(())
            }
        }
    }

    /// Takes a key, or a table with all that is in it, away, with the comment directly above and the one
    /// behind; and the tables that this empties, unless somebody has written a comment on them, or in them. Whether there
    /// was one.
    pub(crate) fn unset(&mut self, key: &[&str]) -> Result<bool> {
        let mut is_whole = false;
        let gone = match self.reach(key) {
            Reach::Table(_) if key.is_empty() => return Ok(false),
            Reach::Missing(..) => return Ok(false),
            Reach::Elements(id) => {
                return Err(self.refused(key, id, "leads to an array of tables"));
            }
            Reach::Statement(id) => {
                match statement::unset(&self.lines[id].text, self.inner(id, key), self.line_end) {
                    Left::Unchanged => return Ok(false),
                    Left::Rest(text) => {
                        self.lines[id].text = Text::New(text);
                        return Ok(true);
                    }
                    Left::Braces { text, has_comment }
                        if has_comment || self.stands_under_comment(id) =>
                    {
                        self.lines[id].text = Text::New(text);
                        return Ok(true);
                    }
                    Left::Braces { .. } | Left::Nothing => vec![id],
                }
            }
            Reach::Table(table) => {
                is_whole = true;
                let mut gone = Vec::new();
                if let Err(id) = table.collect(&mut gone) {
                    return Err(self.refused(key, id, "contains an array of tables"));
                }
                self.sort_from_below(&mut gone);
                gone
            }
        };
        for id in gone {
            let header = self.header_of(id);
            let holds_comment = !is_whole && self.stands_over_comment(id);
            self.remove(id);
            let is_kept = holds_comment || self.has_comment(header);
            if header != ROOT && self.is_bare(header) && !is_kept {
                self.remove(header);
            }
        }
        Ok(true)
    }

    /// The text as it is now.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let length: usize = self.ring().map(|id| self.lines[id].text.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(length + 3));
        if self.bom {
            text.push('\u{feff}');
        }
        for id in self.ring() {
            text.push_str(&self.lines[id].text);
        }
        if self.unended && text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        text
    }
}
