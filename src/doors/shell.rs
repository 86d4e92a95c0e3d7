//! The interactive shell. Home of `rustyline`.
//!
//! Invariant: nothing that a person types at a hidden prompt goes through the line editor, so it is in no
//! history; a line that does not parse is on no disk.

use std::borrow::Cow;
use std::path::PathBuf;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::history::{FileHistory, History};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Cmd, CompletionType, Config, Context, Editor, EventHandler, Helper, KeyEvent};
use serde_json::Value as Json;

use super::complete::{Names, complete};
use super::script::Interpreter;
use super::{Runner, line};
use crate::cargo::registry::default;
use crate::error::{Error, Kind, Result};
use crate::render::{Role, paint};

/// Words that only a terminal has.
const TERMINAL_WORDS: [(&str, &str); 3] = [
    ("exit", "leave the shell"),
    ("quit", "leave the shell"),
    ("history", "show the lines of this shell"),
];

/// How many lines the history keeps.
const HISTORY_LENGTH: usize = 2_000;

/// A shell on a runner.
pub struct Shell<'a> {
    runner: &'a Runner,
    editor: Editor<Assistant, FileHistory>,
    interpreter: Interpreter,
    history: Option<PathBuf>,
}

enum Next {
    Go(u8),
    Leave,
}

impl<'a> Shell<'a> {
    /// Opens it; the history is read from its file, if it has one.
    pub fn new(runner: &'a Runner, history: Option<PathBuf>) -> Result<Self> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .history_ignore_space(true)
            .auto_add_history(false)
            .bracketed_paste(true)
            .build();
        let config_error =
            |error: ReadlineError| Error::failed("cannot use this terminal").because(error);
        let history_store = FileHistory::with_config(&config);
        let mut editor = Editor::with_history(config, history_store).map_err(config_error)?;
        let _ = editor.history_mut().set_max_len(HISTORY_LENGTH);
        let color = runner.session.borrow().theme.color;
        editor.set_helper(Some(Assistant {
            tree: runner.grammar.borrow().tree().clone(),
            names: Names::default(),
            hinter: HistoryHinter::new(),
            color,
        }));
        editor.bind_sequence(KeyEvent::ctrl('L'), EventHandler::Simple(Cmd::ClearScreen));
        editor.bind_sequence(KeyEvent::alt('\r'), EventHandler::Simple(Cmd::Newline));
        if let Some(file) = &history {
            // No history yet is none to read.
            let _ = editor.load_history(file);
        }
        Ok(Self {
            runner,
            editor,
            interpreter: Interpreter::new(runner, None),
            history,
        })
    }

    /// Runs `rc.rhai`; an error in it is shown, and the shell starts.
    pub fn run_rc(&mut self, file: &std::path::Path) -> Result<()> {
        if file.exists()
            && let Err(error) = self.interpreter.run_file(file)
        {
            self.runner.show_error(&error)?;
        }
        Ok(())
    }

    /// Reads and runs lines until the person leaves. The answer is the status of the last line.
    pub fn run(&mut self) -> Result<u8> {
        let mut status = 0;
        loop {
            let prompt = self.prepare();
            match self.editor.readline(&prompt) {
                Ok(text) => match self.run_text(&text)? {
                    Next::Go(ended) => status = ended,
                    Next::Leave => return Ok(status),
                },
                // Ctrl-C clears the line.
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(status),
                Err(error) => return Err(Error::failed("cannot read the line").because(error)),
            }
        }
    }

    /// Looks at the disk again, so that prompt and completion are of now.
    fn prepare(&mut self) -> String {
        let mut session = self.runner.session.borrow_mut();
        session.refresh();
        let names = Names::of(&mut session);
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.names = names;
        }
        let name = session
            .config()
            .ok()
            .and_then(|config| default(config).ok().flatten());
        match name {
            Some(found) => format!("credsh[{}]> ", found.value),
            None => "credsh> ".to_owned(),
        }
    }

    fn run_text(&mut self, text: &str) -> Result<Next> {
        let mut status = 0;
        for (_, text) in line::logical_lines(text) {
            match self.run_line(&text) {
                Ok(Next::Leave) => return Ok(Next::Leave),
                Ok(Next::Go(ended)) => {
                    self.remember(&text, true);
                    status = ended;
                }
                Err(error) => {
                    // What does not parse may be a token that was pasted at the wrong place.
                    self.remember(&text, error.kind() != Kind::Usage);
                    self.runner.show_error(&error)?;
                    status = error.kind().exit_status();
                }
            }
        }
        Ok(Next::Go(status))
    }

    fn run_line(&mut self, text: &str) -> Result<Next> {
        let first = text.split_whitespace().next().unwrap_or_default();
        match first {
            "exit" | "quit" => return Ok(Next::Leave),
            "history" => {
                let lines: Vec<String> = self.editor.history().iter().cloned().collect();
                self.runner.print(&lines.join("\n"))?;
                return Ok(Next::Go(0));
            }
            _ => {}
        }
        let is_command = {
            let grammar = self.runner.grammar.borrow();
            let tree = grammar.tree();
            first.starts_with('-') || tree.find_subcommand(first).is_some()
        };
        if is_command && !is_call(text) {
            return self.runner.run_line(text).map(Next::Go);
        }
        if looks_like_word(text) {
            return Err(self.unknown_command(first));
        }
        let value = self.interpreter.run_prompt_line(text)?;
        self.show(&value)?;
        Ok(Next::Go(0))
    }

    fn unknown_command(&self, word: &str) -> Error {
        let grammar = self.runner.grammar.borrow();
        let names: Vec<&str> = grammar
            .tree()
            .get_subcommands()
            .map(clap::Command::get_name)
            .chain(TERMINAL_WORDS.iter().map(|(word, _)| *word))
            .collect();
        let error = Error::usage("there is no such command or function");
        match crate::error::nearest(word, &names) {
            Some(known) => error.hint(format!("did you mean `{known}`?")),
            None => error.hint("`help` lists the commands"),
        }
    }

    /// A value bare, and nothing for nothing.
    fn show(&self, value: &Json) -> Result<()> {
        match value {
            Json::Null => Ok(()),
            Json::String(text) => self.runner.print(text),
            Json::Array(_) | Json::Object(_) => self
                .runner
                .print(&serde_json::to_string_pretty(value).unwrap_or_default()),
            other => self.runner.print(&other.to_string()),
        }
    }

    /// Keeps a line for Up, and on disk if it may be there.
    fn remember(&mut self, text: &str, on_disk: bool) {
        if !matches!(self.editor.add_history_entry(text), Ok(true)) || !on_disk {
            return;
        }
        let Some(file) = self.history.clone() else {
            return;
        };
        // A shell without its history still works, so this is only told.
        if let Err(error) = append(&file, text) {
            self.runner
                .session
                .borrow_mut()
                .warn(&format!("the history cannot be written: {error}"));
            self.history = None;
        }
    }
}

/// Adds a line to the history file, which only its owner may read. The format is `rustyline`'s.
fn append(file: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut history = options.open(file)?;
    if history.metadata()?.len() == 0 {
        history.write_all(b"#V2\n")?;
    }
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    history.write_all(format!("{text}\n").as_bytes())
}

/// `login("corp")` is a script's call, `login corp` a command.
fn is_call(text: &str) -> bool {
    let name_end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        .unwrap_or(text.len());
    text[name_end..].starts_with('(') || text[..name_end].contains("::")
}

/// Words without anything of a language between them: rather a misspelt command than a script.
fn looks_like_word(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let is_word = |word: &str| {
        word.chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let is_keyword = matches!(
        first,
        "let"
            | "const"
            | "if"
            | "for"
            | "while"
            | "loop"
            | "do"
            | "fn"
            | "print"
            | "throw"
            | "try"
            | "return"
            | "true"
            | "false"
    );
    let is_number = first.chars().all(|c| c.is_ascii_digit());
    let second = words.next();
    is_word(first)
        && !is_keyword
        && !is_number
        && second
            .is_some_and(|second| second.starts_with('-') && second.len() > 1 || is_word(second))
}

/// What helps while typing.
struct Assistant {
    tree: clap::Command,
    names: Names,
    hinter: HistoryHinter,
    color: bool,
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, mut candidates) = complete(&self.tree, &self.names, line, cursor);
        if start == 0 {
            candidates.extend(
                TERMINAL_WORDS
                    .iter()
                    .filter(|(word, _)| word.starts_with(&line[..cursor]))
                    .map(|(word, about)| super::complete::Candidate {
                        text: (*word).to_owned(),
                        about: Some((*about).to_owned()),
                    }),
            );
        }
        let is_only_one = candidates.len() == 1;
        let pairs = candidates.into_iter().map(|candidate| {
            // After a source's kind and after a folder the word goes on.
            let goes_on = candidate.text.ends_with([':', '/', '=']);
            let space = if is_only_one && !goes_on { " " } else { "" };
            Pair {
                display: candidate.text.clone(),
                replacement: format!("{}{space}", candidate.text),
            }
        });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for Assistant {
    type Hint = String;

    fn hint(&self, line: &str, cursor: usize, context: &Context<'_>) -> Option<String> {
        if line.trim().is_empty() {
            None
        } else {
            self.hinter.hint(line, cursor, context)
        }
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _cursor: usize) -> Cow<'l, str> {
        if !self.color || is_call(line) {
            return Cow::Borrowed(line);
        }
        Cow::Owned(highlighted(&self.tree, line))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(paint(Role::Faint, hint, self.color))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.color
    }
}

/// A line with its commands and options painted; a first word that is no command is red.
fn highlighted(tree: &clap::Command, line: &str) -> String {
    let mut shown = String::new();
    let mut command = Some(tree);
    let mut is_first = true;
    for piece in line.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let child = command.and_then(|command| command.find_subcommand(word));
        let role = if word.starts_with('-') {
            Role::Label
        } else if child.is_some() {
            Role::Name
        } else if is_first
            && piece.len() > word.len()
            && !TERMINAL_WORDS.iter().any(|(known, _)| *known == word)
            && looks_like_word(line)
        {
            Role::Bad
        } else {
            Role::Plain
        };
        if !word.is_empty() {
            is_first = false;
            if !word.starts_with('-') {
                command = child;
            }
        }
        shown.push_str(&paint(role, word, true));
        shown.push_str(&piece[word.len()..]);
    }
    shown
}

impl Validator for Assistant {
    /// An open quote or bracket, or a backslash at the end, goes on in the next line; two empty lines end it.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        let is_given_up = text.ends_with("\n\n");
        let goes_on = line::is_open(text)
            || (is_call(text) || !looks_like_word(text)) && has_open_bracket(text);
        Ok(if goes_on && !is_given_up {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

fn has_open_bracket(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}
