//! Where the statements and headers of a text are. The home of `toml_parser`, which tells the parts of a text apart,
//! one after the other, and makes no values of them: in a long file that takes a tenth of the time of reading it.
//!
//! Invariant: nothing is checked here. A text comes here once a reader has taken it.

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, parse_document};
use toml_parser::{ErrorSink, Raw, Source, Span};

use super::Name;

/// A statement or header of a file.
pub(super) struct Mark<'t> {
    /// From the first part of the key, or the header's bracket, to the end of the value or header.
    pub(super) span: Range<usize>,
    /// The parts of the key as they are written here, or of the header.
    pub(super) path: Vec<Name<'t>>,
    pub(super) kind: MarkKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Key,
    Header,
    /// `[[..]]`
    Element,
}

/// All headers and statements of a file without its BOM, in its order.
pub(super) fn marks(text: &str) -> Vec<Mark<'_>> {
    let tokens = Source::new(text).lex().into_vec();
    let mut marks = Marks {
        text,
        found: Vec::new(),
        start: None,
        path: Vec::new(),
        depth: 0,
    };
    parse_document(&tokens, &mut marks, &mut ());
    marks.found
}

/// Where the last name of `path` stands in a statement or header that leads through it, or in the braces of its value:
/// more than once, where dotted keys say it again.
pub(super) fn names(text: &str, path: &[&str]) -> Vec<Range<usize>> {
    let tokens = Source::new(text).lex().into_vec();
    let mut names = Names {
        text,
        path,
        found: Vec::new(),
        at: Vec::new(),
        open: Vec::new(),
        lists: 0,
    };
    parse_document(&tokens, &mut names, &mut ());
    names.found
}

fn decoded(text: &str, span: Span, encoding: Option<Encoding>) -> Name<'_> {
    let mut name = Cow::default();
    let raw = &text[span.start()..span.end()];
    Raw::new_unchecked(raw, encoding, span).decode_key(&mut name, &mut ());
    name
}

/// What is found so far, and what has begun.
struct Marks<'t> {
    text: &'t str,
    found: Vec<Mark<'t>>,
    start: Option<usize>,
    path: Vec<Name<'t>>,
    /// How many brackets and braces of the value are open.
    depth: usize,
}

impl Marks<'_> {
    fn end(&mut self, span: Span, kind: MarkKind) {
        if self.depth == 0 {
            self.found.push(Mark {
                span: self.start.take().unwrap_or_default()..span.end(),
                path: std::mem::take(&mut self.path),
                kind,
            });
        }
    }

    fn open(&mut self) -> bool {
        self.depth += 1;
        true
    }

    fn close(&mut self, span: Span) {
        self.depth -= 1;
        self.end(span, MarkKind::Key);
    }
}

impl EventReceiver for Marks<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.start = Some(span.start());
    }

    fn std_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end(span, MarkKind::Header);
    }

    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.start = Some(span.start());
    }

    fn array_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end(span, MarkKind::Element);
    }

    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        if self.depth > 0 {
            return;
        }
        self.start.get_or_insert(span.start());
        self.path.push(decoded(self.text, span, encoding));
    }

    fn scalar(&mut self, span: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        self.end(span, MarkKind::Key);
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.open()
    }

    fn array_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close(span);
    }

    fn inline_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.open()
    }

    fn inline_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close(span);
    }
}

/// The names on the way to where we are.
struct Names<'t> {
    text: &'t str,
    path: &'t [&'t str],
    found: Vec<Range<usize>>,
    at: Vec<Name<'t>>,
    /// How many of them lead to each brace that is open.
    open: Vec<usize>,
    /// How many lists are open: nothing in them has a path.
    lists: usize,
}

impl Names<'_> {
    fn end_value(&mut self) {
        if self.lists == 0 {
            self.at
                .truncate(self.open.last().copied().unwrap_or_default());
        }
    }
}

impl EventReceiver for Names<'_> {
    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        if self.lists > 0 {
            return;
        }
        self.at.push(decoded(self.text, span, encoding));
        if self.at == self.path {
            self.found.push(span.start()..span.end());
        }
    }

    fn scalar(&mut self, _: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        self.end_value();
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.lists += 1;
        true
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.lists -= 1;
        self.end_value();
    }

    fn inline_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        if self.lists == 0 {
            self.open.push(self.at.len());
        }
        true
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if self.lists == 0 {
            self.open.pop();
            self.end_value();
        }
    }
}
