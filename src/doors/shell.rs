//! The interactive shell. Home of `rustyline`.
//!
//! Invariant: nothing that a person types at a hidden prompt goes through the line editor, so it is in no
//! history; a line that does not parse is on no disk.

use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History};
use rustyline::{Cmd, CompletionType, Config, Editor, EventHandler, KeyEvent};
use serde_json::Value as Json;

use self::assistant::Assistant;
use self::unit::{Language, language, pieces};
use super::Runner;
use super::complete::Names;
use super::script::Interpreter;
use crate::cargo::registry::default;
use crate::error::{Error, Kind, Result};
use crate::token::looks_like_token;
use crate::world::Held;

mod assistant;
mod unit;

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
    /// The table, and the words that only a terminal has.
    tree: clap::Command,
    editor: Editor<Assistant, FileHistory>,
    interpreter: Interpreter,
    history: Option<PathBuf>,
    /// Whether something has failed since the transaction was opened.
    has_failed: bool,
    /// Ctrl-C interrupts what runs, never the shell.
    _held: Held,
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
        let tree = with_terminal_words(runner.grammar.borrow().tree());
        let (color, held) = {
            let session = runner.session.borrow();
            (session.theme.color, session.world.interrupts.hold())
        };
        editor.set_helper(Some(Assistant::new(tree.clone(), color)));
        editor.bind_sequence(KeyEvent::ctrl('L'), EventHandler::Simple(Cmd::ClearScreen));
        editor.bind_sequence(KeyEvent::alt('\r'), EventHandler::Simple(Cmd::Newline));
        if let Some(file) = &history {
            // No history yet is none to read.
            let _ = editor.load_history(file);
        }
        Ok(Self {
            runner,
            tree,
            editor,
            interpreter: Interpreter::new(runner, None),
            history,
            has_failed: false,
            _held: held,
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
                    Next::Leave if self.may_leave() => return Ok(status),
                    Next::Leave => {}
                },
                Err(ReadlineError::Eof) if self.may_leave() => return Ok(status),
                // Ctrl-C clears the line.
                Err(ReadlineError::Interrupted | ReadlineError::Eof) => {}
                Err(error) => return Err(Error::failed("cannot read the line").because(error)),
            }
        }
    }

    /// Whether nothing is lost by leaving, or it may be.
    fn may_leave(&self) -> bool {
        let mut session = self.runner.session.borrow_mut();
        let question = "the transaction has changes that are not written; leave without them?";
        // Where nobody can be asked any more, nobody can stay either.
        !session.has_changes() || session.confirm(question).unwrap_or(true)
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
        self.has_failed &= session.depth() > 0;
        let name = name
            .map(|found| format!("[{}]", found.value))
            .unwrap_or_default();
        let changed = if session.has_changes() { "*" } else { "" };
        let failed = if self.has_failed { "!" } else { "" };
        format!("credsh{name}{changed}{failed}> ")
    }

    /// Runs what was entered, piece by piece, and remembers it as the one thing that it was.
    fn run_text(&mut self, text: &str) -> Result<Next> {
        let interrupts = self.runner.session.borrow().world.interrupts.clone();
        interrupts.forget();
        let mut status = 0;
        // What does not parse may be a token that was pasted at the wrong place.
        let mut is_understood = true;
        for piece in pieces(&self.tree, text) {
            let ended = self.run_piece(&piece);
            let error = match ended {
                Ok(Next::Go(ended)) => {
                    status = ended;
                    continue;
                }
                Ok(Next::Leave) => return Ok(Next::Leave),
                // Whatever it says, this is why.
                Err(_) if interrupts.is_pressed() => Error::interrupted(),
                Err(error) => error,
            };
            is_understood &= error.kind() != Kind::Usage;
            self.has_failed |= self.runner.session.borrow().depth() > 0;
            self.runner.show_error(&error)?;
            status = error.kind().exit_status();
            if error.kind() == Kind::Interrupted {
                break;
            }
        }
        self.remember(text, is_understood);
        Ok(Next::Go(status))
    }

    fn run_piece(&mut self, text: &str) -> Result<Next> {
        match language(&self.tree, text) {
            Language::Unknown => Err(self.unknown(text)),
            Language::Command => match text.split_whitespace().next().unwrap_or_default() {
                "exit" | "quit" => Ok(Next::Leave),
                "history" => {
                    let lines: Vec<String> = self.editor.history().iter().cloned().collect();
                    self.runner.print(&lines.join("\n"))?;
                    Ok(Next::Go(0))
                }
                _ => {
                    let status = self.runner.run_line(text)?;
                    if text.trim() == "help" {
                        self.runner.print(&terminal_help())?;
                    }
                    Ok(Next::Go(status))
                }
            },
            Language::Rhai
                if is_name(text)
                    && !self
                        .interpreter
                        .names()
                        .iter()
                        .any(|name| name == text.trim()) =>
            {
                Err(self.unknown(text))
            }
            Language::Rhai => match self.interpreter.run_prompt_line(text)? {
                Some(value) => self.show(&value).map(|()| Next::Go(0)),
                None => Ok(Next::Leave),
            },
        }
    }

    /// The first word means nothing. It is not repeated, because it may be a token.
    fn unknown(&self, text: &str) -> Error {
        let word = text.split_whitespace().next().unwrap_or_default();
        let own = self.interpreter.names();
        let names: Vec<&str> = self
            .tree
            .get_subcommands()
            .map(clap::Command::get_name)
            .chain(own.iter().map(String::as_str))
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
        let on_disk = on_disk && !spells_token(text);
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

/// Whether a word of the line is rather a token.
fn spells_token(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
    words.any(|word| looks_like_token(word) && !word.starts_with("cargo-credential-"))
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
    #[cfg(unix)]
    history.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    if history.metadata()?.len() == 0 {
        history.write_all(b"#V2\n")?;
    }
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    history.write_all(format!("{text}\n").as_bytes())
}

/// One word that could be a name, and nothing else.
fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(text, "true" | "false")
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The table and what only a terminal has, so that Tab, colours and "did you mean" know one tree.
fn with_terminal_words(tree: &clap::Command) -> clap::Command {
    TERMINAL_WORDS
        .iter()
        .fold(tree.clone(), |tree, (word, about)| {
            tree.subcommand(clap::Command::new(*word).about(*about))
        })
}

/// What `help` cannot know, because only a terminal has it.
fn terminal_help() -> String {
    let words: Vec<&str> = TERMINAL_WORDS.iter().map(|(word, _)| *word).collect();
    format!(
        "Here also: {}. Tab completes, Ctrl-D leaves; what is no command is Rhai: `1 + 2`",
        words.join(", ")
    )
}
