//! How words come in and answers go out. No door knows a command by name.
//!
//! [`Runner`] is what all doors share: it performs a command in the session's transaction, commits where
//! nobody has opened a longer one, and shows what came of it.

pub mod complete;
pub mod line;
pub mod script;
pub mod shell;

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind as IoKind, Write};
use std::path::Path;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

use crate::commands::grammar::{Grammar, Parsed};
use crate::commands::{Command, Outcome};
use crate::disk::replace;
use crate::error::{Error, Place, Result};
use crate::render::{self, Block, Role, Span, notice};
use crate::session::overlay::{After, Change, Savepoint, shown};
use crate::session::{Flags, Session};

/// The exit status of `--check` where something would change.
const WOULD_CHANGE: u8 = 2;

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
    /// Whether whoever reads standard output has left.
    is_unread: Rc<Cell<bool>>,
}

/// What a transaction has changed, or would.
#[derive(Debug, Default)]
pub struct Report {
    changes: Vec<Change>,
    committed: bool,
}

/// A command that was performed.
pub struct Performed {
    outcome: Outcome,
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
        if let Some(file) = &outcome.then_run {
            self.within_batch(|| self.run_file(file))?;
        }
        if !outcome.is_change {
            return Ok(Performed {
                outcome,
                report: None,
                flags,
            });
        }
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
            report: Some(report),
            flags,
        })
    }

    /// Runs something as one transaction, or as a part of the one that is open; it closes what it opens.
    fn within_batch<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let (in_batch, depth) = {
            let mut session = self.session.borrow_mut();
            (
                std::mem::replace(&mut session.in_batch, true),
                session.depth(),
            )
        };
        let ran = body();
        let mut session = self.session.borrow_mut();
        session.in_batch = in_batch;
        ran.and_then(|value| session.check_closed(depth).map(|()| value))
    }

    /// A script, or a file of lines, by its name.
    fn run_file(&self, file: &Path) -> Result<()> {
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

    fn run_one_file(&self, file: &Path) -> Result<()> {
        if file
            .extension()
            .is_some_and(|extension| extension == "rhai")
        {
            return script::Interpreter::new(self, file.parent())
                .run_file(file)
                .map(|_| ());
        }
        let text = replace::read(file)?.ok_or_else(|| {
            Error::failed("there is no such file")
                .at(Place::file(file))
                .hint("name a script (`.rhai`) or a file of shell lines")
        })?;
        self.run_lines(&text, file).map(|_| ())
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
            Parsed::Text(text) => self.print(&text).map(|()| 0),
            Parsed::Words(line) => {
                let performed = self.perform(&line.command, line.flags)?;
                self.show(&performed)
            }
        }
    }

    /// Runs a batch: everything in it is one transaction.
    pub fn batch(&self, body: impl FnOnce() -> Result<u8>) -> Result<u8> {
        let ran = self.within_batch(body);
        let mut session = self.session.borrow_mut();
        let status = match ran {
            Ok(status) => status,
            Err(error) => {
                session.roll_back_all();
                self.waiting.take();
                return Err(error);
            }
        };
        let report = commit(&mut session)?;
        let flags = session.flags;
        drop(session);
        if flags.json {
            let mut document = json!({ "results": self.results.take() });
            merge(&mut document, report.json());
            self.print_document(document)?;
        } else {
            let mut blocks = self.waiting.take();
            if !report.is_empty() || flags.is_plan() {
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
            report,
            flags,
        } = performed;
        let in_batch = self.session.borrow().in_batch;
        let status = outcome
            .answer
            .as_ref()
            .map_or(0, |answer| answer.exit_status());
        let session_flags = self.session.borrow().flags;
        if flags.json {
            let document = performed.json();
            if in_batch && session_flags.json {
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
            // A plan of one line within a batch says at once what it would do.
            let is_own_plan = flags.is_plan() && !session_flags.is_plan();
            if let Some(report) = report
                && (!in_batch || is_own_plan)
                && (outcome.then_run.is_none() || !report.is_empty())
            {
                blocks.extend(report.blocks(*flags));
            }
            if in_batch && outcome.is_change && !is_own_plan {
                // Nothing is told as done before it is: this waits for the end.
                self.waiting.borrow_mut().extend(blocks);
            } else {
                self.print_blocks(&blocks)?;
            }
        }
        let changed = report.as_ref().map_or(0, |report| report.status(*flags));
        Ok(if status == 0 { changed } else { status })
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
        let mut document = self
            .outcome
            .answer
            .as_ref()
            .map_or_else(|| json!({}), |answer| answer.json());
        if let Some(report) = &self.report {
            merge(&mut document, report.json());
        }
        document
    }
}

impl Report {
    fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn status(&self, flags: Flags) -> u8 {
        if flags.check && !self.is_empty() {
            WOULD_CHANGE
        } else {
            0
        }
    }

    fn json(&self) -> Json {
        json!({ "changes": self.changes, "committed": self.committed })
    }

    /// The changes of each file, under its name; and in one line what has become of them.
    fn blocks(&self, flags: Flags) -> Vec<Block> {
        if self.is_empty() {
            return vec![Block::line("unchanged")];
        }
        let mut blocks = Vec::new();
        let mut files: Vec<&Path> = Vec::new();
        for file in self.changes.iter().map(|change| &change.file) {
            if !files.contains(&file.as_path()) {
                files.push(file);
            }
        }
        for file in files {
            blocks.push(Block::Line(Span::new(
                Role::Label,
                file.display().to_string(),
            )));
            for change in self.changes.iter().filter(|change| change.file == file) {
                blocks.push(Block::Detail(change_span(change)));
            }
        }
        let count = self.changes.len();
        let things = if count == 1 {
            "1 change".to_owned()
        } else {
            format!("{count} changes")
        };
        blocks.push(Block::line(match (self.committed, flags.is_plan()) {
            (true, _) => format!("{things} written"),
            (false, true) => format!("{things}, nothing written"),
            (false, false) => format!("{things} pending"),
        }));
        blocks
    }
}

fn change_span(change: &Change) -> Span {
    let key = change.dotted();
    let text = |node| match shown(node) {
        Json::Null => "(a token)".to_owned(),
        Json::String(text) if text.starts_with("sha256:") => text,
        value => value.to_string(),
    };
    let before = change.before.as_ref();
    match (&change.after, before) {
        (After::Unread, _) => {
            Span::new(Role::Doubtful, format!("? {key} = (known once it is read)"))
        }
        (After::Gone, before) => Span::new(Role::Bad, format!("- {key} = {}", text(before))),
        (After::Is(node), None) => Span::new(Role::Good, format!("+ {key} = {}", text(Some(node)))),
        (After::Is(node), before) => {
            let (before, after) = (text(before), text(Some(node)));
            Span::new(Role::Doubtful, format!("~ {key} = {before} -> {after}"))
        }
    }
}
