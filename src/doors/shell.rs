//! The interactive shell. Home of `rustyline`.
//!
//! Invariant: nothing that a person types at a hidden prompt goes through the line editor, so it is in no
//! history; a line that does not parse is on no disk.

use std::path::{Path, PathBuf};

use rustyline::error::ReadlineError;
use rustyline::{CompletionType, Config, Editor};

use self::assistant::Assistant;
use self::history::{Lines, Log};
use self::record::Recorder;
use self::unknown::is_name;
use super::Runner;
use super::complete::{Names, ScriptNames};
use super::language::{self, Language, pieces, places};
use super::script::{Interpreter, PROMPT};
use crate::cargo::registry::default;
use crate::commands::grammar::Parsed;
use crate::commands::terminal::{self, Record, TerminalCommand};
use crate::error::{Error, Kind, Place, Result};
use crate::render::visible_in_line;
use crate::world::{Held, World};

mod assistant;
mod history;
mod keys;
mod outside;
mod paint;
mod plain;
pub mod record;
mod together;
mod unknown;
mod values;

/// A shell on a runner.
pub struct Shell<'a> {
    runner: &'a Runner,
    /// The table, and the words that only a terminal has.
    tree: clap::Command,
    editor: Editor<Assistant, Lines>,
    config: Config,
    interpreter: Interpreter,
    /// The lines that are on disk; those that Up finds are the editor's.
    log: Option<Log>,
    recorder: Option<Recorder>,
    /// The exit status of the last line.
    status: u8,
    /// Whether something has failed since the transaction was opened.
    has_failed: bool,
    /// Whether what ran has asked the person something.
    has_asked: bool,
    /// Ctrl-C interrupts what runs, never the shell.
    _held: Held,
}

enum Next {
    Go(u8),
    /// With this exit status, or that of the last line.
    Leave(Option<u8>),
}

impl<'a> Shell<'a> {
    /// Opens it; the history is read from its file, if it has one.
    pub fn new(runner: &'a Runner, history: Option<PathBuf>) -> Result<Self> {
        let (theme, inputrc) = {
            let session = runner.session.borrow();
            (session.theme, inputrc(&session.world))
        };
        let config = Config::builder()
            .max_history_size(history::LENGTH)
            .and_then(|builder| builder.history_ignore_dups(true))
            .map_err(unusable)?
            .history_ignore_space(true)
            .auto_add_history(false)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .edit_mode(keys::editing_mode(&inputrc))
            .bracketed_paste(true)
            .build();
        let lines = Lines::new(&config);
        let tree = terminal::tree()
            .get_subcommands()
            .fold(runner.grammar.borrow().tree().clone(), |tree, child| {
                tree.subcommand(child.clone())
            });
        let assistant = Assistant::new(tree.clone(), lines.hidden.clone(), theme.color);
        let editor = editor(&config, lines, assistant)?;
        runner.session.borrow().world.interrupts.wake_at_the_end();
        let mut shell = Self {
            _held: runner.session.borrow().world.interrupts.hold(),
            runner,
            tree,
            editor,
            config: config.clone(),
            interpreter: Interpreter::new(runner, None),
            log: None,
            recorder: None,
            status: 0,
            has_failed: false,
            has_asked: false,
        };
        match history.map(|file| Log::open(file, &config)) {
            None => {}
            Some(Ok(log)) => {
                for line in log.iter() {
                    let _ = shell.editor.add_history_entry(line);
                }
                shell.log = Some(log);
            }
            Some(Err(reason)) => shell.warn_of_history(&reason),
        }
        Ok(shell)
    }

    /// Runs `rc.rhai`; an error in it is shown, and the shell starts.
    pub fn run_rc(&mut self, file: &Path) {
        if file.exists()
            && let Err(error) = self.interpreter.run_file(file)
        {
            self.runner.show_error(&error);
        }
    }

    /// Reads and runs lines until the person leaves. The answer is the status of the last line.
    pub fn run(&mut self) -> Result<u8> {
        let status = self.run_lines();
        // What was recorded so far is worth more than nothing.
        if self.recorder.is_some()
            && let Err(error) = self.stop_recording()
        {
            self.runner.show_error(&error);
        }
        status
    }

    fn run_lines(&mut self) -> Result<u8> {
        let interrupts = self.runner.session.borrow().world.interrupts.clone();
        loop {
            // Nobody is there to be asked any more, and every line that has run is on disk.
            if let Some(ended) = interrupts.ended() {
                return Ok(ended);
            }
            self.note_questions();
            if std::mem::take(&mut self.has_asked) || interrupts.is_pressed() {
                self.drop_typed_ahead()?;
            }
            let prompt = self.prepare();
            match self.read(&prompt) {
                Err(_) if interrupts.ended().is_some() => {}
                Ok(text) => {
                    if self.run_text(&text) && self.may_leave() {
                        return Ok(self.status);
                    }
                }
                Err(ReadlineError::Eof) if self.may_leave() => return Ok(self.status),
                // Ctrl-C clears the line.
                Err(ReadlineError::Interrupted | ReadlineError::Eof) => {}
                Err(error) => return Err(Error::failed("cannot read the line").because(error)),
            }
        }
    }

    fn note_questions(&mut self) {
        self.has_asked |= self.runner.session.borrow_mut().world.prompt.has_asked();
    }

    /// Forgets what the editor has read behind the last line. It may be an answer that was typed before its question,
    /// a secret then; and Ctrl-C is for all that was typed until then. An editor has no other way than to be a new one.
    fn drop_typed_ahead(&mut self) -> Result<()> {
        let lines = std::mem::take(self.editor.history_mut());
        let color = self.runner.session.borrow().theme.color;
        let assistant = Assistant::new(self.tree.clone(), lines.hidden.clone(), color);
        self.editor = editor(&self.config, lines, assistant)?;
        Ok(())
    }

    /// What is entered next, at a terminal that has an editor or at one that has none.
    fn read(&mut self, prompt: &str) -> rustyline::Result<String> {
        let mut session = self.runner.session.borrow_mut();
        if !plain::is_plain(&session.world) {
            drop(session);
            return self.editor.readline(prompt);
        }
        let assistant = self.editor.helper();
        plain::read(&mut session.world, prompt, |text| {
            assistant.is_some_and(|assistant| assistant.goes_on(text))
        })
    }

    /// Whether nothing is lost by leaving, or it may be.
    fn may_leave(&self) -> bool {
        let mut session = self.runner.session.borrow_mut();
        let question = "the transaction has changes that are not written; leave without them?";
        // What ran before has had its Ctrl-C.
        session.world.interrupts.forget();
        !session.has_changes()
            || session.confirm(question).unwrap_or_else(|error| {
                // Where nobody can be asked any more, nobody can stay either; Ctrl-C is no wish to leave.
                error.kind() != Kind::Interrupted || session.world.interrupts.ended().is_some()
            })
    }

    /// Looks at the disk again, so that prompt and completion are of now.
    fn prepare(&mut self) -> String {
        // The window may have another size by now.
        let columns = self
            .editor
            .dimensions()
            .map(|(columns, _)| usize::from(columns));
        let mut session = self.runner.session.borrow_mut();
        session.refresh();
        session.theme.width = session.theme.width.and(columns);
        session.theme.width_stderr = session.theme.width_stderr.and(columns);
        let mut names = Names::of(&mut session);
        names.script = Some(ScriptNames {
            all: self.interpreter.names(),
            members: self.interpreter.members(),
        });
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.names = names;
            assistant.columns = columns.unwrap_or(assistant.columns);
        }
        let name = session
            .config()
            .ok()
            .and_then(|config| default(config).ok().flatten());
        self.has_failed &= session.depth() > 0;
        let name = name
            .map(|found| format!("[{}]", visible_in_line(&found.value)))
            .unwrap_or_default();
        let changed = if session.has_changes() { "*" } else { "" };
        let failed = if self.has_failed { "!" } else { "" };
        format!("credsh{name}{changed}{failed}> ")
    }

    /// Runs what was entered, piece by piece, and remembers it as the one thing that it was. The answer is whether it
    /// wants to leave.
    fn run_text(&mut self, text: &str) -> bool {
        let interrupts = self.runner.session.borrow().world.interrupts.clone();
        interrupts.forget();
        let pieces = pieces(&self.tree, text);
        let mut understood = Vec::new();
        let mut leaves = false;
        let starts = places(&self.tree, text);
        let line_of = |index: usize| {
            let start = starts.get(index).map_or(0, |place| place.start);
            text[..start].lines().count()
        };
        for (index, piece) in pieces.iter().enumerate() {
            let error = match self.run_piece(piece, line_of(index)) {
                Ok(next) => {
                    understood.push(piece.as_str());
                    match next {
                        Next::Go(status) => {
                            self.status = status;
                            continue;
                        }
                        Next::Leave(status) => {
                            self.status = status.unwrap_or(self.status);
                            leaves = true;
                            break;
                        }
                    }
                }
                // Whatever it says, this is why.
                Err(error) => error.if_interrupted(interrupts.is_pressed()),
            };
            let error = match pieces.len() {
                1 => error,
                _ => in_line(error, line_of(index) + 1),
            };
            // What does not parse may be a token that was pasted at the wrong place.
            if error.kind() != Kind::Usage {
                understood.push(piece);
            }
            self.has_failed |= self.runner.session.borrow().depth() > 0;
            self.note_questions();
            // The terminal has shown the key itself; a question ends its line by itself.
            if error.kind() == Kind::Interrupted && interrupts.is_pressed() && !self.has_asked {
                self.runner.session.borrow().world.stderr.breaks_the_line();
            }
            self.runner.show_error(&error);
            self.status = error.kind().exit_status();
            if error.kind() == Kind::Interrupted {
                break;
            }
        }
        understood.retain(|piece| !history::spells_token(piece));
        let on_disk = if understood.len() == pieces.len() && !history::spells_token(text) {
            text.to_owned()
        } else {
            // What was not reached did not parse either.
            understood.join("\n")
        };
        self.remember(text, &on_disk);
        leaves
    }

    /// Runs one, behind so many lines that were entered with it.
    fn run_piece(&mut self, text: &str, before: usize) -> Result<Next> {
        if text.trim() == "?" {
            return self.runner.run_line("help").map(Next::Go);
        }
        match language::of(&self.tree, text) {
            Language::Unknown => Err(self.unknown(text)),
            Language::Outside => self.run_outside(text).map(Next::Go),
            Language::Command => {
                let words = crate::words::split(text)?;
                let first = words.first().map(String::as_str).unwrap_or_default();
                if terminal::WORDS.contains(&first) {
                    return self.run_terminal(&words);
                }
                self.runner.run_line(text).map(Next::Go)
            }
            Language::Rhai if is_name(text) && !self.is_known(text.trim()) => {
                Err(self.unknown(text))
            }
            Language::Rhai => match self.run_rhai(text, before) {
                // What Rhai says of `cat file.txt` helps nobody.
                Err(error) if error.kind() == Kind::Usage && self.looks_foreign(text) => {
                    Err(self.unknown(text))
                }
                ended => ended,
            },
        }
    }

    /// What the shell does about itself.
    fn run_terminal(&mut self, words: &[String]) -> Result<Next> {
        let command = match TerminalCommand::parse(words)? {
            Parsed::Text(text) => return self.runner.print_help(&text).map(|()| Next::Go(0)),
            Parsed::Words(command) => command,
        };
        match command {
            TerminalCommand::Exit | TerminalCommand::Quit => return Ok(Next::Leave(None)),
            TerminalCommand::History => {
                let lines: Vec<&str> = self.editor.history().shown().collect();
                self.runner.print(&lines.join("\n"))?;
            }
            TerminalCommand::Record(Record {
                file: Some(file), ..
            }) => self.record(&file)?,
            TerminalCommand::Record(_) => self.stop_recording()?,
        }
        Ok(Next::Go(0))
    }

    fn record(&mut self, file: &Path) -> Result<()> {
        if let Some(recorder) = &self.recorder {
            return Err(Error::failed("this session is being recorded already")
                .at(Place::file(recorder.file()))
                .hint("`record --stop` ends it and writes the script"));
        }
        let recorder = Recorder::begin(self.runner, file)?;
        let note = format!(
            "what is committed from here on goes into `{}`, at `record --stop`",
            recorder.file().display()
        );
        self.recorder = Some(recorder);
        self.runner.session.borrow_mut().note(&note);
        Ok(())
    }

    fn stop_recording(&mut self) -> Result<()> {
        let recorder = self.recorder.as_ref().ok_or_else(|| {
            Error::failed("nothing is being recorded").hint("`record FILE` begins it")
        })?;
        let written = recorder.stop(self.runner)?;
        self.recorder = None;
        let mut session = self.runner.session.borrow_mut();
        if session.has_changes() {
            session.note(
                "what the open transaction has changed is not in it; only a commit is recorded",
            );
        }
        for missing in &written.missing {
            session.warn(&format!("the script lacks {missing}"));
        }
        let calls = match written.calls {
            1 => "1 call".to_owned(),
            count => format!("{count} calls"),
        };
        session.note(&format!("wrote {calls} to `{}`", written.file.display()));
        Ok(())
    }

    fn run_outside(&self, text: &str) -> Result<u8> {
        let interrupts = self.runner.session.borrow().world.interrupts.clone();
        let ended = outside::run(&self.runner.session.borrow().world, text);
        // Ctrl-C was for what ran there.
        interrupts.forget();
        let (status, said) = outside::told(ended?);
        if let Some(said) = said {
            self.runner.session.borrow_mut().note(&said);
        }
        Ok(status)
    }

    /// Keeps what was entered for Up, and on disk what may be there of it.
    fn remember(&mut self, text: &str, on_disk: &str) {
        let hidden = &self.editor.history().hidden;
        hidden.set(text, on_disk != text);
        if !matches!(self.editor.add_history_entry(text), Ok(true)) || on_disk.is_empty() {
            return;
        }
        if let Some(Err(reason)) = self.log.as_mut().map(|log| log.add(on_disk)) {
            self.warn_of_history(&reason);
            self.log = None;
        }
    }

    /// A shell without its history still works, so this is only told.
    fn warn_of_history(&self, reason: &str) {
        let warning = format!("the history is not kept: {reason}");
        self.runner.session.borrow_mut().warn(&warning);
    }
}

/// A line editor that has read nothing yet.
fn editor(config: &Config, lines: Lines, assistant: Assistant) -> Result<Editor<Assistant, Lines>> {
    let mut editor = Editor::with_history(config.clone(), lines).map_err(unusable)?;
    keys::bind(&mut editor, config.edit_mode(), &assistant.is_recalled);
    editor.set_helper(Some(assistant));
    Ok(editor)
}

fn unusable(error: ReadlineError) -> Error {
    Error::failed("cannot use this terminal").because(error)
}

/// What the line editors of this person's other programs follow; nothing, where there is none.
fn inputrc(world: &World) -> String {
    let named = world.env.non_empty("INPUTRC").map(PathBuf::from);
    let file = named.or_else(|| Some(world.user_home.as_ref()?.join(".inputrc")));
    file.and_then(|file| std::fs::read_to_string(file).ok())
        .unwrap_or_default()
}

/// An error of one of several lines that were entered at once; a script knows its line already.
fn in_line(error: Error, number: usize) -> Error {
    let is_at_prompt = |place: &Place| place.to_string().starts_with(PROMPT);
    if error.kind() == Kind::Interrupted || error.place().is_some_and(is_at_prompt) {
        return error;
    }
    error.called_at(Place::line(PROMPT, number))
}
