//! Where in the grammar a cursor is, and what each word before it is: what Tab, hints and colours share.

use clap::{Arg, ArgAction, Command};

use super::values::{commands, judge, values};
use super::{Candidate, Names};
use crate::commands::help::topics;
use crate::doors::language;

/// What a word of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A command, or the first word of one.
    Command,
    /// An option.
    Option,
    /// A value of an option, or an argument.
    Value,
    /// Nothing that could stand there.
    Unknown,
}

/// The words of a line as the grammar takes them, each with its place in the line.
pub fn parts(tree: &Command, names: &Names, line: &str) -> Vec<(std::ops::Range<usize>, Part)> {
    let words = words_of(line);
    let mut state = State::new(tree);
    let mut parts = Vec::new();
    for word in &words {
        parts.push((word.start..word.end, state.take(&word.text, Some(names))));
    }
    // A word that is being typed is wrong only if nothing goes on like this.
    if let (Some(last), Some((_, part @ Part::Unknown))) = (words.last(), parts.last_mut())
        && last.end == line.len()
    {
        let earlier = &words[..words.len() - 1];
        let mut state = State::new(tree);
        for word in earlier {
            state.take(&word.text, None);
        }
        let candidates = state.candidates(names, &last.text);
        let goes_on = |candidate: &Candidate| candidate.text.starts_with(&last.text);
        if last.is_open || candidates.iter().any(goes_on) {
            *part = Part::Value;
        }
    }
    parts
}

/// What has to follow a line, in the words of its usage: `NAME INDEX`. Nothing within a word.
pub fn missing(tree: &Command, line: &str) -> Option<String> {
    let first = language::last_place(tree, line);
    let Typed { earlier, word, .. } = Typed::of(&line[first..]);
    if earlier.is_empty() || !word.is_empty() {
        return None;
    }
    let state = State::after(tree, &earlier);
    if std::ptr::eq(state.command, tree) || state.is_after_dashes {
        return None;
    }
    let value_name = |argument: &Arg| {
        let names = argument.get_value_names().unwrap_or_default();
        names.first().map_or_else(
            || argument.get_id().as_str().to_uppercase(),
            ToString::to_string,
        )
    };
    if let Some(argument) = state.pending {
        return Some(value_name(argument));
    }
    if state.command.has_subcommands() {
        return (state.positionals == 0).then(|| "COMMAND".to_owned());
    }
    let words: Vec<String> = state
        .open_positionals()
        .map(|argument| match value_name(argument) {
            name if argument.is_required_set() || state.is_one_of_required(argument) => name,
            name => format!("[{name}]"),
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A word of a line, without its quotes.
struct Word {
    start: usize,
    end: usize,
    text: String,
    /// Whether its quote is still open.
    is_open: bool,
}

/// The words of a line, as its own quoting means them; the last may still be open.
fn words_of(line: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut is_in_word, mut quote) = (false, None);
    let mut letters = line.char_indices();
    while let Some((index, c)) = letters.next() {
        if quote.is_none() && c.is_whitespace() {
            is_in_word = false;
            continue;
        }
        // A line that goes on in the next.
        if quote.is_none() && line[index..].starts_with("\\\n") {
            letters.next();
            continue;
        }
        if !is_in_word {
            is_in_word = true;
            words.push(Word {
                start: index,
                end: index,
                text: String::new(),
                is_open: false,
            });
        }
        let Some(word) = words.last_mut() else {
            continue;
        };
        word.end = index + c.len_utf8();
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => {
                if let Some((index, next)) = letters.next() {
                    word.text.push(next);
                    word.end = index + next.len_utf8();
                }
            }
            _ => word.text.push(c),
        }
    }
    if let Some(last) = words.last_mut() {
        last.is_open = quote.is_some();
    }
    words
}

/// The words before the cursor.
pub(super) struct Typed {
    pub(super) earlier: Vec<String>,
    /// Where the word at the cursor begins, with its quotes.
    pub(super) start: usize,
    pub(super) word: String,
}

impl Typed {
    pub(super) fn of(before: &str) -> Self {
        let mut words = words_of(before);
        let is_at_word = |last: &Word| last.end == before.len();
        let last = words.pop_if(|last| is_at_word(last));
        let (start, word) = last.map_or((before.len(), String::new()), |last| {
            (last.start, last.text)
        });
        Self {
            earlier: words.into_iter().map(|word| word.text).collect(),
            start,
            word,
        }
    }
}

/// Where in the grammar the cursor is.
pub(super) struct State<'a> {
    tree: &'a Command,
    command: &'a Command,
    /// The option whose value comes next.
    pending: Option<&'a Arg>,
    /// How many positionals are there already, and what they say.
    positionals: usize,
    given: Vec<&'a str>,
    /// The arguments that are there already.
    used: Vec<&'a Arg>,
    is_after_dashes: bool,
}

impl<'a> State<'a> {
    pub(super) fn new(tree: &'a Command) -> Self {
        Self {
            tree,
            command: tree,
            pending: None,
            positionals: 0,
            given: Vec::new(),
            used: Vec::new(),
            is_after_dashes: false,
        }
    }

    pub(super) fn after(tree: &'a Command, words: &'a [String]) -> Self {
        let mut state = Self::new(tree);
        for word in words {
            state.take(word, None);
        }
        state
    }

    /// Goes on behind a word, and says what it is; what a value can be is only looked at where it is known.
    fn take(&mut self, word: &'a str, names: Option<&Names>) -> Part {
        let judged = |argument: &Arg, word: &str| match names {
            Some(names) if !judge(argument, names, word) => Part::Unknown,
            _ => Part::Value,
        };
        if let Some(argument) = self.pending.take() {
            return judged(argument, word);
        }
        if self.is_after_dashes {
            return Part::Value;
        }
        if self.is_in_rest() {
            self.positionals += 1;
            return Part::Value;
        }
        if word == "--" {
            self.is_after_dashes = true;
            return Part::Option;
        }
        if let Some(argument) = self.option(word) {
            self.used.push(argument);
            let takes_value = argument.get_action().takes_values();
            let Some((_, value)) = word.split_once('=') else {
                self.pending = takes_value.then_some(argument);
                return Part::Option;
            };
            return match judged(argument, value) {
                Part::Unknown => Part::Unknown,
                _ if !takes_value => Part::Unknown,
                _ => Part::Option,
            };
        }
        if word.len() > 1 && word.starts_with('-') && !self.takes_dashes() {
            // Several short ones in one word, or no option of this command.
            let is_short = |c: char| self.short(c).is_some();
            return if !word.starts_with("--") && word.chars().skip(1).all(is_short) {
                Part::Option
            } else {
                Part::Unknown
            };
        }
        if self.command.has_subcommands() {
            if self.positionals == 0
                && let Some(child) = self.command.find_subcommand(word)
            {
                self.command = child;
                return Part::Command;
            }
            self.positionals += 1;
            return Part::Unknown;
        }
        let argument = self.next_positional();
        let part = match argument {
            // The words of `help` are commands, and topics.
            Some(argument) if argument.get_id() == "words" => Part::Value,
            Some(argument) => judged(argument, word),
            None => Part::Unknown,
        };
        self.used.extend(argument);
        self.given.push(word);
        self.positionals += 1;
        part
    }

    fn takes_dashes(&self) -> bool {
        self.next_positional()
            .is_some_and(Arg::is_allow_hyphen_values_set)
    }

    fn short(&self, wanted: char) -> Option<&'a Arg> {
        self.command
            .get_arguments()
            .find(|argument| argument.get_short() == Some(wanted))
    }

    fn option(&self, word: &str) -> Option<&'a Arg> {
        let name = word.split('=').next().unwrap_or(word);
        match name.strip_prefix("--") {
            Some(long) => self
                .command
                .get_arguments()
                .find(|argument| argument.get_long() == Some(long)),
            None if name.len() == 2 => name
                .strip_prefix('-')?
                .chars()
                .next()
                .and_then(|c| self.short(c)),
            None => None,
        }
    }

    /// The positionals that are still to come; the last may be one that takes any number.
    fn open_positionals(&self) -> impl Iterator<Item = &'a Arg> {
        let all: Vec<&Arg> = self
            .command
            .get_positionals()
            .filter(|argument| !argument.is_last_set())
            .collect();
        let takes_more = |last: &Arg| {
            last.get_num_args()
                .is_some_and(|range| range.max_values() > 1)
        };
        let next = match all.last() {
            Some(last) if self.positionals >= all.len() && takes_more(last) => all.len() - 1,
            _ => self.positionals,
        };
        let excluded = |argument: &&Arg| !self.is_excluded(argument);
        all.into_iter()
            .skip(next)
            .filter(excluded)
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn next_positional(&self) -> Option<&'a Arg> {
        self.open_positionals().next()
    }

    /// Whether everything from here on belongs to one argument, options too.
    fn is_in_rest(&self) -> bool {
        self.used
            .last()
            .is_some_and(|last| last.is_trailing_var_arg_set())
    }

    /// Whether an argument does not go together with one that is there.
    fn is_excluded(&self, argument: &Arg) -> bool {
        let conflict = |a: &Arg, b: &Arg| {
            self.command
                .get_arg_conflicts_with(a)
                .iter()
                .any(|other| other.get_id() == b.get_id())
                || self.command.get_groups().any(|group| {
                    let has = |argument: &Arg| group.get_args().any(|id| id == argument.get_id());
                    !group.clone().is_multiple() && has(a) && has(b)
                })
        };
        self.used
            .iter()
            .filter(|used| used.get_id() != argument.get_id())
            .any(|used| conflict(used, argument) || conflict(argument, used))
    }

    /// Whether it is one of several of which one has to be there.
    fn is_one_of_required(&self, argument: &Arg) -> bool {
        self.command.get_groups().any(|group| {
            group.is_required_set() && group.get_args().any(|id| id == argument.get_id())
        })
    }

    pub(super) fn candidates(&self, names: &Names, word: &str) -> Vec<Candidate> {
        if let Some(argument) = self.pending {
            return self.values(argument, names, word);
        }
        if self.is_after_dashes || self.is_in_rest() {
            return Vec::new();
        }
        if let Some((option, value)) = word.split_once('=')
            && let Some(argument) = self.option(option)
        {
            return self
                .values(argument, names, value)
                .into_iter()
                .map(|candidate| Candidate {
                    text: format!("{option}={}", candidate.text),
                    ..candidate
                })
                .collect();
        }
        if word.starts_with('-') {
            return self.options();
        }
        if self.command.has_subcommands() {
            return if self.positionals == 0 {
                commands(self.command)
            } else {
                Vec::new()
            };
        }
        let Some(argument) = self.next_positional() else {
            return Vec::new();
        };
        let mut values = self.values(argument, names, word);
        values.retain(|value| !self.given.contains(&value.text.as_str()));
        values
    }

    fn options(&self) -> Vec<Candidate> {
        let is_repeatable = |argument: &Arg| matches!(argument.get_action(), ArgAction::Append);
        self.command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set() && !self.is_excluded(argument))
            .filter(|argument| is_repeatable(argument) || !self.used.contains(argument))
            .filter_map(|argument| {
                Some(Candidate {
                    text: format!("--{}", argument.get_long()?),
                    about: argument.get_help().map(ToString::to_string),
                })
            })
            .collect()
    }

    /// What an argument's type offers.
    fn values(&self, argument: &Arg, names: &Names, word: &str) -> Vec<Candidate> {
        // The words of `help` are the commands themselves, and topics.
        if argument.get_id() == "words" {
            let mut given = self.given.iter();
            let mut command = Some(self.tree);
            while let (Some(parent), Some(word)) = (command, given.next()) {
                command = parent.find_subcommand(word);
            }
            let mut all = command.map(commands).unwrap_or_default();
            if self.given.is_empty() {
                all.extend(topics().map(Candidate::plain));
            }
            return all;
        }
        values(argument, names, word)
    }
}
