//! What cannot be seen, as text: a value from a file may be a stranger's, and a terminal does what it says.

use std::borrow::Cow;

/// Characters that move the cursor, begin a sequence for the terminal, or turn the order of others around.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text shows all that it says.
pub fn is_visible(text: &str) -> bool {
    !text.contains(is_hidden)
}

/// A text of several lines, in which each character that does something else than stand there is spelt: `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    spelt(text, |c| is_hidden(c) && !matches!(c, '\n' | '\t'))
}

/// The same for a text that is to stay in its line and its column.
pub fn visible_in_line(text: &str) -> Cow<'_, str> {
    spelt(text, is_hidden)
}

fn spelt(text: &str, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_meant) {
        return text.into();
    }
    let mut shown = String::new();
    for c in text.chars() {
        if is_meant(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

/// A JSON document in which they are spelt as JSON does it. They can only stand in its texts.
pub fn visible_json(document: &str) -> String {
    let mut shown = String::new();
    for c in document.chars() {
        if is_hidden(c) && c != '\n' {
            // None of them has more than 16 bits.
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{visible, visible_in_line, visible_json};

    #[test]
    fn what_a_terminal_would_do_is_spelt() {
        let text = "a\u{1b}[31m\u{7}\u{7f}\u{9b}\u{202e}\u{2066}\r\té\n";
        let spelt = "a\\u{1b}[31m\\u{7}\\u{7f}\\u{9b}\\u{202e}\\u{2066}\\u{d}";
        assert_eq!(visible(text), format!("{spelt}\té\n"));
        assert_eq!(visible_in_line(text), format!("{spelt}\\u{{9}}é\\u{{a}}"));
        assert_eq!(visible_json("\"\u{9b}\"\n"), "\"\\u009b\"\n");
    }
}
