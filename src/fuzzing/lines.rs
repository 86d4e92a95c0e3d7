//! Lines of the shell: parsed, completed at every cursor, and a word that is refused never repeated.

use std::cell::RefCell;

use super::SECRET;
use crate::commands::grammar::Grammar;
use crate::doors::complete::{Candidate, Names, ScriptNames, complete, missing};
use crate::doors::line::{is_open, logical_lines};
use crate::words;

/// The longest line that is completed at every cursor.
const LONGEST: usize = 160;

/// Text of one or more lines.
pub fn lines(data: &[u8]) {
    thread_local!(static GRAMMAR: RefCell<Grammar> = RefCell::default());
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.len() > 4 * LONGEST {
        return;
    }
    GRAMMAR.with_borrow_mut(|grammar| {
        let lines = logical_lines(text);
        let count = text.lines().count();
        let mut last = 0;
        for (index, (number, line)) in lines.iter().enumerate() {
            assert!(
                *number > last && *number <= count,
                "line {number} of {count}"
            );
            last = *number;
            assert!(
                !is_open(line) || index + 1 == lines.len(),
                "an open line is not the last"
            );
            parse(grammar, line);
            complete_everywhere(grammar, line);
        }
        complete_everywhere(grammar, text);
    });
}

fn parse(grammar: &mut Grammar, line: &str) {
    let words = words::split(line);
    if !line.contains('#') {
        assert_eq!(words.is_err(), is_open(line), "whether {line:?} goes on");
    }
    let Ok(words) = words else { return };
    let joined = words::join(&words);
    if !words.iter().any(|word| word.contains('\0')) {
        assert_eq!(
            words::split(&joined).ok().as_ref(),
            Some(&words),
            "joined as {joined}"
        );
    }
    if let Err(error) = grammar.parse(&words) {
        let error = format!("{error} {:?}", error.next_step());
        assert!(!error.contains(SECRET), "{error}");
    }
    // A token at any place: it is refused in silence, or taken for a name.
    for place in 0..=words.len().min(6) {
        let mut words = words.clone();
        words.insert(place, SECRET.to_owned());
        if let Err(error) = grammar.parse(&words) {
            let error = format!("{error} {:?}", error.next_step());
            assert!(!error.contains(SECRET), "{words:?}: {error}");
        }
    }
}

fn complete_everywhere(grammar: &Grammar, line: &str) {
    if line.len() > LONGEST {
        return;
    }
    let tree = grammar.tree();
    let names = names();
    let _ = missing(tree, line);
    for cursor in 0..=line.len() {
        let (start, candidates) = complete(tree, &names, line, cursor);
        if !line.is_char_boundary(cursor) {
            continue;
        }
        assert!(
            start <= cursor && line.is_char_boundary(start),
            "{start} of {line:?}"
        );
        for candidate in candidates {
            // Taken over, it is one word, whatever stands before it.
            let split = words::split(&candidate.text);
            assert_eq!(
                split.map_or(0, |words| words.len()),
                1,
                "{:?}",
                candidate.text
            );
            let taken = format!("{}{}", &line[..start], candidate.text);
            assert!(!is_open(&taken) || is_open(&line[..start]), "{taken:?}");
        }
    }
}

fn names() -> Names {
    let all = |names: &[&str]| names.iter().map(|&name| Candidate::plain(name)).collect();
    Names {
        registries: all(&["corp", "crates-io", "größe"]),
        providers: all(&["cargo:token", "it's one", "vault"]),
        aliases: all(&["vault"]),
        labels: all(&["ci", "default"]),
        variables: vec!["CORP_TOKEN".into(), "HOME".into()],
        directory: "/no-such-folder".into(),
        crates: all(&["serde*"]),
        script: Some(ScriptNames {
            all: all(&["answer"]),
            members: [("answer".to_owned(), all(&["name"]))].into(),
        }),
    }
}
