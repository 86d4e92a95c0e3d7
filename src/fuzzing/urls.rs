//! Index URLs and registry names: what is shown of one has no user-info, and reads back as the same.

use super::SECRET;
use crate::cargo::index_url::IndexUrl;
use crate::cargo::name::RegistryName;

/// The text of a URL or name.
pub fn urls(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    name(text);
    url(text);
    // The same with somebody in it: behind the slashes, and where the text has a place for it. A URL has no line ends.
    let is_known = text.replace(['\t', '\n', '\r'], "").contains(SECRET);
    if is_known {
        return;
    }
    let places = text.match_indices("//").map(|(at, _)| at + 2);
    for at in places.chain(text.match_indices('!').map(|(at, _)| at)) {
        for user in [
            format!("alice:{SECRET}@"),
            format!("{SECRET}@"),
            format!(":{SECRET}@"),
        ] {
            hides(&format!("{}{user}{}", &text[..at], &text[at..]));
        }
    }
}

fn name(text: &str) {
    match text.parse::<RegistryName>() {
        Ok(name) => {
            assert_eq!(name.as_str(), text);
            assert_eq!(name.to_string(), text);
        }
        Err(error) => {
            let told = error.to_string();
            assert!(text.chars().count() < 8 || !told.contains(text), "{told}");
        }
    }
}

fn url(text: &str) {
    let Ok(url) = text.parse::<IndexUrl>() else {
        return;
    };
    let again: IndexUrl = match url.as_sent().parse() {
        Ok(again) => again,
        Err(error) => panic!("{error}: {}", url.as_sent()),
    };
    // The parser of URLs has its own ideas of drive letters.
    let has_drive = url.as_sent().starts_with("file:");
    assert!(
        has_drive || again.as_sent() == url.as_sent(),
        "{url} and {again}"
    );
    let shown = url.to_string();
    assert_eq!(shown, format!("{url:?}"));
    if !shown.contains("***") && !has_drive {
        let again = shown.parse::<IndexUrl>().ok();
        assert!(again.is_some_and(|again| again == url), "shown as {shown}");
    }
    if let Ok(canonical) = url.canonical() {
        let again = canonical
            .parse::<IndexUrl>()
            .and_then(|url| url.canonical());
        // Shorter by one `.git` or slash each time, and still of one form.
        assert!(again.is_ok(), "canonical: {canonical}");
    }
    // What a hint says to write instead is accepted.
    if let Err(error) = url.checked() {
        let hint = error.next_step().unwrap_or_default();
        let right = hint.trim_start_matches("write `");
        let right = right.trim_end_matches("`, and log in instead");
        let right = right.strip_suffix('`').unwrap_or(right);
        if !right.contains("***") {
            let right = right.parse::<IndexUrl>().and_then(IndexUrl::checked);
            assert!(right.is_ok(), "{error}: {hint}");
        }
    }
}

/// A URL with a password, or a text that is none: shown in any way, that is not in it.
fn hides(text: &str) {
    let url: IndexUrl = match text.parse() {
        Ok(url) => url,
        Err(error) => {
            let told = format!("{error} {:?}", error.next_step());
            return assert!(!told.contains(SECRET), "{told}");
        }
    };
    // Behind the host it is no user-info.
    let sent = url.as_sent();
    let is_user_info = match sent.split_once("://") {
        Some((_, rest)) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            authority
                .rsplit_once('@')
                .is_some_and(|(info, _)| info.contains(SECRET))
        }
        None => false,
    };
    if !is_user_info {
        return;
    }
    let mut shown = format!("{url} {url:?} {}", url.masked_of(text));
    shown.push_str(&serde_json::to_string(&url).unwrap_or_default());
    shown.push_str(&url.doubt().unwrap_or_default());
    if let Err(error) = url.checked() {
        shown.push_str(&format!("{error} {:?}", error.next_step()));
    }
    assert!(!shown.contains(SECRET), "{shown}");
}
