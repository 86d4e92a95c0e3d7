//! Index URLs: what Cargo accepts, what it compares, and what may be shown of one.
//!
//! Invariant: neither `Display`, `Debug` nor an error shows user-info (10).

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use url::Url;

use crate::error::{Error, Result};

/// The sparse index of crates.io.
pub const CRATES_IO_INDEX: &str = "sparse+https://index.crates.io/";
/// The git repository that went before it, and that Cargo still names to providers.
pub const CRATES_IO_GIT_INDEX: &str = "https://github.com/rust-lang/crates.io-index";

/// What to write.
const URL_FORM: &str = "an index URL looks like `sparse+https://host/path/`";

/// The URL of a registry's index.
#[derive(Clone, PartialEq, Eq)]
pub struct IndexUrl(Url);

impl IndexUrl {
    /// crates.io's.
    pub fn crates_io() -> Self {
        // A constant that a test parses; were it wrong, every test would fail.
        Self(Url::parse(CRATES_IO_INDEX).unwrap_or_else(|_| unreachable!("a constant")))
    }

    /// The text that Cargo hands to providers; may contain a user's name.
    pub fn as_sent(&self) -> &str {
        self.0.as_str()
    }

    /// Whether Cargo takes this to be crates.io (11).
    pub fn is_crates_io(&self) -> bool {
        matches!(self.0.as_str(), CRATES_IO_INDEX | CRATES_IO_GIT_INDEX)
    }

    /// Whether the index is fetched file by file; else it is a git repository.
    pub fn is_sparse(&self) -> bool {
        self.0.scheme().starts_with("sparse+")
    }

    /// What Cargo refuses once this registry is asked for (10).
    pub fn checked(self) -> Result<Self> {
        if self.0.password().is_some() {
            let mut right = self.0.clone();
            // Neither fails for a URL that has them.
            let _ = right
                .set_username("")
                .and_then(|()| right.set_password(None));
            let right = if self.is_sparse() {
                with_slash(right.as_str())
            } else {
                right.to_string()
            };
            return Err(Error::usage("an index URL may not contain a password")
                .hint(format!("write `{right}`, and log in instead")));
        }
        // The text, not the path: Cargo puts the names of files behind it as it is.
        if self.is_sparse() && !self.0.as_str().ends_with('/') {
            return Err(Error::usage("a sparse index URL must end in `/`")
                .hint(format!("write `{}`", self.as_folder())));
        }
        Ok(self)
    }

    /// What a person who types this URL may have missed, as a warning.
    pub fn doubt(&self) -> Option<String> {
        if self.is_sparse() && (self.0.query().is_some() || self.0.fragment().is_some()) {
            return Some(format!(
                "Cargo puts the names of files behind the `?` or `#` of this URL; for an index in a folder write `{}`",
                self.as_folder()
            ));
        }
        let web = matches!(self.0.scheme(), "http" | "https");
        let path = self.0.path().trim_end_matches('/');
        let git = chop_git(path) != path || self.is_crates_io();
        (web && !git).then(|| {
            format!(
                "without `sparse+` this is the URL of a git repository; for a sparse index write `sparse+{}`",
                with_slash(&self.masked())
            )
        })
    }

    /// The URL of the folder that is mostly meant, as it may be shown.
    fn as_folder(&self) -> String {
        let mut url = self.0.clone();
        url.set_query(None);
        url.set_fragment(None);
        with_slash(&Self(url).masked())
    }

    /// What Cargo compares: two registries with one canonical URL are one to it.
    pub fn canonical(&self) -> Result<String> {
        let mut url = self.0.clone();
        if url.cannot_be_a_base() {
            return Err(
                Error::usage("Cargo does not take a URL of this form for an index").hint(URL_FORM),
            );
        }
        if url.path().ends_with('/')
            && let Ok(mut segments) = url.path_segments_mut()
        {
            segments.pop_if_empty();
        }
        let is_github = url.host_str() == Some("github.com");
        if is_github {
            let path = url.path().to_lowercase();
            url.set_path(&path);
        }
        if let Some(path) = url.path().strip_suffix(".git").map(ToOwned::to_owned) {
            url.set_path(&path);
        }
        Ok(match url.as_str().strip_prefix(url.scheme()) {
            Some(rest) if is_github => format!("https{rest}"),
            _ => url.into(),
        })
    }

    /// The text that this URL was read from, masked where it has to be.
    pub fn masked_of(&self, text: &str) -> String {
        if self.0.host().is_none() {
            Self::masked_text(text)
        } else if self.has_user_info() {
            self.masked()
        } else {
            text.to_owned()
        }
    }

    /// A text as it may be shown. Only a URL can contain user-info; what has an `@` and is no URL of a host is not shown
    /// from there on back.
    pub fn shown(text: &str) -> String {
        match text.parse::<Self>() {
            Ok(url) => url.masked_of(text),
            Err(_) => Self::masked_text(text),
        }
    }

    /// A text that is no URL of a host, without what could be user-info.
    pub fn masked_text(text: &str) -> String {
        match text.rsplit_once('@') {
            Some((_, host)) => format!("***@{host}"),
            None => text.to_owned(),
        }
    }

    fn has_user_info(&self) -> bool {
        !self.0.username().is_empty() || self.0.password().is_some()
    }

    /// The URL with user-info as `***`.
    fn masked(&self) -> String {
        if self.0.host().is_none() {
            return Self::masked_text(self.0.as_str());
        }
        if !self.has_user_info() {
            return self.0.to_string();
        }
        let (before, rest) = self.0.as_str().split_once("://").unwrap_or_default();
        let (_, after) = rest.split_once('@').unwrap_or(("", rest));
        format!("{before}://***@{after}")
    }
}

fn with_slash(url: &str) -> String {
    if url.ends_with('/') {
        url.to_owned()
    } else {
        format!("{url}/")
    }
}

fn chop_git(url: &str) -> &str {
    url.strip_suffix(".git").unwrap_or(url)
}

impl FromStr for IndexUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Url::parse(text).map(Self).map_err(|reason| {
            Error::usage("this is not a URL")
                .because(reason)
                .hint(URL_FORM)
        })
    }
}

impl fmt::Display for IndexUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for IndexUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for IndexUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::IndexUrl;

    fn url(text: &str) -> IndexUrl {
        text.parse().unwrap()
    }

    #[test]
    fn user_info_is_never_shown() {
        for text in [
            "sparse+https://alice:pw@host/x/",
            "https://alice@host/x.git",
            "ssh://git@host/x",
        ] {
            let shown = format!("{0} {0:?} {1:?}", url(text), url(text).checked().err());
            assert!(
                !shown.contains("alice") && !shown.contains("pw") && !shown.contains("git@"),
                "{shown}"
            );
        }
        assert_eq!(
            url("https://alice@host/x.git").as_sent(),
            "https://alice@host/x.git"
        );
    }

    #[test]
    fn one_index_in_several_spellings() {
        let same =
            |a: &str, b: &str| assert_eq!(url(a).canonical().unwrap(), url(b).canonical().unwrap());
        same("https://host/x.git", "https://host/x");
        same("https://host/x/", "https://host/x");
        same(
            "https://github.com/Corp/Index",
            "https://github.com/corp/index.git",
        );
        same("sparse+https://host/x/", "sparse+https://host/x");
        // It is the path that loses its `.git`.
        same("https://host/x.git?q", "https://host/x?q");
        same(
            "https://github.com/Corp/x.git#F",
            "http://github.com/corp/X#F",
        );
        let differ =
            |a: &str, b: &str| assert_ne!(url(a).canonical().unwrap(), url(b).canonical().unwrap());
        differ("https://host/x?q.git", "https://host/x?q");
        differ("ssh://host.git", "ssh://host");
        assert!(url("data:x").canonical().is_err());
        assert!(IndexUrl::crates_io().is_crates_io());
    }

    #[test]
    fn what_cargo_refuses_is_told_with_the_right_url() {
        let error = url("sparse+https://host/x").checked().unwrap_err();
        assert_eq!(error.next_step(), Some("write `sparse+https://host/x/`"));
        assert!(
            url("https://host/x")
                .doubt()
                .unwrap()
                .contains("`sparse+https://host/x/`")
        );
        assert!(url("https://host/x.git").doubt().is_none());
        assert!("host/x".parse::<IndexUrl>().is_err());
    }

    #[test]
    fn the_slash_at_the_end_is_that_of_the_text_not_of_the_path() {
        for refused in ["sparse+https://host/x/?a=b", "sparse+https://host/x/#a"] {
            let error = url(refused).checked().unwrap_err();
            assert_eq!(error.next_step(), Some("write `sparse+https://host/x/`"));
        }
        for accepted in ["sparse+https://host/x?a=b/", "sparse+https://host/x#/"] {
            assert!(url(accepted).checked().is_ok(), "{accepted}");
            let doubt = url(accepted).doubt().unwrap();
            assert!(doubt.ends_with("write `sparse+https://host/x/`"), "{doubt}");
        }
    }
}
