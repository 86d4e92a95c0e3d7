//! The scheme that a server wants in front of a token. Cargo sends what is stored, verbatim
//! (`spec/cargo.md` 26), so the scheme has to be stored too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use serde::Serialize;

use super::Token;
use crate::error::{Error, Result};

/// How a token is spelt in the `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// The text alone, as crates.io wants it
    Raw,
    /// `Bearer TEXT`
    Bearer,
    /// `Basic` and base64 of `USER:PASSWORD`
    Basic,
    /// `Token TEXT`
    Token,
}

impl Scheme {
    /// The scheme that a stored text has already; `None` is raw.
    pub fn of(token: &Token) -> Option<Self> {
        let (word, rest) = token.expose().split_once(' ')?;
        let scheme = [Self::Bearer, Self::Basic, Self::Token]
            .into_iter()
            .find(|scheme| word.eq_ignore_ascii_case(scheme.word()))?;
        (!rest.trim().is_empty()).then_some(scheme)
    }

    /// Whether a text has blanks, as no token has, and no scheme that would be before one.
    pub fn is_missing(token: &Token) -> bool {
        token.expose().contains([' ', '\t']) && Self::of(token).is_none()
    }

    /// The scheme that a text has twice, by mistake.
    pub fn doubled(token: &Token) -> Option<&'static str> {
        let scheme = Self::of(token)?;
        let (_, rest) = token.expose().split_once(' ')?;
        (Self::of(&Token::new(rest.trim())) == Some(scheme)).then(|| scheme.word())
    }

    /// The text to store: one that has a scheme already is not given a second one.
    pub fn apply(self, token: Token) -> Result<Token> {
        if Self::of(&token).is_some() {
            return Ok(token);
        }
        match self {
            Self::Raw => Ok(token),
            Self::Basic if !token.expose().contains(':') => Err(Error::failed(
                "`--scheme basic` needs a text of the form `USER:PASSWORD`",
            )
            .hint("let the source give both; what is encoded already needs no `--scheme`")),
            Self::Basic => Ok(Token::new(format!(
                "Basic {}",
                STANDARD.encode(token.expose())
            ))),
            Self::Bearer | Self::Token => {
                Ok(Token::new(format!("{} {}", self.word(), token.expose())))
            }
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Token => "token",
        }
    }

    /// The scheme of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Raw, Self::Bearer, Self::Basic, Self::Token]
            .into_iter()
            .find(|scheme| scheme.name() == name)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Raw => "",
            Self::Bearer => "Bearer",
            Self::Basic => "Basic",
            Self::Token => "Token",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scheme, Token};

    #[test]
    fn a_scheme_is_given_once() {
        let apply = |scheme: Scheme, text: &str| {
            scheme
                .apply(Token::new(text))
                .map(|token| token.expose().to_owned())
        };
        assert_eq!(apply(Scheme::Raw, "abc").unwrap(), "abc");
        assert_eq!(apply(Scheme::Bearer, "abc").unwrap(), "Bearer abc");
        assert_eq!(apply(Scheme::Bearer, "Bearer abc").unwrap(), "Bearer abc");
        assert_eq!(apply(Scheme::Bearer, "token abc").unwrap(), "token abc");
        assert_eq!(apply(Scheme::Token, "abc").unwrap(), "Token abc");
        assert_eq!(apply(Scheme::Basic, "me:pw").unwrap(), "Basic bWU6cHc=");
        assert!(apply(Scheme::Basic, "no colon").is_err());
    }
}
