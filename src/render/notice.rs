//! What goes to standard error: errors, warnings, notes. A message, its place, and the next step.

use super::lines::broken;
use super::{NARROWEST, Role, Theme, paint, visible, visible_in_line};
use crate::error::Error;

/// An error with everything that there is to say about it.
pub fn error(error: &Error, theme: Theme) -> String {
    let color = theme.color_stderr;
    let mut text = headed(Role::Bad, "error: ", error.message(), theme);
    if let Some(place) = error.place() {
        let (at, place) = (paint(Role::Faint, "at", color), place.to_string());
        text.push_str(&format!("  {at} {}\n", visible_in_line(&place)));
    }
    for cause in error.causes() {
        // A script's line and its caret have their own layout.
        for line in visible(cause).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if let Some(hint) = error.next_step() {
        text.push_str(&self::hint(hint, theme));
    }
    text
}

/// The next step.
pub fn hint(text: &str, theme: Theme) -> String {
    headed(Role::Name, "hint: ", text, theme)
}

/// A warning.
pub fn warning(message: &str, theme: Theme) -> String {
    headed(Role::Doubtful, "warning: ", message, theme)
}

/// A note.
pub fn note(message: &str, theme: Theme) -> String {
    headed(Role::Faint, "note: ", message, theme)
}

/// A message behind the word that says what it is, in lines that fit.
fn headed(role: Role, head: &str, message: &str, theme: Theme) -> String {
    let width = theme.width_stderr.map(|width| width.max(NARROWEST));
    let mut text = String::new();
    for line in visible(message).lines() {
        let whole = if text.is_empty() {
            format!("{head}{line}")
        } else {
            line.to_owned()
        };
        for line in broken(&whole, width) {
            match line.strip_prefix(head) {
                Some(line) if text.is_empty() => {
                    text.push_str(&paint(role, head, theme.color_stderr));
                    text.push_str(line);
                }
                _ => text.push_str(&line),
            }
            text.push('\n');
        }
    }
    text
}
