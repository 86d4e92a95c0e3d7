//! The picture in the README: a session of the real program at a real terminal, drawn from the screen that it has left.
//! `scripts/picture` draws it again.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use vt100::{Cell, Color, Parser};

use crate::harness::{SENTINEL, Sandbox};
use crate::readme::is_current;

const FILE: &str = "scripts/session.svg";
const COLUMNS: u16 = 80;
const ROWS: u16 = 60;

/// The cursor, where it stands in a line.
const CURSOR: char = '\u{2588}';

/// What is typed, and what is waited for: the next prompt, or a text that is seen while a line is typed.
const KEYS: &[(&str, Option<&str>)] = &[
    ("provider add cargo:token\r", None),
    (
        "registry add corp sparse+https://corp.example/index/ --make-default\r",
        None,
    ),
    ("login --scheme \t", Some("> login --scheme \u{2588}SCHEME")),
    ("bearer --from env:CO\t\r", None),
    ("why\r", None),
    ("registry list\r", None),
    ("registry lst\r", None),
    ("registry::list().map(|r| r.name)\r", None),
    (
        "lo",
        Some("> lo\u{2588}gin --scheme bearer --from env:CORP_TOKEN"),
    ),
];

/// The size of a character, and of the space around all of them, in the picture's units.
const WIDTH: f32 = 8.0;
const HEIGHT: f32 = 18.0;
const MARGIN: f32 = 16.0;

#[test]
fn the_picture_of_the_readme_is_current() {
    let mut sandbox = Sandbox::new();
    sandbox.env("CORP_TOKEN", format!("{SENTINEL}-of-corp-0123456789"));
    let raw = session(&sandbox);
    assert!(!raw.contains(SENTINEL));
    // Where the machine of the test keeps things is nobody's business.
    let raw = raw.replace(&sandbox.home().display().to_string(), "~/.cargo");
    let mut parser = parser();
    parser.process(raw.as_bytes());
    let svg = picture(&parser);
    assert!(!svg.contains("/tmp") && !svg.contains(&sandbox.root().display().to_string()));
    is_current(FILE, &svg);
}

fn parser() -> Parser {
    Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0)
}

/// Types the lines at a terminal, each once the shell asks for it, and answers all that it has shown.
fn session(sandbox: &Sandbox) -> String {
    let size = PtySize {
        rows: ROWS,
        cols: COLUMNS,
        ..PtySize::default()
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_credsh"));
    command.env_clear();
    command.cwd(sandbox.directory());
    command.env("TERM", "xterm");
    for (name, value) in sandbox.variables() {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().unwrap();
    let mut keys = pair.master.take_writer().unwrap();
    let (sender, chunks) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            if sender.send(bytes[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut raw = Vec::new();
    let mut screen = parser();
    until(&chunks, &mut raw, &mut screen, |line, _| is_prompt(line));
    for (typed, seen) in KEYS {
        let (before, _) = screen.screen().cursor_position();
        write!(keys, "{typed}").unwrap();
        until(&chunks, &mut raw, &mut screen, |line, row| match seen {
            // What Tab lists pushes the line down.
            Some(seen) => line.ends_with(seen) && (row > before || !typed.ends_with('\t')),
            None => row > before && is_prompt(line),
        });
    }
    let _ = child.kill();
    let _ = child.wait();
    String::from_utf8(raw).unwrap()
}

/// Reads until the line of the cursor is this, the cursor in it as a block, and until it is in this row.
fn until(
    chunks: &Receiver<Vec<u8>>,
    raw: &mut Vec<u8>,
    screen: &mut Parser,
    is_there: impl Fn(&str, u16) -> bool,
) {
    let end = Instant::now() + Duration::from_secs(15);
    loop {
        let (row, column) = screen.screen().cursor_position();
        let line = screen.screen().rows(0, COLUMNS).nth(row.into()).unwrap();
        let mut letters: Vec<char> = line.chars().collect();
        letters.resize(letters.len().max(column.into()), ' ');
        letters.insert(column.into(), CURSOR);
        let line: String = letters.into_iter().collect();
        if is_there(line.trim_end(), row) {
            return;
        }
        match chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(chunk) => {
                screen.process(&chunk);
                raw.extend(chunk);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                panic!("waited in {line:?}:\n{}", screen.screen().contents())
            }
        }
    }
}

/// Nothing is typed yet.
fn is_prompt(line: &str) -> bool {
    line.starts_with("credsh") && line.ends_with("> \u{2588}")
}

/// The screen, in colours for readers of light and of dark pages.
fn picture(parser: &Parser) -> String {
    let screen = parser.screen();
    let is_written = |row: &String| !row.trim().is_empty();
    let unused = screen
        .rows(0, COLUMNS)
        .collect::<Vec<_>>()
        .into_iter()
        .rev();
    let unused = unused.take_while(|row| !is_written(row)).count();
    let rows = ROWS - u16::try_from(unused).unwrap();
    let (width, height) = (f32::from(COLUMNS) * WIDTH, f32::from(rows) * HEIGHT);
    let (all_width, all_height) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all_width} {all_height}\" \
         width=\"{all_width}\" height=\"{all_height}\" role=\"img\">\n\
         <title>A session of credsh</title>\n{STYLE}\
         <rect class=\"page\" width=\"{all_width}\" height=\"{all_height}\" rx=\"8\"/>\n"
    );
    for row in 0..rows {
        let y = MARGIN + (f32::from(row) + 0.75) * HEIGHT;
        let mut column = 0;
        while column < COLUMNS {
            let class = class_of(screen.cell(row, column).unwrap());
            let start = column;
            let mut run = String::new();
            while column < COLUMNS && class_of(screen.cell(row, column).unwrap()) == class {
                let contents = screen.cell(row, column).unwrap().contents();
                run.push_str(if contents.is_empty() { " " } else { contents });
                column += 1;
            }
            let begun = run.len() - run.trim_start().len();
            let run = run.trim();
            if !run.is_empty() {
                let x =
                    MARGIN + (f32::from(start) + f32::from(u16::try_from(begun).unwrap())) * WIDTH;
                let length = f32::from(u16::try_from(run.chars().count()).unwrap()) * WIDTH;
                let run = run
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace(' ', "\u{a0}");
                svg.push_str(&format!(
                    "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\"{class}>{run}</text>\n"
                ));
            }
        }
    }
    let (row, column) = screen.cursor_position();
    let (x, y) = (
        MARGIN + f32::from(column) * WIDTH,
        MARGIN + f32::from(row) * HEIGHT,
    );
    svg.push_str(&format!(
        "<rect class=\"cursor\" x=\"{x}\" y=\"{y}\" width=\"2\" height=\"{HEIGHT}\"/>\n"
    ));
    svg + "</svg>\n"
}

const STYLE: &str = "<style>
text { font: 13px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #24292f }
.page { fill: #f6f8fa } .cursor { fill: #24292f }
.bold { font-weight: bold } .dim { opacity: 0.65 }
.red { fill: #b3261e } .green { fill: #1a7f37 } .orange { fill: #8a5a00 } .cyan { fill: #0b6e7f }
.purple { fill: #8e3bb0 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #161b22 } .cursor { fill: #e6edf3 }
.red { fill: #ff8a80 } .green { fill: #56d364 } .orange { fill: #e3b341 } .cyan { fill: #56d4dd }
.purple { fill: #d8a0f0 }
}
</style>
";

fn class_of(cell: &Cell) -> String {
    let mut classes = Vec::new();
    if cell.bold() {
        classes.push("bold");
    }
    if cell.dim() {
        classes.push("dim");
    }
    match cell.fgcolor() {
        Color::Default => {}
        Color::Idx(160) => classes.push("red"),
        Color::Idx(28) => classes.push("green"),
        Color::Idx(130) => classes.push("orange"),
        Color::Idx(133) => classes.push("purple"),
        Color::Idx(31) => classes.push("cyan"),
        other => panic!("the picture has no colour {other:?}"),
    }
    if classes.is_empty() {
        return String::new();
    }
    format!(" class=\"{}\"", classes.join(" "))
}
