//! When a token expires, where it says so itself: a JSON Web Token has the date in it (RFC 7519).

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::Token;

#[derive(Deserialize)]
struct Claims {
    /// Seconds since 1970, with a fraction perhaps.
    exp: Option<f64>,
}

impl Token {
    /// When it expires by its own account; `None` where it says nothing of that.
    pub fn expires(&self) -> Option<SystemTime> {
        let word = self.expose().split_ascii_whitespace().next_back()?;
        let mut parts = word.split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        let text = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        let claims: Claims = serde_json::from_slice(&text).ok()?;
        let since = Duration::try_from_secs_f64(claims.exp?).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_token_says_when_it_expires() {
        let of = |claims: &str, scheme: &str| {
            let claims = URL_SAFE_NO_PAD.encode(claims);
            Token::new(format!(
                "{scheme}eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl"
            ))
            .expires()
        };
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(of(r#"{"exp":1700000000}"#, ""), at(1_700_000_000));
        assert_eq!(
            of(r#"{"sub":"me","exp":1700000000}"#, "Bearer "),
            at(1_700_000_000)
        );
        assert_eq!(of(r#"{"sub":"me"}"#, ""), None);
        assert_eq!(of(r#"{"exp":-1}"#, ""), None);
        assert_eq!(of(r#"{"exp":1e300}"#, ""), None);
        assert_eq!(Token::new("cio.not.one").expires(), None);
        assert_eq!(Token::new("").expires(), None);
    }
}
