//! Registry names, and the environment variables that belong to a key.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What crates.io is called on Cargo's command line.
pub const CRATES_IO: &str = "crates-io";

/// What to write.
const NAME_FORM: &str = "a name is letters, digits, `-` and `_`, as `my-corp`; an index URL begins with `sparse+https://`";

/// A name that Cargo accepts for a registry (9).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryName(String);

impl RegistryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is crates.io's.
    pub fn is_crates_io(&self) -> bool {
        self.0 == CRATES_IO
    }
}

impl FromStr for RegistryName {
    type Err = Error;

    /// The message names the character and its position, never the text: it may be a token that was
    /// pasted at the wrong place.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |index: usize, c: char, reason: &str| {
            Err(Error::usage(format!(
                "a registry's name cannot have `{}` as its character {}: {reason}",
                c.escape_default(),
                index + 1
            ))
            .hint(NAME_FORM))
        };
        for (index, c) in text.chars().enumerate() {
            match c {
                '0'..='9' if index == 0 => return wrong(index, c, "it cannot start with a digit"),
                '_' => {}
                '-' if index > 0 => {}
                c if index == 0 && !unicode_ident::is_xid_start(c) => {
                    return wrong(index, c, "it starts with a letter or `_`");
                }
                c if index > 0 && !unicode_ident::is_xid_continue(c) => {
                    return wrong(index, c, "only letters, digits, `-` and `_` are allowed");
                }
                _ => {}
            }
        }
        if text.is_empty() {
            return Err(Error::usage("a registry's name cannot be empty").hint(NAME_FORM));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The environment variable of a key of Cargo's configuration (3): upper case, `-` as `_`.
pub fn variable(key: &[&str]) -> String {
    let mut name = String::from("CARGO");
    for part in key {
        name.push('_');
        name.push_str(part);
    }
    name.to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::{RegistryName, variable};

    #[test]
    fn names_are_what_cargo_accepts() {
        for good in ["corp", "my-corp", "_x", "a1", "größe", "x_y-z"] {
            assert!(good.parse::<RegistryName>().is_ok(), "{good}");
        }
        for (bad, says) in [
            ("", "empty"),
            ("1a", "`1` as its character 1"),
            ("-a", "`-` as its character 1"),
            ("a.b", "`.` as its character 2"),
            ("a b", "` ` as its character 2"),
            ("a\nb", "`\\n` as its character 2"),
        ] {
            let error = bad.parse::<RegistryName>().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn variables_follow_cargos_mapping() {
        assert_eq!(
            variable(&["registries", "my-corp", "token"]),
            "CARGO_REGISTRIES_MY_CORP_TOKEN"
        );
        assert_eq!(
            variable(&["registry", "credential-provider"]),
            "CARGO_REGISTRY_CREDENTIAL_PROVIDER"
        );
    }
}
