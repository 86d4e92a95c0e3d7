//! A script's failure as one of our errors: where it happened, the line itself with a caret, and by which
//! calls it was reached.
//!
//! Invariant: a literal that could be a token is not shown with its line.

use std::path::Path;

use rhai::{EvalAltResult, ParseError, ParseErrorType, Position};

use super::Thrown;
use crate::disk::replace;
use crate::error::{Error, Place};

/// The error of a run.
pub(super) fn blame(error: &EvalAltResult, text: &str, name: &Path) -> Error {
    let mut chain = Vec::new();
    let mut innermost = error;
    let mut source = name.to_path_buf();
    loop {
        match innermost {
            EvalAltResult::ErrorInFunctionCall(function, file, inner, position) => {
                chain.push(format!(
                    "in `{function}`, called at {}",
                    spot(&source, *position)
                ));
                if !file.is_empty() {
                    source = file.into();
                }
                innermost = inner;
            }
            EvalAltResult::ErrorInModule(file, inner, position) => {
                chain.push(format!(
                    "in `{file}`, imported at {}",
                    spot(&source, *position)
                ));
                source = file.into();
                innermost = inner;
            }
            _ => break,
        }
    }
    let ours = match innermost {
        EvalAltResult::ErrorRuntime(value, _) if value.is::<Thrown>() => value
            .clone()
            .try_cast::<Thrown>()
            .map_or_else(|| Error::failed("failed"), |thrown| thrown.0),
        EvalAltResult::ErrorRuntime(value, _) => Error::failed(value.to_string()),
        EvalAltResult::ErrorParsing(kind, _) => {
            Error::usage(format!("this is not a script: {}", words_of(kind)))
        }
        EvalAltResult::ErrorFunctionNotFound(call, _) => Error::usage(format!(
            "there is no function `{}`",
            call.split(" (").next().unwrap_or(call)
        ))
        .hint("`help` lists the commands; each is a function"),
        EvalAltResult::ErrorModuleNotFound(..) => {
            Error::failed("there is no such script to import")
                .hint("`import` reaches the folder of the script only, without `.rhai`")
        }
        EvalAltResult::ErrorTerminated(..) => Error::interrupted(),
        EvalAltResult::ErrorStackOverflow(_) => Error::failed("functions call each other too deep"),
        other => Error::failed(lower(&without_position(other))),
    };
    let position = innermost.position();
    let own_text = if source == name {
        None
    } else {
        replace::read(&source).ok().flatten()
    };
    let text = own_text.as_deref().map_or(text, String::as_str);
    let error = at(ours, position, text, &source);
    chain.into_iter().rev().fold(error, Error::because)
}

/// An error with its place in a script, the line and a caret.
pub(super) fn at(error: Error, position: Position, text: &str, name: &Path) -> Error {
    // A line at the prompt stands right above, and need not be shown twice.
    if name == Path::new(super::PROMPT) && !text.contains('\n') {
        return error;
    }
    let (Some(line), column) = (position.line(), position.position()) else {
        return error.at(Place::file(name));
    };
    let place = Place::File {
        file: name.to_path_buf(),
        line: Some(line),
        column,
    };
    let Some(code) = text.lines().nth(line - 1) else {
        return error.at(place);
    };
    let caret = " ".repeat(column.unwrap_or(1).saturating_sub(1));
    let shown = masked(code);
    // The place of a script's call says more than the place that the command itself names.
    let outer = error.place().map(ToString::to_string);
    let error = error.moved_to(place).because(format!("{shown}\n{caret}^"));
    match outer {
        Some(place) => error.because(format!("about {place}")),
        None => error,
    }
}

fn spot(file: &Path, position: Position) -> String {
    match (position.line(), position.position()) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", file.display()),
        _ => file.display().to_string(),
    }
}

/// The parser's own words; it quotes no more than a token of the language.
pub(super) fn words_of_parser(error: &ParseError) -> String {
    words_of(error.err_type())
}

fn words_of(kind: &ParseErrorType) -> String {
    match kind {
        // These quote literals.
        ParseErrorType::BadInput(_) => {
            "a text is not closed, or a character has no meaning here".to_owned()
        }
        other => lower(&masked(&other.to_string())),
    }
}

fn without_position(error: &EvalAltResult) -> String {
    let mut error = error.unwrap_inner().to_string();
    if let Some(at) = error.rfind(" (line ") {
        error.truncate(at);
    }
    masked(&error)
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

/// A line with `…` in the place of every literal that could be a token.
fn masked(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(['"', '`', '\'']) {
        let quote = rest[start..].chars().next().unwrap_or('"');
        let body = &rest[start + 1..];
        let end = body.find(quote).unwrap_or(body.len());
        let literal = &body[..end];
        shown.push_str(&rest[..=start]);
        // As many columns as before, so that the caret stays under its word.
        if could_be_token(literal) {
            shown.extend(literal.chars().map(|_| '·'));
        } else {
            shown.push_str(literal);
        }
        rest = &body[end..];
        if let Some(after) = rest.strip_prefix(quote) {
            shown.push(quote);
            rest = after;
        }
    }
    shown.push_str(rest);
    shown
}

fn could_be_token(literal: &str) -> bool {
    const LONGEST_WORD: usize = 24;
    const SHORTEST_TOKEN: usize = 10;
    let length = literal.chars().count();
    let is_source_or_url = literal.contains(':') && !literal.starts_with("Bearer");
    let has_scheme = ["Bearer ", "Basic ", "Token "]
        .iter()
        .any(|scheme| literal.starts_with(scheme));
    let is_one_word = !literal.contains(char::is_whitespace);
    let has_digit = literal.contains(|c: char| c.is_ascii_digit());
    has_scheme
        || is_one_word
            && !is_source_or_url
            && (length > LONGEST_WORD || has_digit && length >= SHORTEST_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_literal_that_could_be_a_token_is_not_shown() {
        for line in [
            r#"login("corp", "cio1234567890abcdef");"#,
            r#"login("Bearer abc");"#,
            "login('abcdefghijklmnopqrstuvwxyzabc');",
            "let t = `abc1234567890",
        ] {
            let shown = masked(line);
            assert!(
                shown.contains('·') && shown.chars().count() == line.chars().count(),
                "{shown}"
            );
            assert!(!shown.contains("123") && !shown.contains("abc"), "{shown}");
        }
        let plain = r#"registry::add("corp", "sparse+https://host/1234567890/"); login("x", #{ from: "env:A_LONG_VARIABLE_NAME_1" });"#;
        assert_eq!(masked(plain), plain);
    }
}
