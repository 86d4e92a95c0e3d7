//! One session: what is known, what is pending, and who is told.
//!
//! Commands read the configuration and add edits here; nothing reaches a disk before [`Session::commit`].
//! There is always a transaction: at the prompt each command and each line of Rhai commits by itself, a batch commits
//! once.

pub mod change;
mod commit;
mod editing;
mod flags;
mod inspecting;
mod items;
mod ledger;
mod locks;
mod logouts;
mod order;
pub mod overlay;
pub mod own;
mod performing;
mod premises;
mod preview;
mod recording;
mod records;
mod recovery;
mod recovery_files;
mod recovery_items;
mod recovery_look;
mod recovery_registries;
mod renames;
mod token_input;
mod undo;
mod writing;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cargo::config::{Config, View};
use crate::disk::tree::Node;
use crate::error::{Error, Place, Result};
use crate::render::{Theme, notice, visible_in_line};
use crate::stores::{Access, Opened};
use crate::token::Token;
use crate::world::World;

use self::change::{After, Change};
pub use self::commit::Committed;
pub use self::items::{no_name, stores_nothing};
pub use self::logouts::{Left, Unfinished, way_back};
use self::overlay::{Overlay, Savepoint};
#[cfg(any(test, fuzzing))]
pub(crate) use self::premises::surroundings;
pub use self::preview::Preview;
pub use self::recording::Recording;

/// How a run was asked to behave. Can be set for the whole process and again on a line.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct Flags {
    /// Documents instead of text.
    pub json: bool,
    /// A plan instead of changes.
    pub dry_run: bool,
    /// A plan, and an exit status that says whether it is empty.
    pub check: bool,
    /// No notes.
    pub quiet: bool,
    /// No confirmations.
    pub yes: bool,
    /// No prompts.
    pub no_input: bool,
}

impl Flags {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            json: self.json | other.json,
            dry_run: self.dry_run | other.dry_run,
            check: self.check | other.check,
            quiet: self.quiet | other.quiet,
            yes: self.yes | other.yes,
            no_input: self.no_input | other.no_input,
        }
    }

    /// Whether this is a plan: nothing is written, nothing outside is asked.
    pub fn is_plan(self) -> bool {
        self.dry_run || self.check
    }
}

/// Where a session stands before a command.
pub struct Point {
    pub(crate) pending: Savepoint,
    begun: Vec<Savepoint>,
}

/// A session.
pub struct Session {
    /// What is outside.
    pub world: World,
    /// How to behave now.
    pub flags: Flags,
    /// How things look.
    pub theme: Theme,
    /// Whether standard input is the script, and so no source of tokens.
    pub stdin_is_script: bool,
    /// Within a batch, which commits once, at its end: how many transactions were open before it.
    batch: Option<usize>,
    /// What is noted for a script of this session, while one is recorded.
    pub recording: Option<Recording>,
    /// Where the transactions that are open began.
    begun: Vec<Savepoint>,
    /// Whether one was to end and did not, which has not been told yet.
    is_open_again: bool,
    home: PathBuf,
    config: Option<Config>,
    overlay: Overlay,
    /// Logouts of earlier runs that wait until their store can be asked, as the journal has them.
    waiting: Vec<serde_json::Value>,
    /// What one warning is enough for.
    told: BTreeSet<&'static str>,
    /// What was typed to open the sealed file.
    passphrase: Option<Token>,
    /// The sealed file as it was opened with that.
    opened: Option<Opened>,
}

impl Session {
    /// A session on this Cargo home.
    pub fn new(world: World, home: PathBuf, flags: Flags, theme: Theme) -> Self {
        Self {
            world,
            flags,
            theme,
            stdin_is_script: false,
            batch: None,
            recording: None,
            begun: Vec::new(),
            is_open_again: false,
            home,
            config: None,
            overlay: Overlay::default(),
            waiting: Vec::new(),
            told: BTreeSet::new(),
            passphrase: None,
            opened: None,
        }
    }

    /// The Cargo home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What the stores need of the world.
    pub fn access(&mut self) -> Access<'_> {
        Access {
            home: &self.home,
            env: &self.world.env,
            prompt: &mut *self.world.prompt,
            may_prompt: !self.flags.no_input,
            passphrase: &mut self.passphrase,
            opened: &mut self.opened,
            interrupts: &self.world.interrupts,
            stderr: &self.world.stderr,
        }
    }

    /// What Cargo would see, pending edits included.
    pub fn config(&mut self) -> Result<&Config> {
        self.config_mut().map(|config| &*config)
    }

    fn config_mut(&mut self) -> Result<&mut Config> {
        let config = match self.config.take() {
            Some(config) => config,
            None => Config::read(&self.world, &self.home, false)?,
        };
        let config = self.config.insert(config);
        config.set_may_prompt(!self.flags.no_input);
        Ok(config)
    }

    /// Looks at the disk again before the next command, unless edits are pending on what was read.
    pub fn refresh(&mut self) {
        let config = self.config.as_ref();
        if let Some(config) = config {
            config.set_dismissed(false);
            config.set_silence(None);
        }
        if self.overlay.is_empty() && !config.is_some_and(Config::is_current) {
            self.config = None;
        }
    }

    /// Adds an edit of a file; one that changes nothing is none. `None` removes the key.
    pub fn edit(&mut self, file: &Path, key: &[&str], value: Option<Node>) -> Result<()> {
        self.edit_to(file, key, value.map_or(After::Gone, After::Is))
    }

    /// Adds a login whose token this plan does not read.
    pub fn edit_unread(&mut self, file: &Path, key: &[&str]) -> Result<()> {
        self.edit_to(file, key, After::Unread)
    }

    fn edit_to(&mut self, file: &Path, key: &[&str], after: After) -> Result<()> {
        self.config_mut()?.open(file)?;
        let Self {
            config: Some(config),
            overlay,
            ..
        } = self
        else {
            return Ok(());
        };
        let before = overlay.savepoint();
        overlay.edit(config, file, key, after);
        let takes_old_layout = key == ["registry", "token"]
            && overlay.savepoint() != before
            && config.is_credentials(file);
        // The old layout's place of that token (5), which nobody reads any more.
        if takes_old_layout {
            overlay.edit(config, file, &["token"], After::Gone);
        }
        Ok(())
    }

    /// Adds an edit, and warns where a nearer file or a variable wins over it.
    pub fn edit_setting(&mut self, file: &Path, key: &[&str], value: Option<Node>) -> Result<()> {
        let is_set = value.is_some();
        self.edit(file, key, value)?;
        let winner = self.config()?.all(key, View::of(key)).into_iter().next();
        match winner {
            Some(winner) if winner.place.as_file() != Some(file) => {
                let what = if is_set {
                    "wins over what is written"
                } else {
                    "is still in force"
                };
                self.warn(&format!("`{}` in {} {what}", key.join("."), winner.place));
            }
            None if is_set => self.warn(&format!(
                "Cargo started here does not look for `{}` in `{}`",
                key.join("."),
                file.display()
            )),
            _ => {}
        }
        Ok(())
    }

    /// Now, to roll back to.
    pub fn savepoint(&self) -> Savepoint {
        self.overlay.savepoint()
    }

    /// Now, with the transactions that are open.
    pub fn point(&self) -> Point {
        Point {
            pending: self.savepoint(),
            begun: self.begun.clone(),
        }
    }

    /// Opens a transaction, within another one a savepoint; answers how many are open.
    pub fn begin(&mut self) -> usize {
        self.begun.push(self.savepoint());
        self.begun.len()
    }

    /// Closes the innermost transaction, and answers where it began. A batch closes only what it has opened itself.
    pub fn close(&mut self, by: &str) -> Result<Savepoint> {
        if self.depth() > self.batch.unwrap_or_default()
            && let Some(began) = self.begun.pop()
        {
            return Ok(began);
        }
        let error = Error::failed(format!("there is no transaction to {by}"));
        Err(if self.begun.is_empty() {
            error.hint("`begin` opens one; without it each command is written at once")
        } else {
            error.hint(format!(
                "what is open was begun outside of this, and is closed there, by the command `{by}`"
            ))
        })
    }

    /// How many transactions are open.
    pub fn depth(&self) -> usize {
        self.begun.len()
    }

    /// Whether what is pending stays pending after a command.
    pub fn is_open(&self) -> bool {
        self.in_batch() || !self.begun.is_empty()
    }

    /// Whether a batch is being run.
    pub fn in_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// What runs from now on is a batch; the answer is the one that it is a part of, for [`Self::leave_batch`].
    pub fn enter_batch(&mut self) -> Option<usize> {
        self.batch.replace(self.depth())
    }

    /// The batch is over.
    pub fn leave_batch(&mut self, outer: Option<usize>) {
        self.batch = outer;
    }

    /// Goes back to where everything stood at this point, transactions that were open then included. Nothing, where
    /// all that was pending is gone since.
    pub fn go_back(&mut self, to: &Point) {
        if self.savepoint() < to.pending {
            return;
        }
        self.roll_back(to.pending);
        let depth = self.depth();
        self.begun.clone_from(&to.begun);
        if depth < self.depth() {
            self.is_open_again = true;
        }
    }

    /// Tells, behind the error, that what could not be committed is pending again.
    pub fn tell_open_again(&mut self) {
        if std::mem::take(&mut self.is_open_again) && !self.begun.is_empty() {
            self.note("the transaction is still open: `diff` shows it, `commit` tries again, `rollback` gives it up");
        }
    }

    /// Refuses to end what has begun more transactions than it closed.
    pub fn check_closed(&self) -> Result<()> {
        if self.depth() <= self.batch.unwrap_or_default() {
            return Ok(());
        }
        Err(
            Error::failed("a transaction is still open at the end, so nothing is written")
                .hint("end it with `commit` or `rollback`"),
        )
    }

    /// Undoes what is pending since then.
    pub fn roll_back(&mut self, to: Savepoint) {
        let Self {
            config: Some(config),
            overlay,
            ..
        } = self
        else {
            return;
        };
        overlay.roll_back(config, to);
    }

    /// Undoes everything that is pending.
    pub fn roll_back_all(&mut self) {
        self.overlay.clear();
        self.begun.clear();
        self.config = None;
    }

    /// What is pending since then, as it will be reported.
    pub fn changes_since(&self, from: Savepoint) -> Vec<Change> {
        let mut changes = self.overlay.changes_since(from);
        changes.retain(Change::is_seen);
        changes
    }

    /// Whether anything is pending that is told as a change, or without which a token is about to be forgotten.
    pub fn has_changes(&self) -> bool {
        let mut changes = self.overlay.all_since(Savepoint::START).into_iter();
        changes.any(|change| {
            let ends = change.as_item().is_some_and(|item| self.ends_waiting(item));
            ends || !change.is_none() && change.is_seen()
        })
    }

    /// These flags hold from now on; the answer is those before.
    pub fn set_flags(&mut self, flags: Flags) -> Flags {
        let world = &self.world;
        let is_watched = world.terminal.stderr && !flags.quiet && !flags.json;
        let can_erase = world.env.get("TERM") != Some("dumb");
        world.stderr.watched(is_watched, can_erase);
        std::mem::replace(&mut self.flags, flags)
    }

    /// Tells a detail that may be left out.
    pub fn note(&mut self, text: &str) {
        if !self.flags.quiet {
            self.say(&notice::note(text, self.theme));
        }
    }

    /// Whether this is said for the first time.
    fn is_news(&mut self, what: &'static str) -> bool {
        self.told.insert(what)
    }

    /// Tells what may hurt.
    pub fn warn(&mut self, text: &str) {
        self.say(&notice::warning(text, self.theme));
    }

    /// Tells of something that is not as it should be, and what to do about it.
    pub fn warn_of(&mut self, error: &Error) {
        self.warn(&error.to_string());
        if let Some(hint) = error.next_step() {
            self.say(&notice::hint(hint, self.theme));
        }
    }

    /// Prints on standard error. A reader who left does not matter there.
    pub fn say(&mut self, text: &str) {
        self.world.stderr.say(text);
    }

    /// Asks before something that a person may not have meant; without anybody to ask, names `--yes`.
    pub fn confirm(&mut self, question: &str) -> Result<bool> {
        if self.flags.yes || self.flags.is_plan() {
            return Ok(true);
        }
        if self.flags.no_input || !self.world.prompt.is_available() {
            return Err(
                Error::failed("this needs a confirmation, and there is nobody to ask")
                    .because(question)
                    .hint("repeat it with `--yes`"),
            );
        }
        self.world.prompt.confirm(&visible_in_line(question))
    }

    /// Asks for a secret that is not shown.
    pub fn ask_secret(&mut self, question: &str) -> Result<Token> {
        if self.flags.no_input || !self.world.prompt.is_available() {
            let why = if self.flags.no_input {
                "the token is not asked for, because nothing is to be (`--no-input`)"
            } else {
                "there is no terminal to ask for the token on"
            };
            return Err(Error::failed(why)
                .hint("name a source: `--from stdin`, `--from env:NAME` or `--from file:PATH`"));
        }
        self.world.prompt.secret(&visible_in_line(question))
    }

    /// Makes a file known that Cargo may not read here, so that it can be looked into and edited.
    pub fn open(&mut self, file: &Path) -> Result<&Config> {
        let config = self.config_mut()?;
        config.open(file)?;
        Ok(config)
    }

    /// A path as given on a command line, relative to the current folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.world.directory.join(path)
    }

    /// The file that defines a key now and can be edited, for a value that has to change.
    pub fn defining_file(&mut self, key: &[&str]) -> Result<Option<PathBuf>> {
        let winner = self.config()?.all(key, View::of(key)).into_iter().next();
        match winner.map(|found| found.place) {
            None => Ok(None),
            Some(Place::Env(name)) => Err(Error::failed(format!(
                "`{}` is set by the environment variable `{name}`, which credsh cannot edit",
                key.join(".")
            ))
            .at(Place::Env(name.clone()))
            .hint(format!("unset `{name}`, or change it where it is set"))),
            Some(place) => Ok(place.as_file().map(Path::to_path_buf)),
        }
    }
}
