//! The net effect of a session in calls, in an order in which each finds what it needs: on an empty Cargo home a
//! token of `cargo:token` can be stored as long as no other provider is set, so providers come last.

use std::collections::{BTreeMap, BTreeSet};

use super::login::Login;
use super::net::Net;
use super::text::{Script, may_hold_token, quoted, spec, words_of};
use crate::cargo::chain::{Kind, resolve};
use crate::cargo::config::View;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::name::RegistryName;
use crate::cargo::registry::{Registry, Wanted};
use crate::commands::args::CREDSH;
use crate::disk::tree::Node;
use crate::error::{Place, Result};
use crate::session::change::{After, FileChange, ItemChange, Wish};
use crate::session::{Recording, Session};
use crate::token::Token;

const CRATES_IO: &str = "crates-io";

/// The script of a recording, for a session that stands where it has led to.
pub(super) fn of(session: &mut Session, recording: &Recording) -> Result<Script> {
    session.refresh();
    let changes = recording.changes();
    let mut script = Script::default();
    let net = Net::of(session, &changes, &mut script)?;
    Writer {
        session,
        recording,
        script,
        net,
    }
    .write()
}

struct Writer<'s, 'a> {
    session: &'s mut Session,
    recording: &'a Recording,
    script: Script,
    net: Net<'a>,
}

impl Writer<'_, '_> {
    fn write(mut self) -> Result<Script> {
        self.aliases();
        self.removed();
        self.kept_tokens()?;
        let names = self.names()?;
        for name in &names {
            self.registry(name)?;
        }
        let own = self.logins(&names)?;
        self.providers(&names, &own)?;
        self.default(&names);
        self.chain()?;
        Ok(self.script)
    }

    fn aliases(&mut self) {
        for (name, change) in std::mem::take(&mut self.net.aliases) {
            match words_of(change.after.node()) {
                Some(words) if words.iter().any(|word| may_hold_token(word)) => {
                    let what = format!("the alias `{name}`");
                    self.script.lacks(&what, "a word of it may be a token");
                }
                Some(words) => {
                    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                    let words = words.join(", ");
                    self.script.call(format!(
                        "alias::set({}, #{{ rest: [{words}] }})",
                        quoted(name)
                    ));
                }
                None => self
                    .script
                    .remove(&format!("alias::remove({})", quoted(name))),
            }
        }
    }

    /// Registries that were there before.
    fn removed(&mut self) {
        let is_removed = |settings: &BTreeMap<&str, &FileChange>| {
            let index = settings.get("index");
            index.is_some_and(|change| change.before.is_some() && change.after.node().is_none())
        };
        let removed: Vec<&str> = self
            .net
            .registries
            .iter()
            .filter(|(_, settings)| is_removed(settings))
            .map(|(name, _)| *name)
            .collect();
        for name in removed {
            let keeps = self.token_of(name).is_some();
            let options = if keeps { ", #{ keep_token: true }" } else { "" };
            self.script
                .remove(&format!("registry::remove({}{options})", quoted(name)));
        }
    }

    fn token_of(&self, name: &str) -> Option<&Token> {
        let change = if name == CRATES_IO {
            self.net.crates_io.get("token")
        } else {
            self.net.registries.get(name)?.get("token")
        };
        match change?.after.node() {
            Some(Node::Secret(token)) => Some(token),
            _ => None,
        }
    }

    /// Where a registry points now, if it is configured; without what could be a password.
    fn index_of(&mut self, name: &str) -> Result<Option<String>> {
        let found = self
            .session
            .config()?
            .text(&["registries", name, "index"], View::Config)?;
        Ok(found.map(|found| found.value))
    }

    /// Tokens of registries that are not configured any more: each has one for as long as it is stored.
    fn kept_tokens(&mut self) -> Result<()> {
        let names: Vec<String> = self
            .net
            .registries
            .keys()
            .map(ToString::to_string)
            .collect();
        for name in names {
            if self.index_of(&name)?.is_some() || self.token_of(&name).is_none() {
                continue;
            }
            let index = format!(
                "sparse+https://{}.invalid/",
                name.to_lowercase().replace('_', "-")
            );
            let name_text = quoted(&name);
            self.script
                .call(format!("registry::add({name_text}, {})", quoted(&index)));
            let login = Login {
                registry: name.clone(),
                provider: None,
                token: self.token_of(&name),
                args: &[],
                entry: None,
            };
            let call = login.call(self.recording);
            self.script.login(call);
            self.script.call(format!(
                "registry::remove({name_text}, #{{ keep_token: true }})"
            ));
        }
        Ok(())
    }

    /// The registries that the script is about and that there are now.
    fn names(&mut self) -> Result<Vec<String>> {
        let mut names: BTreeSet<String> = self
            .net
            .registries
            .keys()
            .map(ToString::to_string)
            .collect();
        if let Some(Node::Text(name)) = self.net.default.and_then(|change| change.after.node()) {
            names.insert(name.clone());
        }
        let indexes: Vec<String> = self
            .net
            .items
            .iter()
            .map(|item| item.registry.index_for_provider().to_owned())
            .chain(self.net.ledger.iter().map(|(index, _)| (*index).to_owned()))
            .collect();
        for index in indexes {
            names.extend(self.name_of(&index)?);
        }
        let mut known = Vec::new();
        for name in names {
            if name != CRATES_IO && self.index_of(&name)?.is_some() {
                known.push(name);
            }
        }
        if !self.net.crates_io.is_empty() || self.is_default(CRATES_IO) {
            known.push(CRATES_IO.to_owned());
        }
        Ok(known)
    }

    fn is_default(&self, name: &str) -> bool {
        let after = self.net.default.and_then(|change| change.after.node());
        matches!(after, Some(Node::Text(default)) if default == name)
    }

    /// The name that an index has now.
    fn name_of(&mut self, index: &str) -> Result<Option<String>> {
        let config = self.session.config()?;
        let names = crate::cargo::registry::all_names(config)?;
        let is_it = |name: &RegistryName| {
            let registry = Registry::resolve(config, &Wanted::Name(name.clone()));
            registry.is_ok_and(|registry| registry.index_for_provider() == index)
        };
        Ok(names.into_iter().find(is_it).map(|name| name.to_string()))
    }

    fn registry(&mut self, name: &str) -> Result<()> {
        if name != CRATES_IO
            && let Some(index) = self.index_of(name)?
        {
            if IndexUrl::masked_text(&index) == index {
                self.script.call(format!(
                    "registry::add({}, {})",
                    quoted(name),
                    quoted(&index)
                ));
            } else {
                let what = format!("the registry `{name}`");
                self.script.lacks(&what, "its index has user-info");
            }
        }
        let settings = self.net.registries.get(name);
        let change = if name == CRATES_IO {
            self.net.crates_io.get("token")
        } else {
            settings.and_then(|settings| settings.get("token"))
        };
        if change.is_some_and(|change| matches!(change.after, After::Gone)) {
            self.script.call(format!("logout({})", quoted(name)));
        }
        Ok(())
    }

    /// Logins, first those of `cargo:token`. The answer is which provider they have set, by registry.
    fn logins(&mut self, names: &[String]) -> Result<BTreeMap<String, String>> {
        for name in names {
            if self.token_of(name).is_some() {
                let login = Login {
                    registry: name.clone(),
                    provider: None,
                    token: self.token_of(name),
                    args: &[],
                    entry: None,
                };
                let call = login.call(self.recording);
                self.script.login(call);
            }
        }
        let mut set = BTreeMap::new();
        let items = self.net.items.clone();
        let own = self.session.ledger()?.entries;
        for (index, label) in self.net.ledger.clone() {
            let entry = own
                .iter()
                .find(|entry| entry.index == index && entry.label.as_str() == label);
            let Some(name) = self.name_of(index)? else {
                if entry.is_some() {
                    let what = format!("the token `{label}` of {}", IndexUrl::masked_text(index));
                    self.script.lacks(&what, "its registry is not configured");
                }
                continue;
            };
            let Some(entry) = entry else {
                self.script.remove(&format!(
                    "token::remove({}, #{{ registry: {} }})",
                    quoted(label),
                    quoted(&name)
                ));
                continue;
            };
            let is_its = |item: &&&ItemChange| {
                item.registry.index_for_provider() == index
                    && crate::session::own::keeper(entry).command == item.provider.command
            };
            let login = Login {
                provider: Some(CREDSH.to_owned()),
                token: items.iter().find(is_its).and_then(|item| token_in(item)),
                args: &[],
                entry: Some(entry.clone()),
                registry: name.clone(),
            };
            let call = login.call(self.recording);
            self.script.login(call);
            set.insert(name, CREDSH.to_owned());
        }
        for item in items.iter().filter(|item| item.provider.kind != Kind::Own) {
            let name = self.name_of(item.registry.index_for_provider())?;
            let what = || {
                format!(
                    "the token of {} in `{}`",
                    item.registry.label(),
                    item.provider
                )
            };
            match (
                &item.after,
                name,
                spec(self.session.config()?, &item.provider),
            ) {
                (Wish::Logout { .. }, Some(name), _) => {
                    self.script.call(format!("logout({})", quoted(&name)));
                }
                (Wish::Logout { .. }, None, _) => {}
                (Wish::Login { args, .. }, Some(name), Some(spec)) => {
                    let login = Login {
                        provider: Some(spec.clone()),
                        token: token_in(item),
                        args,
                        entry: None,
                        registry: name.clone(),
                    };
                    let call = login.call(self.recording);
                    self.script.login(call);
                    set.insert(name, spec);
                }
                (Wish::Login { .. }, None, _) => {
                    self.script.lacks(&what(), "its registry is not configured");
                }
                (Wish::Login { .. }, _, None) => {
                    self.script
                        .lacks(&what(), "a word of the provider may be a token");
                }
            }
        }
        Ok(set)
    }

    /// Each registry's own provider, as it is in the end.
    fn providers(&mut self, names: &[String], set: &BTreeMap<String, String>) -> Result<()> {
        for name in names {
            let key: &[&str] = if name == CRATES_IO {
                &["registry", "credential-provider"]
            } else {
                &["registries", name, "credential-provider"]
            };
            let change = if name == CRATES_IO {
                self.net.crates_io.get("credential-provider")
            } else {
                let settings = self.net.registries.get(name.as_str());
                settings.and_then(|settings| settings.get("credential-provider"))
            };
            if change.is_none() && !set.contains_key(name) {
                continue;
            }
            let words = self.session.config()?.words(key)?;
            let written = words.map(|words| self.spec_of(&words.words, &words.place));
            let is_set = |spec: &String| set.get(name) == Some(spec);
            match written.transpose()? {
                Some(Some(spec)) if is_set(&spec) => {}
                Some(Some(spec)) => self.script.call(format!(
                    "registry::set({}, #{{ provider: {} }})",
                    quoted(name),
                    quoted(&spec)
                )),
                Some(None) => {
                    let what = format!("the provider of `{name}`");
                    self.script.lacks(&what, "a word of it may be a token");
                }
                None => self.script.call(format!(
                    "registry::set({}, #{{ no_provider: true }})",
                    quoted(name)
                )),
            }
        }
        Ok(())
    }

    fn default(&mut self, names: &[String]) {
        let Some(change) = self.net.default else {
            return;
        };
        let (name, option) = match (change.after.node(), &change.before) {
            (Some(Node::Text(name)), _) => (name, "make_default"),
            (None, Some(Node::Text(name))) => (name, "no_default"),
            _ => return,
        };
        if names.contains(name) {
            self.script.call(format!(
                "registry::set({}, #{{ {option}: true }})",
                quoted(name)
            ));
        } else if option == "make_default" {
            let what = format!("the default registry `{name}`");
            self.script.lacks(&what, "it is not configured");
        }
    }

    /// The global chain, in the order tried.
    fn chain(&mut self) -> Result<()> {
        let Some(change) = self.net.chain else {
            return Ok(());
        };
        let place = Place::file(&change.file);
        let listed = |node: Option<&Node>| {
            let mut entries = words_of(node).unwrap_or_default();
            entries.reverse();
            entries
        };
        let (before, after) = (listed(change.before.as_ref()), listed(change.after.node()));
        let plain = "cargo:token".to_owned();
        // The first that is added to an unset chain would bring it along.
        let helps = !after.is_empty() && !after.contains(&plain);
        let added = if helps {
            vec![plain.clone()]
        } else {
            Vec::new()
        };
        for entry in added.iter().chain(&after) {
            let words: Vec<String> = entry.split_whitespace().map(ToOwned::to_owned).collect();
            match self.spec_of(&words, &place)? {
                Some(spec) => self.script.call(format!(
                    "provider::add({}, #{{ last: true }})",
                    quoted(&spec)
                )),
                None => self.script.lacks(
                    "a provider of the global chain",
                    "a word of it may be a token",
                ),
            }
        }
        for entry in before
            .iter()
            .chain(&added)
            .filter(|entry| !after.contains(entry))
        {
            let words: Vec<String> = entry.split_whitespace().map(ToOwned::to_owned).collect();
            if let Some(spec) = self.spec_of(&words, &place)? {
                self.script
                    .remove(&format!("provider::remove({})", quoted(&spec)));
            }
        }
        Ok(())
    }

    /// A provider of the configuration in one word.
    fn spec_of(&mut self, words: &[String], place: &Place) -> Result<Option<String>> {
        if words.is_empty() {
            return Ok(None);
        }
        let config = self.session.config()?;
        let provider = resolve(config, words, place, &mut Vec::new());
        Ok(spec(config, &provider))
    }
}

fn token_in(item: &ItemChange) -> Option<&Token> {
    match &item.after {
        Wish::Login { token, .. } => token.as_ref(),
        Wish::Logout { .. } => None,
    }
}
