//! The chain: which credential providers Cargo asks for a registry, in which order, and why.
//!
//! Pure: nothing is started, nothing is asked. The warnings are those that Cargo prints.

use std::fmt;

use serde::{Serialize, Serializer};

use super::config::{Config, Found, View};
use super::programs;
use super::registry::Registry;
use super::settings;
use crate::error::{Error, Place, Result};
use crate::token::{no_argument, stands_for_a_program};

/// The chain of all registries that have none of their own.
const GLOBAL: [&str; 2] = ["registry", "global-credential-providers"];

/// What performs a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `cargo:token`: Cargo's own files and variables.
    Token,
    /// `cargo:token-from-stdout`: a program that prints the token.
    TokenFromStdout,
    /// `cargo:libsecret`: the Secret Service, on Linux.
    Libsecret,
    /// `cargo:macos-keychain`.
    MacosKeychain,
    /// `cargo:wincred`.
    Wincred,
    /// `cargo:paseto`: unstable, refused by a stable Cargo.
    Paseto,
    /// A program that speaks the credential provider protocol.
    Plugin,
    /// One item of credsh's own stores; in no configuration.
    Own,
}

/// Names, as they stand in a configuration.
const BUILT_IN: [(&str, Kind); 6] = [
    ("cargo:token", Kind::Token),
    ("cargo:paseto", Kind::Paseto),
    ("cargo:token-from-stdout", Kind::TokenFromStdout),
    ("cargo:wincred", Kind::Wincred),
    ("cargo:macos-keychain", Kind::MacosKeychain),
    ("cargo:libsecret", Kind::Libsecret),
];

impl Kind {
    /// The names of the providers that are built into Cargo, except the unstable one.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN
            .iter()
            .filter(|(_, kind)| *kind != Self::Paseto)
            .map(|(name, _)| *name)
    }

    /// What the first word of a provider stands for; any other `cargo:` name is started as a program (17).
    pub fn of(word: &str) -> Self {
        BUILT_IN
            .iter()
            .find(|(name, _)| *name == word)
            .map_or(Self::Plugin, |(_, kind)| *kind)
    }

    /// Whether Cargo on this system passes it over with `url-not-supported` (17).
    pub fn is_foreign(self) -> bool {
        match self {
            Self::Libsecret => !cfg!(target_os = "linux"),
            Self::MacosKeychain => !cfg!(target_os = "macos"),
            Self::Wincred => !cfg!(windows),
            _ => false,
        }
    }

    /// Whether it keeps tokens as plain text on disk; `None` where only its author knows.
    fn is_plain_text(self) -> Option<bool> {
        match self {
            Self::Token => Some(true),
            Self::Libsecret | Self::MacosKeychain | Self::Wincred | Self::Paseto | Self::Own => {
                Some(false)
            }
            Self::TokenFromStdout | Self::Plugin => None,
        }
    }

    /// Whether it takes a token to keep; `None` where only asking would tell.
    fn can_login(self) -> Option<bool> {
        match self {
            Self::Token | Self::Libsecret | Self::MacosKeychain | Self::Wincred | Self::Own => {
                Some(true)
            }
            Self::TokenFromStdout | Self::Paseto => Some(false),
            Self::Plugin => None,
        }
    }
}

/// One provider of a chain.
#[derive(Debug, Clone)]
pub struct Provider {
    /// What Cargo performs: aliases resolved, a relative program made absolute.
    pub command: Vec<String>,
    /// What stands in the configuration.
    pub written: Vec<String>,
    /// What performs it.
    pub kind: Kind,
    /// Where it is configured; `None` is Cargo's own default.
    pub place: Option<Place>,
    /// Whether it is credsh itself, by whatever path.
    pub is_credsh: bool,
}

impl Provider {
    /// Whether it keeps tokens as plain text on disk; `None` where only its author knows.
    pub fn is_plain_text(&self) -> Option<bool> {
        self.as_known().is_plain_text()
    }

    /// Whether it takes a token to keep; `None` where only asking would tell.
    pub fn can_login(&self) -> Option<bool> {
        self.as_known().can_login()
    }

    /// Whether it is credsh, or was before that went elsewhere: of its name, and no program is there.
    pub fn is_or_was_credsh(&self, config: &Config) -> bool {
        let program = &self.command[0];
        self.is_credsh
            || programs::is_called_credsh(program) && programs::find(config, program).is_none()
    }

    /// Its kind, where of all plugins it is the one that is known.
    fn as_known(&self) -> Kind {
        if self.is_credsh { Kind::Own } else { self.kind }
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind {
            // How credsh asks itself for one of its own tokens is of no use to anybody.
            Kind::Own => self.command[..1].serialize(serializer),
            _ => self.command.serialize(serializer),
        }
    }
}

/// As Cargo prints it: the words, joined by spaces.
impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Own => f.write_str(&self.command[0]),
            _ => f.write_str(&self.command.join(" ")),
        }
    }
}

/// Where a chain comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The registry's own `credential-provider`.
    Registry,
    /// `registry.global-credential-providers`.
    Global,
    /// Nothing is configured: `cargo:token` (14).
    Default,
}

/// The providers in the order tried.
#[derive(Debug, Clone)]
pub struct Chain {
    /// At least one.
    pub providers: Vec<Provider>,
    /// Where they come from.
    pub origin: Origin,
    /// What Cargo, or anyone who knows it, would warn of.
    pub warnings: Vec<String>,
}

impl Chain {
    /// The chain of a registry.
    pub fn of(config: &Config, registry: &Registry) -> Result<Self> {
        settings::check(config, registry)?;
        let mut warnings = Vec::new();
        let global = Self::global(config, &mut warnings)?;
        let own = match registry.setting("credential-provider") {
            Some(key) => config.words(&key)?,
            None => None,
        };
        let Some(words) = own else {
            let mut chain = global;
            chain.warnings = warnings;
            if !chain
                .providers
                .iter()
                .any(|provider| provider.kind == Kind::Token)
            {
                chain.warn_of_unused_token(
                    config,
                    registry,
                    "`cargo:token` is not in `registry.global-credential-providers`",
                );
            }
            return Ok(chain);
        };
        if words.is_random {
            warnings.push(format!(
                "two config files give arrays for the provider of {}; Cargo joins them or takes the nearer, differently from run to run",
                registry.label()
            ));
        }
        let provider = resolve(config, &words.words, &words.place, &mut warnings);
        let mut chain = Self {
            providers: vec![provider],
            origin: Origin::Registry,
            warnings,
        };
        if chain.providers[0].command[0] != "cargo:token" {
            let reason = format!(
                "the provider of this registry is `{}`",
                chain.providers[0].command[0]
            );
            chain.warn_of_unused_token(config, registry, &reason);
        }
        Ok(chain)
    }

    /// The keys that make it what it is, whether there is anything under them or not.
    pub fn keys(&self, registry: &Registry) -> Vec<Vec<String>> {
        let owned = |key: Vec<&str>| key.into_iter().map(ToOwned::to_owned).collect();
        let own = registry.setting("credential-provider").map(owned);
        let global = (self.origin != Origin::Registry).then(|| owned(GLOBAL.to_vec()));
        let aliases =
            self.providers
                .iter()
                .filter_map(|provider| match provider.written.as_slice() {
                    [name] => Some(owned(alias_key(name))),
                    _ => None,
                });
        own.into_iter().chain(global).chain(aliases).collect()
    }

    /// Whether a provider of this kind is in it.
    pub fn has(&self, kind: Kind) -> bool {
        self.providers.iter().any(|provider| provider.kind == kind)
    }

    /// The global chain, in the order tried: the last entry first (14).
    pub fn global(config: &Config, warnings: &mut Vec<String>) -> Result<Self> {
        let listed = config.joined(&GLOBAL)?;
        let (origin, providers) = if listed.is_empty() {
            (Origin::Default, vec![built_in_token()])
        } else {
            let resolve_one = |Found { value, place }: &Found<String>| {
                let words: Vec<String> = value
                    .split_ascii_whitespace()
                    .map(ToOwned::to_owned)
                    .collect();
                let words = if words.is_empty() {
                    vec![String::new()]
                } else {
                    words
                };
                resolve(config, &words, place, warnings)
            };
            (
                Origin::Global,
                listed.iter().rev().map(resolve_one).collect(),
            )
        };
        Ok(Self {
            providers,
            origin,
            warnings: Vec::new(),
        })
    }

    fn warn_of_unused_token(&mut self, config: &Config, registry: &Registry, reason: &str) {
        let Some(key) = registry.setting("token") else {
            return;
        };
        if let Some(found) = config.all(&key, View::All).first() {
            self.warnings.push(format!(
                "Cargo ignores the token in {}, because {reason}",
                found.place
            ));
        }
    }
}

fn built_in_token() -> Provider {
    let words = vec!["cargo:token".to_owned()];
    Provider {
        command: words.clone(),
        written: words,
        kind: Kind::Token,
        place: None,
        is_credsh: false,
    }
}

/// Looks a single word up in `[credential-alias]` (16), and makes a relative program absolute (8).
pub fn resolve(
    config: &Config,
    written: &[String],
    place: &Place,
    warnings: &mut Vec<String>,
) -> Provider {
    let (mut command, mut root) = (written.to_vec(), place.clone());
    if let [name] = written {
        // Cargo takes a malformed alias for none.
        if let Ok(Some(alias)) = config.words(&alias_key(name)) {
            if Kind::of(name) == Kind::Plugin {
                if alias.is_random {
                    warnings.push(format!(
                        "two config files give arrays for the alias `{name}`; Cargo joins them or takes the nearer, differently from run to run"
                    ));
                }
                (command, root) = (alias.words, alias.place);
            } else {
                warnings.push(format!(
                    "Cargo ignores the alias `{name}` in {}, because it has the name of a built-in provider",
                    alias.place
                ));
            }
        }
    }
    let kind = Kind::of(&command[0]);
    if kind == Kind::Plugin && is_path(&command[0]) {
        command[0] = config
            .root_of(&root)
            .join(&command[0])
            .display()
            .to_string();
    }
    Provider {
        is_credsh: kind == Kind::Plugin && programs::is_credsh(config, &command[0]),
        command,
        written: written.to_vec(),
        kind,
        place: Some(place.clone()),
    }
}

/// A dot in a name is another table (16).
fn alias_key(name: &str) -> Vec<&str> {
    std::iter::once("credential-alias")
        .chain(name.split('.'))
        .collect()
}

fn is_path(program: &str) -> bool {
    program.contains('/') || (cfg!(windows) && program.contains('\\'))
}

/// An empty program name is started too, and fails (6).
pub fn check_spec(words: &[String]) -> Result<()> {
    match words.first() {
        Some(first) if stands_for_a_program(first) => {
            Err(no_argument("name a provider: `provider list` shows some"))
        }
        Some(first) if !first.is_empty() => Ok(()),
        _ => Err(Error::usage("a provider needs a name or a program")
            .hint("`provider list` shows some; every system has `cargo:token`")),
    }
}
