//! One registry looked at from all sides: what `why`, `status`, `registry list` and `token show` all tell.

use super::chain::{Chain, Kind as ProviderKind, Origin};
use super::config::{Config, View};
use super::index_url::IndexUrl;
use super::providers::{self, Answer, KnownAnswer, Operation, Outcome, Request, Step, os};
use super::registry::{Registry, Wanted};
use super::settings;
use crate::disk::tree::Node;
use crate::error::{Error, Kind, Place, Result};
use crate::token::Scheme;

/// A registry, its chain, and how each provider answered.
#[derive(Debug)]
pub struct Inspection {
    /// The registry.
    pub registry: Registry,
    /// Its chain.
    pub chain: Chain,
    /// What came of each provider.
    pub steps: Vec<Step>,
    /// What may hurt.
    pub warnings: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
}

impl Inspection {
    /// Looks; starts programs only if that is allowed.
    pub fn of(
        config: &Config,
        wanted: &Wanted,
        operation: &Operation,
        may_ask: bool,
    ) -> Result<Self> {
        Self::with(config, wanted, operation, may_ask, Vec::new())
    }

    /// The same, where what credsh itself will answer is known already.
    pub fn with(
        config: &Config,
        wanted: &Wanted,
        operation: &Operation,
        may_ask: bool,
        own: Vec<KnownAnswer>,
    ) -> Result<Self> {
        let registry = Registry::resolve(config, wanted)?;
        let chain = Chain::of(config, &registry)?;
        let request = Request {
            registry: &registry,
            operation: operation.clone(),
            may_ask,
            own,
        };
        let steps = providers::walk(config, &chain, &request);
        // Ctrl-C ends what asks, not only the one that was asked.
        let errors = || steps.iter().filter_map(|step| step.error.as_ref());
        if let Some(error) = errors().find(|error| error.kind() == Kind::Interrupted) {
            return Err(error.clone());
        }
        let remarks = steps.iter().flat_map(|step| &step.remarks);
        let mut inspection = Self {
            notes: registry.notes.clone(),
            warnings: chain.warnings.iter().chain(remarks).cloned().collect(),
            registry,
            chain,
            steps,
        };
        inspection.look_around(config);
        Ok(inspection)
    }

    /// The token that Cargo would use, if it is known.
    pub fn answer(&self) -> Option<&Answer> {
        self.winner().and_then(|step| step.answer.as_ref())
    }

    /// The step that has the token, unless one that was not asked stands before it.
    pub fn winner(&self) -> Option<&Step> {
        if self.is_unknown() {
            return None;
        }
        self.steps.iter().find(|step| step.answer.is_some())
    }

    /// Whether only asking would tell.
    pub fn is_unknown(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.outcome == Outcome::WouldAsk)
    }

    /// Whether Cargo would find a token; `None` where only asking would tell, or nobody can say.
    pub fn is_logged_in(&self) -> Option<bool> {
        if self.is_unknown() || self.obstacle().is_some() {
            None
        } else {
            Some(self.answer().is_some())
        }
    }

    /// Why nobody can say whether there is a token: a store that is locked, fails or does not answer, and no
    /// other that has one.
    pub fn obstacle(&self) -> Option<Error> {
        let failed = self.steps.iter().find(|step| step.error.is_some());
        match (self.answer(), failed) {
            (Some(_), _) => None,
            (None, Some(step)) => step
                .error
                .clone()
                .filter(|error| is_obstacle(step, error.kind())),
            (None, None) => self
                .steps
                .iter()
                .find(|step| step.outcome == Outcome::Locked)
                .map(|step| os::locked(&step.provider)),
        }
    }

    /// The failure that stopped the chain.
    pub fn error(&self) -> Option<&Error> {
        self.steps.iter().find_map(|step| step.error.as_ref())
    }

    fn look_around(&mut self, config: &Config) {
        let subject = self
            .registry
            .table()
            .map(|table| table.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>());
        let table: Vec<&str> = subject.iter().flatten().map(String::as_str).collect();
        if !table.is_empty() {
            self.near_misses(config, &table);
            self.unused_keys(config, &table);
            self.about_tokens(config, &table);
        }
        for doubled in config.doubled() {
            self.warnings.push(format!(
                "Cargo reads `{}` and ignores `{}`",
                doubled.used.display(),
                doubled.ignored.display()
            ));
        }
        // The other stores go by the index.
        if self
            .chain
            .providers
            .iter()
            .any(|one| one.kind == ProviderKind::Token)
        {
            self.warnings.extend(moved_index(config, &self.registry));
        }
        if self.chain.origin == Origin::Default && !self.registry.is_crates_io {
            self.notes.push(
                "no credential provider is configured; Cargo refuses a registry with `auth-required` until one is: `provider add cargo:token`"
                    .to_owned(),
            );
        }
    }

    /// Variables that are almost right (3).
    fn near_misses(&mut self, config: &Config, table: &[&str]) {
        for setting in ["index", "token", "credential-provider"] {
            let mut key = table.to_vec();
            key.push(setting);
            for name in config.near_misses(&key) {
                let right = super::name::variable(&key);
                self.warnings.push(format!(
                    "Cargo ignores the variable `{name}`; the name that it reads is `{right}`"
                ));
            }
        }
    }

    /// Keys that Cargo does not know, mostly misspelt.
    fn unused_keys(&mut self, config: &Config, table: &[&str]) {
        for layer in config.files() {
            for (key, entry) in layer.table(table).into_iter().flatten() {
                if !settings::is_known(&self.registry, key) {
                    self.warnings.push(format!(
                        "Cargo does not know the key `{key}` in {}",
                        layer.place(entry)
                    ));
                }
            }
        }
    }

    fn about_tokens(&mut self, config: &Config, table: &[&str]) {
        let mut key = table.to_vec();
        key.push("token");
        for found in config.all(&key, View::All) {
            let Node::Secret(token) = &found.value else {
                continue;
            };
            if let Err(error) = token.clone().checked() {
                self.warnings.push(format!(
                    "Cargo cannot send the token in {}: {}",
                    found.place,
                    error.message()
                ));
            } else if let Some(scheme) = Scheme::doubled(token) {
                self.warnings.push(format!(
                    "the token in {} has the scheme `{scheme}` twice",
                    found.place
                ));
            }
            if let Some(file) = found.place.as_file()
                && let Some(mode) = wide_mode(file)
            {
                self.warnings.push(format!(
                    "other users can read the token in `{}` (mode {mode:04o}): `chmod 600` it",
                    file.display()
                ));
            }
        }
    }

    /// Where a token that is not the one used stands, by whom it is hidden, and why.
    pub fn shadowed(&self, config: &Config) -> Vec<Shadowed> {
        let mut shadowed = Vec::new();
        for setting in ["index", "credential-provider", "token"] {
            let Some(key) = self.registry.setting(setting) else {
                continue;
            };
            if self.registry.is_crates_io && setting == "index" {
                continue;
            }
            let view = View::of(&key);
            let mut found = config.all(&key, view).into_iter();
            let winner = found.next().map(|winner| winner.place);
            let is_unused = setting == "token"
                && !self
                    .chain
                    .providers
                    .iter()
                    .any(|p| p.kind == ProviderKind::Token);
            if let (true, Some(place)) = (is_unused, winner.clone()) {
                let reason = "the chain does not contain `cargo:token`".to_owned();
                shadowed.push(Shadowed {
                    what: key.join("."),
                    place,
                    by: None,
                    reason,
                });
            }
            for loser in found {
                let reason = match &winner {
                    Some(Place::Env(_)) => "variables win over files",
                    Some(place) if place.as_file() == Some(config.credentials_file().as_path()) => {
                        "the credentials file wins over config files"
                    }
                    _ => "the nearer file wins",
                };
                shadowed.push(Shadowed {
                    what: key.join("."),
                    place: loser.place,
                    by: winner.clone(),
                    reason: reason.to_owned(),
                });
            }
        }
        if self.chain.origin == Origin::Registry
            && let Ok(listed) = config.joined(&["registry", "global-credential-providers"])
        {
            let mut places: Vec<&Place> = Vec::new();
            for found in &listed {
                if places.contains(&&found.place) {
                    continue;
                }
                places.push(&found.place);
                shadowed.push(Shadowed {
                    what: "registry.global-credential-providers".to_owned(),
                    place: found.place.clone(),
                    by: self.chain.providers[0].place.clone(),
                    reason: "a registry's own provider is the only one asked".to_owned(),
                });
            }
        }
        shadowed
    }
}

/// Whether a failure leaves open what a store holds. Our own say what they mean, and have not looked where the ledger
/// is damaged; a program of somebody else's that fails has not said that there is nothing.
fn is_obstacle(step: &Step, kind: Kind) -> bool {
    let is_program = matches!(
        step.provider.kind,
        ProviderKind::Plugin | ProviderKind::TokenFromStdout
    );
    let is_silent = step.outcome == Outcome::Error && is_program && !step.provider.is_credsh;
    match kind {
        Kind::Unavailable => true,
        Kind::Malformed => step.provider.is_credsh,
        Kind::Failed => is_silent,
        _ => false,
    }
}

/// A project that gives a registry of home's another index: `cargo:token` goes by the name, so home's token
/// is sent to the project's host (12).
pub fn moved_index(config: &Config, registry: &Registry) -> Option<String> {
    let key = registry
        .setting("index")
        .filter(|_| !registry.is_crates_io)?;
    let mut found = config.all(&key, View::Config).into_iter();
    let (winner, hidden) = (found.next()?, found.last()?);
    let canonical = |node: &Node| match node {
        Node::Text(text) => text.parse::<IndexUrl>().ok()?.canonical().ok(),
        _ => None,
    };
    (canonical(&winner.value) != canonical(&hidden.value)).then(|| {
        format!(
            "the index in {} hides another one in {}, and the token of {} goes to the former",
            winner.place,
            hidden.place,
            registry.label()
        )
    })
}

/// A value that does not count.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shadowed {
    /// Its key.
    pub what: String,
    /// Where it stands.
    pub place: Place,
    /// What counts instead.
    pub by: Option<Place>,
    /// Why.
    pub reason: String,
}

/// The mode of a file that others than its owner may read.
#[cfg(unix)]
fn wide_mode(file: &std::path::Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    (mode & 0o044 != 0).then_some(mode)
}

/// Elsewhere a file's mode says nothing about its readers.
#[cfg(not(unix))]
fn wide_mode(_file: &std::path::Path) -> Option<u32> {
    None
}
