//! Looking at a registry from all sides, with what is pending: of credsh's own tokens, too, which credsh as a provider
//! would not see before they are written.

use super::Session;
use super::change::Change;
use super::overlay::Savepoint;
use super::own;
use crate::cargo::chain::{Chain, Provider};
use crate::cargo::config::Held;
use crate::cargo::inspection::Inspection;
use crate::cargo::providers::{Answer, KnownAnswer, Operation, Reply, Said, os};
use crate::cargo::registry::{Registry, Wanted};
use crate::error::Result;
use crate::stores::ledger::{self, Entry};
use crate::stores::routing::{Cache, candidates, route};
use crate::token::Token;

impl Session {
    /// Looks; starts programs only if that is allowed.
    pub fn inspect(
        &mut self,
        wanted: &Wanted,
        operation: &Operation,
        may_ask: bool,
    ) -> Result<Inspection> {
        let own = self.own_answers(wanted, operation, may_ask)?;
        Inspection::with(self.config()?, wanted, operation, may_ask, own)
    }

    /// What each credsh of the chain will answer once this transaction is written, as far as one of them has a token. Without
    /// one where that is what it would say now, or only asking would tell.
    fn own_answers(
        &mut self,
        wanted: &Wanted,
        operation: &Operation,
        may_ask: bool,
    ) -> Result<Vec<KnownAnswer>> {
        if self.overlay.is_empty() {
            return Ok(Vec::new());
        }
        let registry = Registry::resolve(self.config()?, wanted)?;
        if !self.changes_own(registry.index_for_provider()) {
            return Ok(Vec::new());
        }
        let chain = Chain::of(self.config()?, &registry)?;
        let mut answers = Vec::new();
        for provider in chain.providers.iter().filter(|one| one.is_credsh) {
            let Some(reply) = self.own_answer(&registry, provider, operation, may_ask)? else {
                continue;
            };
            let is_last = !matches!(
                &reply,
                Ok(Reply {
                    said: Said::NotFound,
                    ..
                })
            );
            answers.push((provider.command.clone(), reply));
            if is_last {
                break;
            }
        }
        Ok(answers)
    }

    fn own_answer(
        &mut self,
        registry: &Registry,
        provider: &Provider,
        operation: &Operation,
        may_ask: bool,
    ) -> Result<Option<Result<Reply>>> {
        let entries = match self.own_entries(registry, provider) {
            Ok(entries) => entries,
            Err(error) => return Ok(Some(Err(error))),
        };
        if !may_ask
            && let Some(first) = candidates(&entries, operation).first()
            && !self.is_known(first)?
        {
            return Ok(None);
        }
        let routed = route(&entries, Vec::new(), operation, &mut |entry| {
            self.pending_or_kept(entry)
        });
        for warning in routed.warnings {
            self.warn(&format!("credsh: {warning}"));
        }
        Ok(Some(routed.found.map(|found| {
            found
                .map_or(Said::NotFound, |found| answer(found, operation))
                .into()
        })))
    }

    /// Whether anything is pending for the tokens that credsh keeps for an index.
    fn changes_own(&self, index: &str) -> bool {
        let ledger = ledger::file(self.home());
        let is_of_it = |change: &Change| match change {
            Change::File(change) => {
                change.file == ledger && change.key.get(1).is_some_and(|key| key == index)
            }
            Change::Item(change) => {
                own::item_of(&change.provider).is_some()
                    && change.registry.index_for_provider() == index
            }
        };
        self.changes_since(Savepoint::START).iter().any(is_of_it)
    }

    /// Whether nobody has to be asked for a token.
    fn is_known(&mut self, entry: &Entry) -> Result<bool> {
        let registry = own::registry_of(entry)?;
        let held = self.config()?.pending_in(&own::keeper(entry), &registry);
        Ok(held.is_some_and(|held| !matches!(held, Held::Unknown)))
    }

    fn pending_or_kept(&mut self, entry: &Entry) -> Result<Option<Token>> {
        if !self.is_known(entry)? {
            self.access().ask(entry.store, false)?;
        }
        let keeper = own::keeper(entry);
        match self.ask(&keeper, &own::registry_of(entry)?)?.said {
            Said::Token(answer) => Ok(Some(answer.token)),
            Said::Locked => Err(os::locked(&keeper)),
            _ => Ok(None),
        }
    }
}

/// As credsh answers Cargo.
fn answer((entry, token): (Entry, Token), operation: &Operation) -> Said {
    Said::Token(Answer {
        token,
        place: None,
        cache: Cache::of(&entry, operation).name(),
        operation_independent: false,
    })
}
