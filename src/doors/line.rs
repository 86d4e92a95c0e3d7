//! Lines of text as a person or a pipe gives them.

/// The lines of a text with their numbers, counted from one: what belongs together is one line. A line that
/// ends in a backslash, or in which a quote stays open, goes on in the next. Comments and blank lines are none.
pub fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let (number, joined) = match open.take() {
            Some((number, before)) => (number, join(&before, line)),
            None if line.trim().is_empty() || line.trim_start().starts_with('#') => continue,
            None => (index + 1, line.to_owned()),
        };
        if is_open(&joined) {
            open = Some((number, joined));
        } else {
            lines.push((number, joined));
        }
    }
    // Still open at the end: the parser says so.
    lines.extend(open);
    lines
}

/// Whether the line goes on: an open quote, or a backslash at its end.
pub fn is_open(line: &str) -> bool {
    let mut quote = None;
    let mut letters = line.chars();
    let mut is_escaped_end = false;
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), '\\') => is_escaped_end = letters.next().is_none(),
            _ => {}
        }
    }
    quote.is_some() || is_escaped_end
}

/// A backslash at the end joins two lines into one; an open quote keeps the line break.
pub fn join(before: &str, next: &str) -> String {
    match before.strip_suffix('\\') {
        Some(before) => format!("{before}{next}"),
        None => format!("{before}\n{next}"),
    }
}

#[cfg(test)]
mod tests {
    use super::logical_lines;

    #[test]
    fn lines_go_on_while_a_quote_is_open_or_a_backslash_ends_them() {
        let check = |text: &str, expected: &[(usize, &str)]| {
            let lines = logical_lines(text);
            let lines: Vec<(usize, &str)> = lines
                .iter()
                .map(|(number, line)| (*number, line.as_str()))
                .collect();
            assert_eq!(lines, expected, "{text:?}");
        };
        check("a\n\n# comment\n  # another\nb", &[(1, "a"), (5, "b")]);
        check("a \\\nb\nc", &[(1, "a b"), (3, "c")]);
        check("a 'x\ny' z\nb", &[(1, "a 'x\ny' z"), (3, "b")]);
        check("a 'never closed", &[(1, "a 'never closed")]);
        check("a \\\\\nb", &[(1, "a \\\\"), (2, "b")]);
    }
}
