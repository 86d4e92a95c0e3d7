//! How words come in and answers go out. No door knows a command by name.
//!
//! [`Runner`] is what all doors share: it performs a command in the session's transaction, commits where
//! nobody has opened a longer one, and shows what came of it.

pub mod complete;
pub mod language;
pub mod line;
mod performed;
pub mod plugin;
mod report;
pub mod script;
pub mod shell;
pub mod tab;

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind as IoKind, Write};
use std::path::Path;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

pub use self::performed::Performed;
use self::performed::{Ran, Waiting, settle};
use self::report::Report;
use crate::commands::Command;
use crate::commands::grammar::{Grammar, Parsed};
use crate::disk::replace;
use crate::error::{Error, Kind, Place, Result, reason_of};
use crate::render::{self, Block, notice};
use crate::session::overlay::Savepoint;
use crate::session::{Flags, Session};

/// How many files may run each other; each takes a part of the stack.
const DEEPEST: usize = 8;

/// The version of the documents that `--json` prints.
const SCHEMA: u8 = 1;

/// What every door does with a command. Cloning it gives another hand on the same session.
#[derive(Clone)]
pub struct Runner {
    /// The session.
    pub session: Rc<RefCell<Session>>,
    /// The parser of lines.
    pub grammar: Rc<RefCell<Grammar>>,
    /// What scripts read as `args`.
    pub arguments: Rc<script::Arguments>,
    /// What a batch has to say at its end: all of it where that is one document, else what changes things.
    waiting: Rc<RefCell<Vec<Waiting>>>,
    /// How many files are being run by each other.
    running: Rc<Cell<usize>>,
    /// Whether a command of the batch was one that changes things, so that there is something to report.
    has_changed: Rc<Cell<bool>>,
    /// Whether whoever reads standard output has left.
    is_unread: Rc<Cell<bool>>,
}

impl Runner {
    /// A runner on a session.
    pub fn new(session: Session, arguments: script::Arguments) -> Self {
        Self {
            session: Rc::new(RefCell::new(session)),
            grammar: Rc::default(),
            arguments: Rc::new(arguments),
            waiting: Rc::default(),
            running: Rc::default(),
            has_changed: Rc::default(),
            is_unread: Rc::default(),
        }
    }

    /// Performs a command, within the transaction that is open, else as one of its own.
    pub fn perform(&self, command: &Command, line_flags: Flags) -> Result<Performed> {
        let (before, point) = {
            let mut session = self.session.borrow_mut();
            let flags = session.flags.and(line_flags);
            let before = session.set_flags(flags);
            session.refresh();
            (before, session.point())
        };
        let result = self.perform_in(command, point.pending, before);
        let mut session = self.session.borrow_mut();
        session.set_flags(before);
        if result
            .as_ref()
            .map_or(true, |performed| performed.is_own_plan(before))
        {
            session.go_back(&point);
        }
        result
    }

    fn perform_in(&self, command: &Command, start: Savepoint, outer: Flags) -> Result<Performed> {
        let outcome = command.run(&mut self.session.borrow_mut())?;
        self.forget_undone(outer.json);
        let flags = self.session.borrow().flags;
        let ran = match &outcome.then_run {
            Some(file) => Some(self.run_all(|| self.run_file(file))?),
            None => None,
        };
        if !outcome.is_change {
            return Ok(Performed {
                outcome,
                ran,
                report: None,
                flags,
                reached: self.session.borrow().savepoint(),
                is_undone: false,
            });
        }
        self.has_changed
            .set(self.has_changed.get() || ran.as_ref().is_none_or(|ran| ran.has_changed));
        let mut session = self.session.borrow_mut();
        let reached = session.savepoint();
        let mut report = if session.is_open() {
            Report::pending(session.changes_since(outcome.since.unwrap_or(start)))
        } else {
            Report::of_commit(&mut session, outer)?
        };
        let mut performed = Performed {
            outcome,
            ran,
            report: None,
            flags,
            reached,
            is_undone: false,
        };
        performed.settle(&mut report.unfinished);
        performed.report = Some(report);
        Ok(performed)
    }

    /// What has been rolled back is not told at the end, unless that is a list of all that was done.
    fn forget_undone(&self, is_list: bool) {
        let session = self.session.borrow();
        let reached = session.savepoint();
        let is_kept = |waiting: &mut Waiting| match waiting {
            Waiting::Document(_) => true,
            Waiting::Shown(performed) => {
                performed.is_undone |= performed.reached > reached;
                is_list || !performed.is_undone
            }
            Waiting::Called(performed) => performed.reached <= reached,
        };
        self.waiting.borrow_mut().retain_mut(is_kept);
    }

    /// Performs a command for a script, which has its answer, and need not look into it: what is left is told all the
    /// same, once it is certain.
    pub fn call(&self, command: &Command, line_flags: Flags) -> Result<Json> {
        let performed = self.perform(command, line_flags)?;
        let answer = performed.json();
        let (in_batch, is_question) = {
            let session = self.session.borrow();
            (session.in_batch(), performed.is_own_plan(session.flags))
        };
        let failures = performed.failures(false);
        if is_question || failures.is_empty() {
            return Ok(answer);
        }
        if in_batch {
            self.waiting.borrow_mut().push(Waiting::Called(performed));
        } else {
            self.warn_of(&failures);
        }
        Ok(answer)
    }

    /// The exit status that the calls of a script come to, of which this many have been before it.
    fn status_of_calls(&self, before: usize) -> u8 {
        let waiting = self.waiting.borrow();
        let calls = waiting.iter().skip(before);
        performed::first_status(calls.map(Waiting::status_of_call))
    }

    fn warn_of(&self, failures: &[Error]) {
        let mut session = self.session.borrow_mut();
        for failure in failures {
            session.warn_of(failure);
        }
    }

    /// Runs what belongs to one transaction, which whoever opened it commits; it closes what it opens. Ctrl-C
    /// ends it, not the process.
    fn run_all(&self, body: impl FnOnce() -> Result<u8>) -> Result<Ran> {
        let interrupts = self.session.borrow().world.interrupts.clone();
        let held = interrupts.hold();
        let outer = self.session.borrow_mut().enter_batch();
        let told = (self.has_changed.take(), self.waiting.take());
        let ended = body();
        let has_changed = self.has_changed.replace(told.0);
        let waiting = self.waiting.replace(told.1);
        let closed = self.session.borrow().check_closed();
        self.session.borrow_mut().leave_batch(outer);
        // Whatever it says, this is why.
        let is_pressed = interrupts.is_pressed();
        let status = ended.map_err(|error| error.if_interrupted(is_pressed))?;
        interrupts.check()?;
        drop(held);
        closed?;
        Ok(Ran {
            status,
            waiting,
            has_changed,
        })
    }

    /// A script, or a file of lines, by its name.
    fn run_file(&self, file: &Path) -> Result<u8> {
        if self.running.get() == DEEPEST {
            return Err(Error::failed("files run each other without end")
                .at(Place::file(file))
                .hint("a file cannot run itself, by way of others neither"));
        }
        self.running.set(self.running.get() + 1);
        let ran = self.run_one_file(file);
        self.running.set(self.running.get() - 1);
        ran
    }

    fn run_one_file(&self, file: &Path) -> Result<u8> {
        if file
            .extension()
            .is_some_and(|extension| extension == "rhai")
        {
            return script::Interpreter::new(self, file.parent()).run_file(file);
        }
        let text = replace::read(file)?.ok_or_else(|| {
            Error::failed("there is no such file")
                .at(Place::file(file))
                .hint("name a script (`.rhai`) or a file of shell lines")
        })?;
        self.run_lines(&text, file)
    }

    /// Runs lines, and tells where one fails. The answer is the first status that is not 0.
    pub fn run_lines(&self, text: &str, name: &Path) -> Result<u8> {
        let mut status = 0;
        for (number, line) in line::logical_lines(text) {
            self.session.borrow().world.interrupts.check()?;
            let ended = self.run_line(&line).map_err(|error| match error.kind() {
                Kind::Interrupted => error,
                _ => error.called_at(Place::line(name, number)),
            })?;
            status = if status == 0 { ended } else { status };
        }
        Ok(status)
    }

    /// Runs one line and shows what came of it.
    pub fn run_line(&self, text: &str) -> Result<u8> {
        let words = crate::words::split(text)?;
        if words.is_empty() {
            return Ok(0);
        }
        self.run_words(&words)
    }

    /// The same for a line that is in words already. An error is shown as its answer would have been.
    pub fn run_words(&self, words: &[String]) -> Result<u8> {
        let mut options = words.iter().take_while(|word| *word != "--");
        let is_document = options.any(|word| word == "--json");
        let ended = self.run_parsed(words);
        if is_document {
            ended.map_err(Error::as_document)
        } else {
            ended
        }
    }

    fn run_parsed(&self, words: &[String]) -> Result<u8> {
        let parsed = self.grammar.borrow_mut().parse(words)?;
        match parsed {
            Parsed::Text(text) => self.print_help(&text).map(|()| 0),
            Parsed::Words(line) => {
                let performed = self.perform(&line.command, line.flags)?;
                self.show(performed)
            }
        }
    }

    /// Runs a batch: everything in it is one transaction.
    pub fn batch(&self, body: impl FnOnce() -> Result<u8>) -> Result<u8> {
        let ran = self.run_all(body);
        let mut session = self.session.borrow_mut();
        let flags = session.flags;
        let ended = ran.and_then(|ran| Ok((ran, Report::of_commit(&mut session, flags)?)));
        let (mut ran, mut report) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                session.roll_back_all();
                return Err(error);
            }
        };
        drop(session);
        settle(&mut ran.waiting, &mut report.unfinished);
        self.warn_of(&ran.failures(true));
        let status = match ran.status() {
            0 => report.status(flags),
            status => status,
        };
        let told = if flags.json {
            let mut document = ran.json();
            merge(&mut document, report.json());
            self.print_document(document)
        } else {
            let mut blocks = ran.blocks();
            if ran.has_changed || flags.is_plan() {
                blocks.extend(report.blocks(flags));
            }
            self.print_blocks(&blocks)
        };
        told.map_err(|error| Report::untold(Some(&report), error))?;
        Ok(status)
    }

    /// Shows what came of a command, and answers its exit status.
    pub fn show(&self, performed: Performed) -> Result<u8> {
        let flags = performed.flags;
        let (is_one_document, is_told_later) = {
            let session = self.session.borrow();
            let is_own_plan = performed.is_own_plan(session.flags);
            (
                session.in_batch() && session.flags.json,
                // Within a batch the changes are told once, at the end; unless they are not part of it.
                session.in_batch() && !is_own_plan,
            )
        };
        let status = performed.status();
        let changed = match &performed.report {
            Some(report) if !is_told_later => report.status(flags),
            _ => 0,
        };
        let is_told_with_changes = is_told_later && performed.outcome.is_change && !flags.json;
        if is_told_with_changes && performed.has_no_answer() {
            // The list of changes says it all.
        } else if is_one_document || is_told_with_changes {
            // Nothing is told as done before it is: this waits for the end.
            self.waiting.borrow_mut().push(Waiting::Shown(performed));
        } else {
            self.warn_of(&performed.failures(true));
            let told = if flags.json {
                self.print_document(performed.json())
            } else {
                self.print_blocks(&performed.all_blocks(is_told_later))
            };
            told.map_err(|error| Report::untold(performed.report.as_ref(), error))?;
        }
        Ok(if status == 0 { changed } else { status })
    }

    /// Help that was asked for by an option, in the form of `help`.
    pub fn print_help(&self, text: &str) -> Result<()> {
        let (json, in_batch) = {
            let session = self.session.borrow();
            (session.flags.json, session.in_batch())
        };
        if !json {
            return self.print(text);
        }
        let document = json!({ "text": text.trim_end() });
        if in_batch {
            self.waiting.borrow_mut().push(Waiting::Document(document));
            return Ok(());
        }
        self.print_document(document)
    }

    /// Shows an error where errors belong: a document on standard output, or text on standard error, which is where it
    /// goes as well if standard output takes nothing.
    pub fn show_error(&self, error: &Error) {
        let (flags, theme) = {
            let session = self.session.borrow();
            (session.flags, session.theme)
        };
        let is_document = flags.json || error.is_document();
        if !is_document || self.print_document(json!({ "error": error })).is_err() {
            self.session.borrow_mut().say(&notice::error(error, theme));
        }
        self.session.borrow_mut().tell_open_again();
    }

    fn print_document(&self, document: Json) -> Result<()> {
        let mut all = Map::from_iter([("schema".to_owned(), SCHEMA.into())]);
        if let Json::Object(document) = document {
            all.extend(document);
        }
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        self.print(&render::visible_json(&text))
    }

    /// Prints blocks.
    pub fn print_blocks(&self, blocks: &[Block]) -> Result<()> {
        let theme = self.session.borrow().theme;
        let text = render::text(blocks, theme);
        self.write(&text)
    }

    /// Prints a text and a line break.
    pub fn print(&self, text: &str) -> Result<()> {
        self.write(&format!("{}\n", text.trim_end_matches('\n')))
    }

    fn write(&self, text: &str) -> Result<()> {
        if text.is_empty() || self.is_unread.get() {
            return Ok(());
        }
        let mut session = self.session.borrow_mut();
        let stdout = &mut session.world.stdout;
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Ok(()) => Ok(()),
            // Whoever read it has read enough.
            Err(error) if error.kind() == IoKind::BrokenPipe => {
                self.is_unread.set(true);
                Ok(())
            }
            Err(error) => Err(Error::failed("cannot write to standard output")
                .because(reason_of(&error))
                .hint("see where it goes, and repeat the command")),
        }
    }
}

fn merge(document: &mut Json, other: Json) {
    if let (Json::Object(document), Json::Object(other)) = (document, other) {
        document.extend(other);
    }
}
