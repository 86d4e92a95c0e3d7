//! The value of a line of Rhai, as a person reads it: an array of maps is a table, a text is bare.

use serde_json::{Map, Value as Json};

use crate::render::{Block, Role, Span, visible, width};

/// What a row is called comes first; a map of Rhai's has its keys in alphabetical order.
const NAMES: [&str; 4] = ["name", "registry", "label", "command"];

/// What is shown of a value; nothing for nothing. What does not fit in a cell stands under its label, set in.
pub(super) fn blocks(value: &Json) -> Vec<Block> {
    match value {
        Json::Null => Vec::new(),
        Json::String(text) => vec![Block::Verbatim(visible(text).into_owned())],
        Json::Array(items) if items.is_empty() => vec![Block::line("[]")],
        Json::Object(map) if map.is_empty() => vec![Block::line("#{}")],
        Json::Array(items) => list(items),
        Json::Object(map) => {
            let mut keys = columns(&[map]);
            // What is one line is found sooner before what is many.
            keys.sort_by_key(|key| cell(&map[key]).is_none());
            record(keys.into_iter().map(|key| (key.clone(), &map[&key])))
        }
        other => vec![Block::line(other.to_string())],
    }
}

fn list(items: &[Json]) -> Vec<Block> {
    let rows: Vec<_> = items.iter().filter_map(Json::as_object).collect();
    if rows.len() < items.len() {
        let lines: Option<Vec<String>> = items.iter().map(cell).collect();
        return match lines {
            Some(lines) => lines.into_iter().map(Block::line).collect(),
            // As a script would name them.
            None => record(
                items
                    .iter()
                    .enumerate()
                    .map(|(n, item)| (n.to_string(), item)),
            ),
        };
    }
    if let Some(table) = table(&rows) {
        return vec![table];
    }
    let records = items.iter().map(blocks).collect::<Vec<_>>();
    records.join(&Block::line(""))
}

fn record<'v>(entries: impl Iterator<Item = (String, &'v Json)>) -> Vec<Block> {
    let mut shown = Vec::new();
    for (label, value) in entries {
        match (cell(value), shown.last_mut()) {
            (Some(text), Some(Block::Record(cells))) => cells.push((label, Span::plain(text))),
            (Some(text), _) => shown.push(Block::Record(vec![(label, Span::plain(text))])),
            (None, _) => shown.push(Block::Section(label, blocks(value))),
        }
    }
    shown
}

fn columns(rows: &[&Map<String, Json>]) -> Vec<String> {
    let mut all: Vec<&String> = Vec::new();
    for key in rows.iter().flat_map(|row| row.keys()) {
        if !all.contains(&key) {
            all.push(key);
        }
    }
    let rank = |key: &str| {
        NAMES
            .iter()
            .position(|name| *name == key)
            .unwrap_or(NAMES.len())
    };
    all.sort_by_key(|key| (rank(key), *key));
    all.into_iter().cloned().collect()
}

/// Rows of maps, where each value of theirs fits in a cell.
fn table(rows: &[&Map<String, Json>]) -> Option<Block> {
    let head = columns(rows);
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let value = |key| row.get(key).map_or_else(|| Some(String::new()), cell);
            head.iter().map(value).collect()
        })
        .collect::<Option<_>>()?;
    let widest = |index: &usize| cells.iter().map(|row| width(&row[*index])).max();
    let elastic = (0..head.len()).max_by_key(widest).unwrap_or_default();
    let span = |(index, text): (usize, String)| {
        let role = if index == 0 { Role::Name } else { Role::Plain };
        Span::new(role, text)
    };
    Some(Block::Records {
        rows: cells
            .into_iter()
            .map(|row| row.into_iter().enumerate().map(span).collect())
            .collect(),
        head,
        elastic,
    })
}

/// A value in one line, if it can be read there.
fn cell(value: &Json) -> Option<String> {
    let all = |items: &[Json], between: &str| {
        let cells: Option<Vec<String>> = items.iter().map(cell).collect();
        cells.map(|cells| cells.join(between))
    };
    match value {
        Json::Null => Some(String::new()),
        Json::String(text) => (!text.contains('\n')).then(|| text.clone()),
        Json::Array(items) if items.is_empty() => Some("[]".to_owned()),
        // The words of a provider; several of them.
        Json::Array(items) if items.iter().all(is_word) => all(items, " "),
        Json::Array(items) if items.iter().all(is_words) || items.iter().all(is_short) => {
            all(items, ", ")
        }
        Json::Array(_) => None,
        Json::Object(map) if map.is_empty() => Some("#{}".to_owned()),
        Json::Object(map) => place(map),
        other => Some(other.to_string()),
    }
}

/// A place, as a command answers it.
fn place(map: &Map<String, Json>) -> Option<String> {
    let text = |key: &str| map.get(key).and_then(Json::as_str);
    if let (Some(file), Some(line), 2) = (text("file"), map.get("line"), map.len()) {
        let line = line.as_u64().map(|line| format!(":{line}"));
        return Some(format!("{file}{}", line.unwrap_or_default()));
    }
    let named = ["env", "option", "label"]
        .into_iter()
        .find_map(|key| Some((key, text(key)?)));
    named
        .filter(|_| map.len() == 1)
        .map(|(key, name)| format!("{key} {name}"))
}

fn is_word(value: &Json) -> bool {
    let text = value.as_str();
    text.is_some_and(|text| !text.is_empty() && !text.contains(char::is_whitespace))
}

fn is_words(value: &Json) -> bool {
    value
        .as_array()
        .is_some_and(|words| words.iter().all(is_word))
}

fn is_short(value: &Json) -> bool {
    is_word(value) || value.is_number() || value.is_boolean()
}
