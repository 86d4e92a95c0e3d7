//! One TOML statement (`key = value`, with the comment behind it) as text: read it, set or unset within it.
//! `toml_edit` only reads here: it tells where things are, and the text is cut there.
//!
//! Invariant: what is returned differs from what was given only in the value that was meant, and in the
//! commas and blanks that hold it.

use std::fmt::Write as _;
use std::ops::Range;

use toml_edit::{Item, TableLike};
use zeroize::Zeroizing;

use super::cells::Cells;
use super::{Found, Value};

/// What a reader sees at `path`, whose parts are those of the statement's own key first; `read` gets what the
/// parser knows of it.
pub(super) fn read<T>(text: &str, path: &[&str], read: impl FnOnce(&Item) -> T) -> Option<T> {
    let document = toml_edit::Document::parse(text).ok()?;
    at(document.as_item(), path).map(read)
}

/// What is at `path`, likewise.
pub(super) fn get(text: &str, path: &[&str]) -> Option<Found> {
    let document = toml_edit::Document::parse(text).ok()?;
    let item = at(document.as_item(), path)?;
    Some(match item {
        Item::Value(toml_edit::Value::String(text)) => {
            Found::Value(Value::Text(text.value().clone()))
        }
        Item::Value(toml_edit::Value::Array(list)) => {
            let texts: Option<Vec<String>> = list
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect();
            texts.map_or(Found::Other, |texts| Found::Value(Value::List(texts)))
        }
        item if item.is_table_like() => Found::Table,
        _ => Found::Other,
    })
}

/// The statement with `value` at `path`, or what is in the way.
pub(super) fn set(
    text: &str,
    path: &[&str],
    value: &Value,
    line_end: &'static str,
) -> Result<Zeroizing<String>, &'static str> {
    let document = toml_edit::Document::parse(text).map_err(|_| "cannot be read")?;
    let root = document.as_item();
    if let Some(item) = at(root, path) {
        if item.is_table_like() {
            return Err("is a table, not a value");
        }
        let new = match (item, value) {
            (Item::Value(toml_edit::Value::Array(list)), Value::List(new)) => {
                relist(text, list, new, line_end)
            }
            (_, Value::Text(new)) => spell_like(&text[span(item)], new),
            (_, Value::List(_) | Value::Other(_)) => spell(value),
        };
        return Ok(spliced(text, span(item), &new));
    }
    // The innermost braces on the way, and how many parts of the path lead to them and beyond.
    let (mut item, mut depth, mut braces) = (root, 0, None);
    while let Some(inner) = at(item, &path[depth..=depth]) {
        item = inner;
        depth += 1;
        if !item.is_table_like() {
            return Err("leads through a value that is not a table");
        }
        if has_braces(item) {
            braces = Some((item, depth));
        }
    }
    let (braces, outside) = braces.ok_or("leads through a value that is not a table")?;
    let names = &path[outside..=depth];
    let parts = [
        &spell_path(names),
        " = ",
        &nested(&path[depth + 1..], value),
    ];
    let new = Zeroizing::new(parts.concat());
    let mut entries = entries(braces);
    entries.sort_by_key(|(_, end)| *end);
    let mut cells = cells(text, braces, entries.iter().map(|(_, end)| *end), line_end);
    cells.replace(entries.len()..entries.len(), vec![(None, new)]);
    Ok(spliced(text, span(braces), &cells.join()))
}

/// What `unset` leaves of a statement.
pub(super) enum Left {
    /// There was nothing at that path.
    Unchanged,
    /// It was all there was.
    Nothing,
    /// It was all there was between the braces of the statement, which are empty in this text; a comment may be in them
    /// or behind them.
    Braces {
        text: Zeroizing<String>,
        has_comment: bool,
    },
    /// The statement without it.
    Rest(Zeroizing<String>),
}

/// Takes what is at `path` away, with the braces that this empties.
pub(super) fn unset(text: &str, path: &[&str], line_end: &'static str) -> Left {
    let Ok(document) = toml_edit::Document::parse(text) else {
        return Left::Unchanged;
    };
    let root = document.as_item();
    if at(root, path).is_none() {
        return Left::Unchanged;
    }
    let mut left = Left::Nothing;
    for outside in (1..path.len()).rev() {
        let Some(braces) = at(root, &path[..outside]) else {
            continue;
        };
        if !has_braces(braces) {
            continue;
        }
        let mut entries = entries(braces);
        entries.sort_by_key(|(_, end)| *end);
        let goes = |name: &[String]| path[outside..].iter().zip(name).all(|(a, b)| a == b);
        let is_emptied = entries.iter().all(|(name, _)| goes(name));
        let mut cells = cells(text, braces, entries.iter().map(|(_, end)| *end), line_end);
        for (index, (name, _)) in entries.iter().enumerate().rev() {
            if goes(name) {
                cells.replace(index..index + 1, Vec::new());
            }
        }
        let span = span(braces);
        let start = span.start;
        let text = spliced(text, span, &cells.join());
        if !is_emptied {
            return Left::Rest(text);
        }
        let has_comment = text[start..].contains('#');
        left = Left::Braces { text, has_comment };
    }
    left
}

/// How a sibling of this statement begins: everything before part `depth` of its key. And its ` = `.
pub(super) fn manner(text: &str, path: &[&str], depth: usize) -> (String, &'static str) {
    let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
    let mut manner = (text[..indent].to_owned(), " = ");
    let Ok(document) = toml_edit::Document::parse(text) else {
        return manner;
    };
    let key = |depth: usize| {
        let table = at(document.as_item(), &path[..depth])?.as_table_like()?;
        table.key(path[depth])?.span()
    };
    if depth > 0
        && let Some(span) = key(depth)
    {
        text[..span.start].clone_into(&mut manner.0);
    }
    if let (Some(key), Some(value)) = (key(path.len() - 1), at(document.as_item(), path))
        && &text[key.end..span(value).start] == "="
    {
        manner.1 = "=";
    }
    manner
}

/// `{ a = { b = value } }` for the names `a`, `b`; the value itself for none.
pub(super) fn nested(names: &[&str], value: &Value) -> Zeroizing<String> {
    let opening: String = names
        .iter()
        .map(|name| ["{ ", &spell_name(name), " = "].concat())
        .collect();
    let parts = [opening.as_str(), &spell(value), &" }".repeat(names.len())];
    Zeroizing::new(parts.concat())
}

/// A dotted key, as a file would have it.
pub(crate) fn spell_path<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|name| spell_name(name.as_ref())).collect();
    names.join(".")
}

fn spell_name(name: &str) -> String {
    if is_bare(name) {
        return name.to_owned();
    }
    spell_like("", name).to_string()
}

/// A name in the place of another one, in its quotes, unless those were needed for that one only.
pub(super) fn spell_name_like(spelt: &str, old: &str, new: &str) -> String {
    let has_quotes = spelt.starts_with(['"', '\'']);
    if has_quotes && is_bare(old) >= is_bare(new) {
        return spell_like(spelt, new).to_string();
    }
    spell_name(new)
}

/// Whether a name needs no quotes.
fn is_bare(name: &str) -> bool {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().all(bare)
}

/// A value, as a file would have it.
pub(crate) fn spell(value: &Value) -> Zeroizing<String> {
    match value {
        Value::Text(text) => spell_like("", text),
        Value::List(texts) => {
            let mut list = Zeroizing::new("[".to_owned());
            for (index, text) in texts.iter().enumerate() {
                list.push_str(if index == 0 { "" } else { ", " });
                list.push_str(&spell_like("", text));
            }
            list.push(']');
            list
        }
        Value::Other(spelt) => spelt.clone().into(),
    }
}

/// A TOML string in the quotes that `old` has, if it can be said in them. What has backslashes or quotes
/// and no other wish is easier to read in literal ones.
fn spell_like(old: &str, text: &str) -> Zeroizing<String> {
    let literal = !text.contains('\'') && !text.chars().any(char::is_control);
    let wanted = old.starts_with('\'') || (!old.starts_with('"') && text.contains(['"', '\\']));
    let mut spelt = Zeroizing::new(String::with_capacity(6 * text.len() + 6));
    // Several lines were wanted for what there was.
    let is_plain = !text.contains(['"', '\'', '\\'])
        && !text.chars().any(char::is_control)
        && !old.contains('\n');
    let mut triple = ["\"\"\"", "'''"].into_iter();
    if let (Some(quotes), true) = (triple.find(|quotes| old.starts_with(quotes)), is_plain) {
        spelt.push_str(quotes);
        spelt.push_str(text);
        spelt.push_str(quotes);
        return spelt;
    }
    if literal && wanted {
        spelt.push('\'');
        spelt.push_str(text);
        spelt.push('\'');
        return spelt;
    }
    spelt.push('"');
    for c in text.chars() {
        match c {
            '"' => spelt.push_str("\\\""),
            '\\' => spelt.push_str("\\\\"),
            '\n' => spelt.push_str("\\n"),
            '\r' => spelt.push_str("\\r"),
            '\t' => spelt.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(*spelt, "\\u{:04X}", u32::from(c));
            }
            c => spelt.push(c),
        }
    }
    spelt.push('"');
    spelt
}

/// The list with new elements: those that stay keep what is around them, others take over a place.
fn relist(
    text: &str,
    list: &toml_edit::Array,
    new: &[String],
    line_end: &'static str,
) -> Zeroizing<String> {
    let old: Vec<_> = list
        .iter()
        .map(|value| (value.as_str(), value.span().unwrap_or_default()))
        .collect();
    let mut taken = vec![false; old.len()];
    let mut places: Vec<Option<usize>> = new
        .iter()
        .map(|text| {
            let stays = |index: &usize| !taken[*index] && old[*index].0 == Some(text);
            let place = (0..old.len()).find(stays)?;
            taken[place] = true;
            Some(place)
        })
        .collect();
    let mut free = (0..old.len()).filter(|place| !taken[*place]);
    for place in &mut places {
        *place = place.or_else(|| free.next());
    }
    let items = new.iter().zip(&places).map(|(new, place)| {
        let spelt = match place.map(|place| &old[place]) {
            Some((value, span)) if *value == Some(new) => text[span.clone()].to_owned().into(),
            Some((_, span)) => spell_like(&text[span.clone()], new),
            None => spell_like(old.last().map_or("", |(_, span)| &text[span.clone()]), new),
        };
        (*place, spelt)
    });
    let span = list.span().unwrap_or_default();
    let ends: Vec<usize> = old
        .iter()
        .map(|(_, element)| element.end - span.start)
        .collect();
    let mut cells = Cells::cut(&text[span], &ends, line_end);
    cells.replace(0..old.len(), items.collect());
    cells.join()
}

fn cells(
    text: &str,
    braces: &Item,
    ends: impl Iterator<Item = usize>,
    line_end: &'static str,
) -> Cells {
    let span = span(braces);
    let ends: Vec<usize> = ends.map(|end| end - span.start).collect();
    Cells::cut(&text[span], &ends, line_end)
}

/// The entries between these braces, dotted keys as they are written, and where each ends.
fn entries(braces: &Item) -> Vec<(Vec<String>, usize)> {
    fn collect(
        table: &dyn TableLike,
        path: &mut Vec<String>,
        found: &mut Vec<(Vec<String>, usize)>,
    ) {
        for (name, item) in table.iter() {
            path.push(name.to_owned());
            match item.as_table_like() {
                Some(inner) if inner.is_dotted() => collect(inner, path, found),
                _ => found.push((path.clone(), span(item).end)),
            }
            path.pop();
        }
    }
    let mut found = Vec::new();
    if let Some(table) = braces.as_table_like() {
        collect(table, &mut Vec::new(), &mut found);
    }
    found
}

fn at<'a>(item: &'a Item, path: &[&str]) -> Option<&'a Item> {
    path.iter()
        .try_fold(item, |item, name| item.as_table_like()?.get(name))
}

/// An inline table that is written as one, not by dotted keys.
fn has_braces(item: &Item) -> bool {
    item.as_inline_table()
        .is_some_and(|table| !table.is_dotted())
}

fn span(item: &Item) -> Range<usize> {
    item.span().unwrap_or_default()
}

pub(super) fn spliced(text: &str, span: Range<usize>, new: &str) -> Zeroizing<String> {
    let mut spliced = Zeroizing::new(String::with_capacity(text.len() - span.len() + new.len()));
    spliced.push_str(&text[..span.start]);
    spliced.push_str(new);
    spliced.push_str(&text[span.end..]);
    spliced
}
