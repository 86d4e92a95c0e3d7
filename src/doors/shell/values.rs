//! The value of a line of Rhai, as a person reads it: an array of maps is a table, a text is bare.

use serde_json::{Map, Value as Json};

use crate::render::{Block, Role, Span, width};

/// What a row is called comes first; a map of Rhai's has its keys in alphabetical order.
const NAMES: [&str; 4] = ["name", "registry", "label", "command"];

/// What is shown of a value; nothing for nothing.
pub(super) fn blocks(value: &Json) -> Vec<Block> {
    match value {
        Json::Null => Vec::new(),
        Json::String(text) => vec![Block::Verbatim(text.clone())],
        Json::Array(items) if items.is_empty() => vec![Block::line("[]")],
        Json::Object(map) if map.is_empty() => vec![Block::line("#{}")],
        Json::Array(items) => match rows(items) {
            Some(rows) => vec![table(&rows)],
            None => items.iter().map(|item| Block::line(cell(item))).collect(),
        },
        Json::Object(map) => vec![Block::Record(
            columns(&[map])
                .into_iter()
                .map(|key| (key.clone(), Span::plain(cell(&map[&key]))))
                .collect(),
        )],
        other => vec![Block::line(other.to_string())],
    }
}

fn rows(items: &[Json]) -> Option<Vec<&Map<String, Json>>> {
    let rows: Vec<_> = items.iter().filter_map(Json::as_object).collect();
    (rows.len() == items.len() && !rows.is_empty()).then_some(rows)
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

fn table(rows: &[&Map<String, Json>]) -> Block {
    let head = columns(rows);
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let value = |key| row.get(key).map(cell).unwrap_or_default();
            head.iter().map(value).collect()
        })
        .collect();
    let widest = |index: &usize| cells.iter().map(|row| width(&row[*index])).max();
    let elastic = (0..head.len()).max_by_key(widest).unwrap_or_default();
    let span = |(index, text): (usize, String)| {
        let role = if index == 0 { Role::Name } else { Role::Plain };
        Span::new(role, text)
    };
    Block::Records {
        rows: cells
            .into_iter()
            .map(|row| row.into_iter().enumerate().map(span).collect())
            .collect(),
        head,
        elastic,
    }
}

/// A value in one line.
fn cell(value: &Json) -> String {
    let joined = |items: Vec<String>| items.join(", ");
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.replace('\n', "⏎"),
        // The words of a provider.
        Json::Array(words) if !words.is_empty() && words.iter().all(Json::is_string) => {
            words.iter().map(cell).collect::<Vec<_>>().join(" ")
        }
        Json::Array(items) => joined(items.iter().map(cell).collect()),
        Json::Object(map) => match (map.get("file"), map.get("line")) {
            (Some(Json::String(file)), Some(Json::Number(line))) => format!("{file}:{line}"),
            _ => joined(
                map.iter()
                    .map(|(key, value)| (key, cell(value)))
                    .filter(|(_, text)| !text.is_empty())
                    .map(|(key, text)| format!("{key} {text}"))
                    .collect(),
            ),
        },
        other => other.to_string(),
    }
}
