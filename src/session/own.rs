//! Credsh's own tokens: the ledger says what they are for, and a store holds each.
//!
//! The ledger is a file like any other, and its edits are pending like all; a token goes to its store as a
//! login to a provider does. So both are of one transaction.

use clap::{Args as _, FromArgMatches as _};

use super::Session;
use super::change::{Proof, Wish};
use super::ledger::refuse_tie;
use crate::cargo::chain::{Chain, Kind, Provider};
use crate::cargo::config::Held;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::providers::{OperationKind, os};
use crate::cargo::registry::Registry;
use crate::error::{Error, Kind as ErrorKind, Place, Result, list};
use crate::stores::ledger::{self, Day, Entry, Label};
use crate::stores::routing::{Pattern, is_wider, scope};
use crate::stores::{StoreKind, folder};
use crate::token::{Scheme, Token};

/// The argument before store and label, in a request to ourselves for the very item.
pub const ITEM: &str = "--item";

/// When Cargo may have a token, and where it is kept.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Rules {
    /// A name for the token [default: `default`]
    #[arg(long, value_name = "LABEL")]
    pub label: Option<Label>,
    /// What Cargo may use it for, with commas between [default: everything]
    #[arg(long, value_name = "OPERATIONS", value_delimiter = ',')]
    pub operations: Option<Vec<OperationKind>>,
    /// Which crates it may be used for: names, or beginnings of names as `serde*` [default: all]
    #[arg(long, value_name = "CRATES", value_delimiter = ',')]
    pub crates: Option<Vec<Pattern>>,
    /// The last day on which it is good, or how many days it is: `2027-01-31`, `90d`
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub expires: Option<Day>,
    /// Where it is kept [default: the keyring; the sealed file where none answers, or it is locked]
    #[arg(long, value_name = "STORE")]
    pub store: Option<StoreKind>,
}

impl Rules {
    /// The arguments of a configured provider, and of `cargo login -- ...`.
    pub fn of_arguments(args: &[impl AsRef<str>]) -> Result<Self> {
        let command = Self::augment_args(clap::Command::new("credsh").no_binary_name(true));
        // clap's words about it may quote a token.
        let wrong = |_| {
            Error::usage("these are no arguments of the provider `credsh`").hint(
                "`--label`, `--operations`, `--crates`, `--expires` and `--store`, each with a value",
            )
        };
        let matches = command
            .try_get_matches_from(args.iter().map(AsRef::as_ref))
            .map_err(wrong)?;
        Self::from_arg_matches(&matches).map_err(wrong)
    }

    /// What a provider that is credsh is configured for.
    pub fn of_provider(provider: &Provider) -> Result<Self> {
        let rules = Self::of_arguments(&provider.command[1..])?;
        rules.check_configured()?;
        Ok(rules)
    }

    /// The same; where Cargo would get an error for it, all may be meant.
    pub fn of_provider_or_all(provider: &Provider) -> Self {
        Self::of_arguments(&provider.command[1..]).unwrap_or_default()
    }

    /// These, and where one was not given, the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            label: self.label.or(others.label),
            operations: self.operations.or(others.operations),
            crates: self.crates.or(others.crates),
            expires: self.expires.or(others.expires),
            store: self.store.or(others.store),
        }
    }

    /// Whether a provider that is configured with them looks at a token at all.
    pub fn admit(&self, entry: &Entry) -> bool {
        self.may_admit(&entry.label, Some(entry.store))
    }

    /// The same of one whose store may not be known yet.
    fn may_admit(&self, label: &Label, store: Option<StoreKind>) -> bool {
        self.label.as_ref().is_none_or(|only| only == label)
            && self
                .store
                .is_none_or(|only| store.is_none_or(|store| only == store))
    }

    /// As the arguments of a configured provider they only narrow which tokens are looked at: a word that was meant to
    /// narrow more, and does not, would give away too much.
    pub fn check_configured(&self) -> Result<()> {
        if self.operations.is_none() && self.crates.is_none() && self.expires.is_none() {
            return Ok(());
        }
        Err(Error::usage(
            "what a token is for is said when it is stored, not where the provider is configured",
        )
        .hint("leave `--label` and `--store` there, and give the rest to `credsh login`"))
    }

    /// Whether any of them was given.
    pub fn is_given(&self) -> bool {
        self.label.is_some()
            || self.operations.is_some()
            || self.crates.is_some()
            || self.expires.is_some()
            || self.store.is_some()
    }
}

impl Session {
    /// Keeps a token under its label, and answers who has it then. In a plan, it may not be known.
    pub fn keep(
        &mut self,
        registry: &Registry,
        rules: &Rules,
        token: Option<Token>,
    ) -> Result<Provider> {
        let label = rules.label.clone().unwrap_or_default();
        let known = self.own_tokens(registry)?;
        let before = known.iter().find(|entry| entry.label == label).cloned();
        let store = match (rules.store, &before) {
            (Some(store), _) => store,
            (None, Some(before)) => before.store,
            (None, None) => self.best_store(registry, &label)?,
        };
        let scheme = token.as_ref().and_then(Scheme::of);
        let entry = Entry {
            registry: registry.name.as_ref().map(ToString::to_string),
            index: registry.index_for_provider().to_owned(),
            operations: rules.operations.clone().unwrap_or_default(),
            crates: rules.crates.clone().unwrap_or_default(),
            store,
            scheme: scheme.unwrap_or(Scheme::Raw),
            created: Some(Day::today()),
            expires: rules.expires,
            label,
        };
        self.warn_of_idle(&entry);
        refuse_tie(&entry, &known)?;
        if let Some(before) = &before
            && is_wider(before, &entry)
        {
            self.warn(&format!(
                "the token `{}`, which {}, {} from now on",
                entry.label,
                scope(before),
                scope(&entry)
            ));
        }
        self.warn_of_end(&entry);
        if let (Some(until), None) = (
            before.as_ref().and_then(|before| before.expires),
            entry.expires,
        ) {
            self.warn(&format!(
                "the token `{}`, which was good until {until}, is good without end from now on; `--expires` says until when",
                entry.label
            ));
        }
        let keeper = keeper(&entry);
        let held = self.held_for_change(&entry)?;
        let is_same_token = match (&held, &token) {
            (Held::Token(held), Some(token)) => held.is_same(token),
            _ => false,
        };
        self.wish(
            &keeper,
            registry,
            held,
            Wish::Login {
                token,
                args: Vec::new(),
                instead: Vec::new(),
                proof: Some(Proof::Read),
            },
        )?;
        if let Some(before) = &before
            && before.store != store
        {
            self.leave_store(before)?;
        }
        let created = before
            .as_ref()
            .filter(|_| is_same_token)
            .and_then(|before| before.created);
        self.note_in_ledger(&Entry {
            created: created.or(entry.created),
            ..entry
        })?;
        Ok(keeper)
    }

    /// The tokens that a provider which is credsh looks at, as it is configured.
    pub fn own_entries(&mut self, registry: &Registry, provider: &Provider) -> Result<Vec<Entry>> {
        let rules = Rules::of_provider(provider)?;
        let mut entries = self.own_tokens(registry)?;
        entries.retain(|entry| rules.admit(entry));
        Ok(entries)
    }

    /// Refuses to keep a token for a provider whose arguments let Cargo have none; one that they pass over, and those of
    /// every other credsh of the chain, is a warning.
    pub fn check_reach(
        &mut self,
        registry: &Registry,
        rules: &Rules,
        configured: &Rules,
        provider: &Provider,
    ) -> Result<()> {
        configured
            .check_configured()
            .map_err(|error| match &provider.place {
                Some(place) => error.at(place.clone()),
                None => error,
            })?;
        let label = rules.label.clone().unwrap_or_default();
        let chain = Chain::of(self.config()?, registry)?;
        let mut ours = chain.providers.iter().filter(|one| one.is_credsh);
        if ours
            .any(|one| Rules::of_provider(one).is_ok_and(|one| one.may_admit(&label, rules.store)))
        {
            return Ok(());
        }
        if let Some(only) = configured.label.as_ref().filter(|only| **only != label) {
            self.warn(&format!(
                "the provider is configured with `--label {only}`, so Cargo will not get the token `{label}`"
            ));
        }
        if let (Some(only), Some(store)) = (configured.store, rules.store)
            && only != store
        {
            let only = only.name();
            self.warn(&format!(
                "the provider is configured with `--store {only}`, so Cargo will not get a token from another store"
            ));
        }
        Ok(())
    }

    /// Changes when Cargo may have a token, where it is kept, or the index that it is for.
    pub fn change_rules(&mut self, before: &Entry, after: &Entry) -> Result<()> {
        let mut others = self.ledger()?.entries;
        others.retain(|other| other.index == after.index && other.label != before.label);
        if others.iter().any(|other| other.label == after.label) {
            return Err(Error::failed(format!(
                "there is a token `{}` for this registry already",
                after.label
            ))
            .hint("choose another label"));
        }
        if before.operations != after.operations || before.crates != after.crates {
            self.warn_of_idle(after);
        }
        refuse_tie(after, &others)?;
        if before.expires != after.expires {
            self.warn_of_end(after);
        }
        let is_moved = before.store != after.store || before.index != after.index;
        if is_moved || before.label != after.label {
            let new = registry_of(after)?;
            let token = match self.held_for_change(before)? {
                Held::Token(token) => Some(token),
                _ if self.flags.is_plan() => None,
                _ => {
                    return Err(Error::not_found(format!(
                        "the {} has nothing for `{}`",
                        before.store.in_words(),
                        before.label
                    ))
                    .hint("store the token again, with `login`"));
                }
            };
            let there = self.held_for_change(after)?;
            let login = Wish::Login {
                token,
                args: Vec::new(),
                instead: Vec::new(),
                proof: Some(Proof::Read),
            };
            self.wish(&keeper(after), &new, there, login)?;
            self.leave_store(before)?;
        }
        if before.index != after.index {
            self.strike_from_ledger(&before.index, &before.label)?;
        } else if before.label != after.label {
            let file = ledger::file(self.home());
            self.rename_table(&file, &before.key(), after.label.as_str())?;
        }
        self.note_in_ledger(after)
    }

    /// A token for crates, and for nothing that is about a crate, is never given to anybody.
    fn warn_of_idle(&mut self, entry: &Entry) {
        if !entry.crates.is_empty() && entry.operations == [OperationKind::Read] {
            self.warn(
                "this token serves nothing: a read is about no crate, and it is for crates only",
            );
        }
    }

    fn warn_of_end(&mut self, entry: &Entry) {
        if entry.expires.is_some_and(Day::is_over) {
            self.warn("this token counts as expired, so Cargo will not get it");
        }
    }

    /// Forgets a token: in its store, and in the ledger. `None` if the store is locked, and nothing is done.
    pub fn forget(&mut self, entry: &Entry) -> Result<Option<Held>> {
        let registry = registry_of(entry)?;
        let Some(held) = self.look(entry, false)? else {
            return Ok(None);
        };
        let logout = Wish::Logout { moved_to: None };
        self.wish(&keeper(entry), &registry, held.clone(), logout)?;
        self.strike_from_ledger(&entry.index, &entry.label)?;
        Ok(Some(held))
    }

    fn leave_store(&mut self, entry: &Entry) -> Result<()> {
        let registry = registry_of(entry)?;
        let held = self.held_for_change(entry)?;
        let logout = Wish::Logout { moved_to: None };
        self.wish(&keeper(entry), &registry, held, logout)
    }

    /// Forgets a token whose table in the ledger is broken, and so does not say where it is: in every store.
    pub fn forget_broken(&mut self, label: &Label, index: &str) -> Result<()> {
        for store in [StoreKind::Keyring, StoreKind::Sealed] {
            let entry = Entry::unknown(label, index, store);
            let held = match self.look(&entry, false) {
                Ok(Some(Held::Nothing)) => continue,
                Ok(Some(held)) => held,
                Ok(None) => {
                    self.warn("the keyring is locked, so it may keep this token");
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
                Err(error) => {
                    self.warn(&format!(
                        "whether the {} has this token is not known: {error}",
                        store.in_words()
                    ));
                    continue;
                }
            };
            let logout = Wish::Logout { moved_to: None };
            self.wish(&keeper(&entry), &registry_of(&entry)?, held, logout)?;
        }
        self.strike_from_ledger(index, label)
    }

    /// Whether a store still gives a token for this entry; `None` where it cannot be asked without a person.
    pub fn gives(&mut self, entry: &Entry, token: &Token) -> Option<bool> {
        let registry = registry_of(entry).ok()?;
        match self.held_unless_locked(&keeper(entry), &registry) {
            Ok(Some(Held::Token(held))) => Some(held.is_same(token)),
            Ok(Some(Held::Nothing)) => Some(false),
            Ok(Some(Held::Unknown) | None) | Err(_) => None,
        }
    }

    /// What a store holds, where a locked one is of no use.
    fn held_for_change(&mut self, entry: &Entry) -> Result<Held> {
        self.look(entry, true)?
            .ok_or_else(|| os::locked(&keeper(entry)))
    }

    /// Looks into the store of a token that is to change; `None` if it is locked. A person is asked once for what
    /// opens it, and again only after it did not.
    fn look(&mut self, entry: &Entry, may_be_new: bool) -> Result<Option<Held>> {
        if !self.flags.is_plan() {
            self.access().ask(entry.store, may_be_new)?;
        }
        let held = self.held_unless_locked(&keeper(entry), &registry_of(entry)?);
        if held.is_err() {
            self.passphrase = None;
        } else {
            self.refuse_lockout(entry.store)?;
        }
        held
    }

    /// Whoever could open a store so far is not locked out because a list of keys has got lost.
    fn refuse_lockout(&mut self, store: StoreKind) -> Result<()> {
        if self.flags.yes || self.flags.is_plan() {
            return Ok(());
        }
        let Some(locked_out) = self.access().locked_out(store)? else {
            return self.tell_of_readers(store);
        };
        if locked_out.is_empty() {
            return Ok(());
        }
        Err(Error::failed(format!(
            "the {} would no longer open for {}",
            store.in_words(),
            list(&locked_out)
        ))
        .at(Place::file(folder(self.home()).join("recipients")))
        .hint("add what is missing there, or take it out for good with `--yes`"))
    }

    /// A file of another program does not say who else can open it.
    fn tell_of_readers(&mut self, store: StoreKind) -> Result<()> {
        if !self.is_news("readers") {
            return Ok(());
        }
        let readers = self.access().readers(store)?;
        self.warn(&format!(
            "credsh did not write the {}, and once it does, that opens for nobody but {}",
            store.in_words(),
            list(&readers)
        ));
        Ok(())
    }

    /// The keyring where one answers, else the sealed file.
    fn best_store(&mut self, registry: &Registry, label: &Label) -> Result<StoreKind> {
        let keyring = keeper_of(StoreKind::Keyring, label);
        // One that is locked is as none: its owner is asked where it was chosen.
        let no_input = std::mem::replace(&mut self.flags.no_input, true);
        let held = self.held(&keyring, registry);
        self.flags.no_input = no_input;
        match held {
            Ok(_) => Ok(StoreKind::Keyring),
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.warn(&format!("the token goes to the sealed file: {error}"));
                Ok(StoreKind::Sealed)
            }
        }
    }
}

/// The provider of one item: credsh itself, asked for that very item.
pub fn keeper(entry: &Entry) -> Provider {
    keeper_of(entry.store, &entry.label)
}

fn keeper_of(store: StoreKind, label: &Label) -> Provider {
    let words = ["credsh", ITEM, store.name(), label.as_str()];
    let command: Vec<String> = words.iter().map(ToString::to_string).collect();
    Provider {
        written: command.clone(),
        command,
        kind: Kind::Own,
        place: None,
        is_credsh: false,
    }
}

/// The label of an item of the sealed file.
pub(super) fn sealed_label(keeper: &Provider) -> Option<&str> {
    match item_of(keeper) {
        Some((StoreKind::Sealed, label)) => Some(label),
        _ => None,
    }
}

/// Where an item of ours is, and its label.
pub(super) fn item_of(keeper: &Provider) -> Option<(StoreKind, &str)> {
    match keeper.command.as_slice() {
        [_, item, store, label] if keeper.kind == Kind::Own && item == ITEM => {
            Some((StoreKind::named(store)?, label))
        }
        _ => None,
    }
}

/// The registry of a token, whatever the configuration calls it now.
pub fn registry_of(entry: &Entry) -> Result<Registry> {
    let index: IndexUrl = entry.index.parse()?;
    Ok(Registry {
        name: entry.registry.as_deref().and_then(|name| name.parse().ok()),
        is_crates_io: index.is_crates_io(),
        index,
        place: None,
        key: None,
        notes: Vec::new(),
    })
}
