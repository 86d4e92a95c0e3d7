//! Words and lines: splitting as a POSIX shell would, and quoting so that it splits again. Home of `shlex`.

use crate::error::{Error, Result};

/// Splits a line; a quote that stays open is an error, and its text is not repeated.
pub fn split(line: &str) -> Result<Vec<String>> {
    shlex::split(line).ok_or_else(|| {
        Error::usage("a quote is not closed, or the line ends in a backslash")
            .hint("close it, or write `\\\\` for a backslash")
    })
}

/// Joins words so that [`split`] gives them back.
pub fn join(words: &[impl AsRef<str>]) -> String {
    let quoted: Vec<_> = words
        .iter()
        .map(|word| shlex::try_quote(word.as_ref()).unwrap_or_default())
        .collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{join, split};

    #[test]
    fn joining_undoes_splitting() {
        for words in [vec!["a", "b c", "d'e"], vec![""], vec!["$x", "\\", "#"]] {
            assert_eq!(split(&join(&words)).unwrap(), words);
        }
        assert!(split("login 'cio").is_err_and(|error| !error.to_string().contains("cio")));
    }
}
