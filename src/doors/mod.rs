//! How words come in and answers go out. No door knows a command by name.
//!
//! [`Runner`] is what all doors share: it performs a command in the session's transaction, commits where
//! nobody has opened a longer one, and shows what came of it.

pub mod complete;
pub mod line;
mod report;
pub mod script;
pub mod shell;

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind as IoKind, Write};
use std::path::Path;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

use self::report::Report;
use crate::commands::grammar::{Grammar, Parsed};
use crate::commands::{Command, Outcome};
use crate::disk::replace;
use crate::error::{Error, Place, Result};
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
    /// The documents of a batch, where they are printed as one at the end.
    results: Rc<RefCell<Vec<Json>>>,
    /// What the changes of a batch have to say, once they are written.
    waiting: Rc<RefCell<Vec<Block>>>,
    /// How many files are being run by each other.
    running: Rc<Cell<usize>>,
    /// Whether a command of the batch was one that changes things, so that there is something to report.
    has_changed: Rc<Cell<bool>>,
    /// Whether whoever reads standard output has left.
    is_unread: Rc<Cell<bool>>,
}

/// What came of many commands before their changes were committed.
struct Ran {
    /// The first exit status that is not 0.
    status: u8,
    /// Their documents, where they are printed as one at the end.
    results: Vec<Json>,
    /// Whether one of them was to change something.
    has_changed: bool,
}

impl Ran {
    fn json(&self) -> Json {
        json!({ "results": self.results })
    }
}

/// A command that was performed.
pub struct Performed {
    outcome: Outcome,
    ran: Option<Ran>,
    report: Option<Report>,
    flags: Flags,
}

impl Runner {
    /// A runner on a session.
    pub fn new(session: Session, arguments: script::Arguments) -> Self {
        Self {
            session: Rc::new(RefCell::new(session)),
            grammar: Rc::default(),
            arguments: Rc::new(arguments),
            results: Rc::default(),
            waiting: Rc::default(),
            running: Rc::default(),
            has_changed: Rc::default(),
            is_unread: Rc::default(),
        }
    }

    /// Performs a command, within the transaction that is open, else as one of its own.
    pub fn perform(&self, command: &Command, line_flags: Flags) -> Result<Performed> {
        let (before, start, depth) = {
            let mut session = self.session.borrow_mut();
            let before = session.flags;
            session.flags = before.and(line_flags);
            session.refresh();
            (before, session.savepoint(), session.depth())
        };
        let result = self.perform_in(command, start, before);
        let mut session = self.session.borrow_mut();
        session.flags = before;
        if result.is_err() {
            session.forget_begun(depth);
            session.roll_back(start);
        }
        result
    }

    fn perform_in(&self, command: &Command, start: Savepoint, outer: Flags) -> Result<Performed> {
        let outcome = command.run(&mut self.session.borrow_mut())?;
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
            });
        }
        self.has_changed
            .set(self.has_changed.get() || ran.as_ref().is_none_or(|ran| ran.has_changed));
        let mut session = self.session.borrow_mut();
        let report = if session.is_open() {
            let changes = session.changes_since(outcome.since.unwrap_or(start));
            if flags.is_plan() && !outer.is_plan() {
                session.roll_back(start);
            }
            Report {
                changes,
                committed: false,
            }
        } else {
            commit(&mut session)?
        };
        Ok(Performed {
            outcome,
            ran,
            report: Some(report),
            flags,
        })
    }

    /// Runs what belongs to one transaction, which whoever opened it commits; it closes what it opens. Ctrl-C
    /// ends it, not the process.
    fn run_all(&self, body: impl FnOnce() -> Result<u8>) -> Result<Ran> {
        let interrupts = self.session.borrow().world.interrupts.clone();
        let held = interrupts.hold();
        let depth = self.session.borrow().depth();
        let was_in_batch = std::mem::replace(&mut self.session.borrow_mut().in_batch, true);
        let outer = (
            self.results.take(),
            self.has_changed.take(),
            self.waiting.take(),
        );
        let ended = body();
        let results = self.results.replace(outer.0);
        let has_changed = self.has_changed.replace(outer.1);
        let waiting = self.waiting.replace(outer.2);
        self.session.borrow_mut().in_batch = was_in_batch;
        // Whatever it says, this is why.
        interrupts.check()?;
        drop(held);
        let status = ended?;
        self.session.borrow().check_closed(depth)?;
        self.waiting.borrow_mut().extend(waiting);
        Ok(Ran {
            status,
            results,
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
            let ended = self
                .run_line(&line)
                .map_err(|error| error.called_at(Place::line(name, number)))?;
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

    /// The same for a line that is in words already.
    pub fn run_words(&self, words: &[String]) -> Result<u8> {
        let parsed = self.grammar.borrow_mut().parse(words)?;
        match parsed {
            Parsed::Text(text) => self.print_help(&text).map(|()| 0),
            Parsed::Words(line) => {
                let performed = self.perform(&line.command, line.flags)?;
                self.show(&performed)
            }
        }
    }

    /// Runs a batch: everything in it is one transaction.
    pub fn batch(&self, body: impl FnOnce() -> Result<u8>) -> Result<u8> {
        let ran = self.run_all(body);
        let mut session = self.session.borrow_mut();
        let ran = match ran {
            Ok(ran) => ran,
            Err(error) => {
                session.roll_back_all();
                self.waiting.take();
                return Err(error);
            }
        };
        let status = ran.status;
        let report = commit(&mut session)?;
        let flags = session.flags;
        drop(session);
        if flags.json {
            let mut document = ran.json();
            merge(&mut document, report.json());
            self.print_document(document)?;
        } else {
            let mut blocks = self.waiting.take();
            if ran.has_changed || flags.is_plan() {
                blocks.extend(report.blocks(flags));
            }
            self.print_blocks(&blocks)?;
        }
        Ok(if status == 0 {
            report.status(flags)
        } else {
            status
        })
    }

    /// Shows what came of a command, and answers its exit status.
    pub fn show(&self, performed: &Performed) -> Result<u8> {
        let Performed {
            outcome,
            ran,
            report,
            flags,
        } = performed;
        let (is_one_document, is_told_later) = {
            let session = self.session.borrow();
            let is_own_plan = flags.is_plan() && !session.flags.is_plan();
            (
                session.in_batch && session.flags.json,
                // Within a batch the changes are told once, at the end; unless they are not part of it.
                session.in_batch && !is_own_plan,
            )
        };
        let status = match (&outcome.answer, ran) {
            (Some(answer), _) => answer.exit_status(),
            (None, Some(ran)) => ran.status,
            (None, None) => 0,
        };
        if flags.json {
            let document = performed.json();
            if is_one_document {
                self.results.borrow_mut().push(document);
            } else {
                self.print_document(document)?;
            }
        } else {
            let mut blocks = outcome
                .answer
                .as_ref()
                .map(|answer| answer.blocks())
                .unwrap_or_default();
            if let Some(report) = report
                && !is_told_later
                && ran.as_ref().is_none_or(|ran| ran.has_changed)
            {
                blocks.extend(report.blocks(*flags));
            }
            if is_told_later && outcome.is_change {
                // Nothing is told as done before it is: this waits for the end.
                self.waiting.borrow_mut().extend(blocks);
            } else {
                self.print_blocks(&blocks)?;
            }
        }
        let changed = match report {
            Some(report) if !is_told_later => report.status(*flags),
            _ => 0,
        };
        Ok(if status == 0 { changed } else { status })
    }

    /// Help that was asked for by an option, in the form of `help`.
    pub fn print_help(&self, text: &str) -> Result<()> {
        let (json, in_batch) = {
            let session = self.session.borrow();
            (session.flags.json, session.in_batch)
        };
        if !json {
            return self.print(text);
        }
        let document = json!({ "text": text.trim_end() });
        if in_batch {
            self.results.borrow_mut().push(document);
            return Ok(());
        }
        self.print_document(document)
    }

    /// Shows an error where errors belong: a document on standard output, or text on standard error.
    pub fn show_error(&self, error: &Error) -> Result<()> {
        let (flags, theme) = {
            let session = self.session.borrow();
            (session.flags, session.theme)
        };
        if flags.json {
            return self.print_document(json!({ "error": error }));
        }
        self.session.borrow_mut().say(&notice::error(error, theme));
        Ok(())
    }

    fn print_document(&self, document: Json) -> Result<()> {
        let mut all = Map::from_iter([("schema".to_owned(), SCHEMA.into())]);
        if let Json::Object(document) = document {
            all.extend(document);
        }
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        self.print(&text)
    }

    fn print_blocks(&self, blocks: &[Block]) -> Result<()> {
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
            Err(error) => Err(Error::failed("cannot write to standard output").because(error)),
        }
    }
}

fn commit(session: &mut Session) -> Result<Report> {
    let is_plan = session.flags.is_plan();
    let committed = session.commit();
    session.roll_back_all();
    Ok(Report {
        changes: committed?,
        committed: !is_plan,
    })
}

fn merge(document: &mut Json, other: Json) {
    if let (Json::Object(document), Json::Object(other)) = (document, other) {
        document.extend(other);
    }
}

impl Performed {
    /// What `--json` prints, and what a script gets.
    pub fn json(&self) -> Json {
        let mut document = match (&self.outcome.answer, &self.ran) {
            (Some(answer), _) => answer.json(),
            (None, Some(ran)) => ran.json(),
            (None, None) => json!({}),
        };
        if let Some(report) = &self.report {
            merge(&mut document, report.json());
        }
        document
    }
}
