//! What keys do, where that is more than the line editor's own idea: emacs or vi, Up and Down among the lines
//! that begin alike, and taking over what is hinted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::history::History;
use rustyline::{
    Cmd, ConditionalEventHandler, EditMode, Editor, Event, EventContext, EventHandler, Helper,
    InputMode, KeyCode, KeyEvent, Modifiers, RepeatCount,
};

/// The keys of `~/.inputrc`, which most other line editors follow: `set editing-mode vi`, for all programs or
/// between `$if credsh` and `$endif`.
pub(super) fn editing_mode(inputrc: &str) -> EditMode {
    let mut mode = EditMode::Emacs;
    let mut conditions: Vec<bool> = Vec::new();
    for line in inputrc.lines() {
        let line = line.trim().to_ascii_lowercase();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["$if", condition @ ..] => conditions.push(condition == ["credsh"]),
            ["$else"] => {
                if let Some(last) = conditions.last_mut() {
                    *last = !*last;
                }
            }
            ["$endif"] => {
                conditions.pop();
            }
            ["set", "editing-mode", wanted, ..] if conditions.iter().all(|holds| *holds) => {
                mode = if *wanted == "vi" {
                    EditMode::Vi
                } else {
                    EditMode::Emacs
                };
            }
            _ => {}
        }
    }
    mode
}

/// Binds them. The mark says whether the line is one of the history as it stands there.
pub(super) fn bind<H: Helper, I: History>(
    editor: &mut Editor<H, I>,
    mode: EditMode,
    is_recalled: &Arc<AtomicBool>,
) {
    let plain = |code| KeyEvent(code, Modifiers::NONE);
    editor.bind_sequence(KeyEvent::ctrl('L'), EventHandler::Simple(Cmd::ClearScreen));
    // Of vi's keys, Esc is one by itself, and Enter may follow at once.
    let alt_enter = match mode {
        EditMode::Vi => Cmd::AcceptOrInsertLine {
            accept_in_the_middle: true,
        },
        _ => Cmd::Newline,
    };
    editor.bind_sequence(KeyEvent::alt('\r'), EventHandler::Simple(alt_enter));
    for (key, command) in [
        (plain(KeyCode::Up), Cmd::HistorySearchBackward),
        (plain(KeyCode::Down), Cmd::HistorySearchForward),
    ] {
        let is_recalled = Arc::clone(is_recalled);
        let handler = Alike {
            command,
            is_recalled,
        };
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(handler)));
    }
    for key in [
        plain(KeyCode::Right),
        plain(KeyCode::End),
        KeyEvent::ctrl('E'),
        KeyEvent::ctrl('F'),
    ] {
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(Hinted::All)));
    }
    for key in [
        KeyEvent::alt('f'),
        KeyEvent(KeyCode::Right, Modifiers::ALT),
        KeyEvent(KeyCode::Right, Modifiers::CTRL),
    ] {
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(Hinted::Word)));
    }
}

/// Up and Down go through the lines that begin like what was typed; through all of them where nothing was.
struct Alike {
    command: Cmd,
    is_recalled: Arc<AtomicBool>,
}

impl ConditionalEventHandler for Alike {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let (line, cursor) = (context.line(), context.pos());
        let is_plain = cursor == 0
            || line.contains('\n')
            || is_vi_command(context)
            || cursor == line.len() && self.is_recalled.load(Ordering::Relaxed);
        (!is_plain).then(|| self.command.clone())
    }
}

/// At the end of a line, going on takes over what is hinted.
enum Hinted {
    All,
    Word,
}

impl ConditionalEventHandler for Hinted {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        if context.pos() < context.line().len() || is_vi_command(context) {
            return None;
        }
        let hint = context.hint_text()?;
        match self {
            Self::All => Some(Cmd::CompleteHint),
            Self::Word => {
                let blank = hint.len() - hint.trim_start().len();
                let word = hint[blank..].find(char::is_whitespace);
                let end = word.map_or(hint.len(), |word| blank + word);
                Some(Cmd::Insert(1, hint[..end].to_owned()))
            }
        }
    }
}

fn is_vi_command(context: &EventContext<'_>) -> bool {
    context.mode() == EditMode::Vi && context.input_mode() == InputMode::Command
}

#[cfg(test)]
mod tests {
    use super::editing_mode;
    use rustyline::EditMode::{Emacs, Vi};

    #[test]
    fn the_keys_are_those_of_inputrc() {
        for (text, expected) in [
            ("", Emacs),
            ("set editing-mode vi", Vi),
            ("# set editing-mode vi", Emacs),
            ("  SET Editing-Mode vi # mine", Vi),
            ("set editing-mode vi\nset editing-mode emacs", Emacs),
            ("$if bash\nset editing-mode vi\n$endif", Emacs),
            ("$if credsh\nset editing-mode vi\n$endif", Vi),
            (
                "$if bash\nset bell-style none\n$else\nset editing-mode vi\n$endif",
                Vi,
            ),
            ("set keymap vi", Emacs),
        ] {
            assert_eq!(editing_mode(text), expected, "{text:?}");
        }
    }
}
