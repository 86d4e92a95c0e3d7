//! What goes to standard error: errors, warnings, notes. A message, its place, and the next step.

use super::{Role, Theme, paint};
use crate::error::Error;

/// An error with everything that there is to say about it.
pub fn error(error: &Error, theme: Theme) -> String {
    let color = theme.color_stderr;
    let mut text = format!(
        "{}{}\n",
        paint(Role::Bad, "error: ", color),
        error.message()
    );
    if let Some(place) = error.place() {
        text.push_str(&format!("  {} {place}\n", paint(Role::Faint, "at", color)));
    }
    for cause in error.causes() {
        // A script's line and its caret have their own layout.
        for line in cause.lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if let Some(hint) = error.next_step() {
        text.push_str(&format!("{}{hint}\n", paint(Role::Name, "hint: ", color)));
    }
    text
}

/// A warning.
pub fn warning(message: &str, theme: Theme) -> String {
    format!(
        "{}{message}\n",
        paint(Role::Doubtful, "warning: ", theme.color_stderr)
    )
}

/// A note.
pub fn note(message: &str, theme: Theme) -> String {
    format!(
        "{}{message}\n",
        paint(Role::Faint, "note: ", theme.color_stderr)
    )
}
