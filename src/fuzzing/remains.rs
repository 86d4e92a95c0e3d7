//! What a removal leaves: every line that is not of the key, and no new one.

use std::ops::Range;

use toml_edit::{Item, TableLike};

use super::plain::Plain;

/// A statement or header.
struct Mark {
    span: Range<usize>,
    is_value: bool,
    path: Vec<String>,
}

/// The lines of the statements below a key have gone, with the comments directly above them. Headers of tables
/// that this emptied may have gone as well, and blank lines. All others are there, in their order, and no new ones;
/// and no comment has come to stand on something.
pub(super) fn check_lines(
    before: &str,
    after: &str,
    parsed: &toml_edit::Document<&str>,
    key: &[&str],
) {
    let told = || format!("unset {key:?} in\n{before}\nmakes\n{after}");
    let has_bom = |text: &str| text.starts_with('\u{feff}');
    assert_eq!(has_bom(before), has_bom(after), "{}", told());

    let mut marks = Vec::new();
    collect(parsed.as_table(), &mut Vec::new(), &mut marks);
    let lines = with_starts(before);
    let has = |line: usize, is_meant: &dyn Fn(&Mark) -> bool| {
        let (start, text) = lines[line];
        let end = start + text.len();
        let is_in = |span: &Range<usize>| span.start < end && start < span.end;
        marks.iter().any(|mark| is_in(&mark.span) && is_meant(mark))
    };
    // The comments directly above lines that go are theirs.
    let with_comments = |mut go: Vec<bool>| {
        for line in (0..lines.len().saturating_sub(1)).rev() {
            let is_comment = bare(lines[line].1).trim_start().starts_with('#');
            go[line] |= go[line + 1] && is_comment && !has(line, &|_| true);
        }
        go
    };
    let after_plain = Plain::read(after);
    let is_below = |mark: &Mark| key.len() <= mark.path.len() && mark.path[..key.len()] == *key;
    let is_emptied = |mark: &Mark| {
        let path: Vec<&str> = mark.path.iter().map(String::as_str).collect();
        let there = after_plain.as_ref().and_then(|after| after.get(&path));
        key.starts_with(&path) && there.is_none()
    };
    let go = |is_meant: &dyn Fn(&Mark) -> bool| {
        with_comments((0..lines.len()).map(|line| has(line, is_meant)).collect())
    };
    let must_go = go(&|mark| mark.is_value && (is_below(mark) || is_emptied(mark)));
    let may_go = go(&|mark| is_below(mark) || is_emptied(mark));

    let old: Vec<&str> = lines.iter().map(|(_, line)| bare(line)).collect();
    let new: Vec<&str> = with_starts(after.trim_start_matches('\u{feff}'))
        .iter()
        .map(|(_, line)| bare(line))
        .collect();
    let is_kept = |line: &usize| !may_go[*line] && !old[*line].trim().is_empty();
    let kept: Vec<&str> = (0..old.len())
        .filter(is_kept)
        .map(|line| old[line])
        .collect();
    assert!(is_within(&kept, &new), "a line is lost: {}", told());
    assert!(is_within(&new, &old), "a line is new: {}", told());
    let stands_on = |lines: &[&str]| -> Vec<String> {
        let pairs = lines
            .windows(2)
            .filter(|pair| pair[0].trim_start().starts_with('#') && !pair[1].trim().is_empty());
        pairs.map(|pair| pair[0].to_owned()).collect()
    };
    let before_on = stands_on(&old);
    let mut is_apart = stands_on(&new).into_iter();
    let has_texts = before.contains("\"\"\"") || before.contains("'''");
    assert!(
        has_texts || is_apart.all(|comment| before_on.contains(&comment)),
        "a comment stands on something now: {}",
        told()
    );
    let gone = must_go.iter().filter(|goes| **goes).count();
    assert!(new.len() + gone <= old.len(), "a comment stays: {}", told());
}

fn bare(line: &str) -> &str {
    let line = line.trim_start_matches('\u{feff}');
    line.trim_end_matches(['\r', '\n'])
}

fn with_starts(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            at += line.len();
            (at - line.len(), line)
        })
        .collect()
}

/// Whether these are there, in this order.
fn is_within(some: &[&str], all: &[&str]) -> bool {
    let mut all = all.iter();
    some.iter().all(|line| all.any(|other| other == line))
}

fn collect(table: &dyn TableLike, path: &mut Vec<String>, found: &mut Vec<Mark>) {
    for (name, item) in table.iter() {
        path.push(name.to_owned());
        let (span, is_value) = match item {
            Item::Value(value) => {
                let key = table.key(name).and_then(toml_edit::Key::span);
                let end = value.span().unwrap_or_default().end;
                (key.map(|key| key.start..end), true)
            }
            Item::Table(inner) if !inner.is_implicit() && !inner.is_dotted() => {
                (inner.span(), false)
            }
            _ => (None, false),
        };
        let mark = |span| Mark {
            span,
            is_value,
            path: path.clone(),
        };
        found.extend(span.map(mark));
        match item {
            Item::None | Item::Value(_) => {}
            Item::Table(inner) => collect(inner, path, found),
            Item::ArrayOfTables(tables) => {
                for inner in tables {
                    collect(inner, path, found);
                }
            }
        }
        path.pop();
    }
}
