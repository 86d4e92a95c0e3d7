//! Whole configuration files, put together from pieces that were found in the wild (`shapes.txt`).

use std::collections::{BTreeSet, HashSet};

use fastrand::Rng;

const PIECES: &str = include_str!("../shapes.txt");

/// A part of a file, and the tables that it is about.
struct Piece {
    is_top: bool,
    text: &'static str,
    tables: BTreeSet<String>,
}

fn pieces() -> Vec<Piece> {
    let pieces = PIECES.split("=== ").skip(1).map(|piece| {
        let (name, text) = piece.split_once('\n').unwrap();
        let read: toml_edit::DocumentMut = text.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        Piece {
            is_top: name.starts_with("top:"),
            text,
            tables: read.iter().map(|(key, _)| key.to_owned()).collect(),
        }
    });
    pieces.collect()
}

/// As many files, no two the same; the same for the same seed.
pub(crate) fn shapes(count: usize, rng: &mut Rng) -> Vec<String> {
    let pieces = pieces();
    assert!(pieces.len() >= 60, "{} pieces", pieces.len());
    let mut known = HashSet::new();
    let mut shapes = Vec::new();
    while shapes.len() < count {
        let shape = shape(&pieces, rng);
        if known.insert(shape.clone()) {
            shapes.push(shape);
        }
    }
    shapes
}

fn shape(pieces: &[Piece], rng: &mut Rng) -> String {
    let mut chosen: Vec<&Piece> = Vec::new();
    let mut order: Vec<&Piece> = pieces.iter().collect();
    rng.shuffle(&mut order);
    // What credsh edits comes in more often than it would by chance.
    let is_ours = |piece: &&Piece| piece.text.contains("regist") || piece.text.contains("alias");
    order.sort_by_cached_key(|piece| !is_ours(piece) && rng.bool());
    let wanted = rng.usize(1..9);
    for piece in order {
        let is_apart = |other: &&Piece| other.tables.is_disjoint(&piece.tables);
        if chosen.len() < wanted && chosen.iter().all(is_apart) {
            chosen.push(piece);
        }
    }
    rng.shuffle(&mut chosen);
    chosen.sort_by_key(|piece| !piece.is_top);

    let between = *rng
        .choice(["\n", "\n\n", "", "\n# ---------- 8< ----------\n\n"].iter())
        .unwrap();
    let parts: Vec<&str> = chosen.iter().map(|piece| piece.text).collect();
    let mut text = parts.join(between);
    match rng.u8(0..12) {
        0 => text = text.replace('\n', "\r\n"),
        1 => text = text.trim_end().to_owned(),
        2 => text.insert(0, '\u{feff}'),
        3 => text = format!("\n\n{text}\n\n"),
        4 => text = text.trim_end().replace('\n', "\r\n"),
        5 => text = format!("\u{feff}{}", text.replace('\n', "\r\n")),
        // An editor that ends a line of the file in its own way.
        6 => text = text.replacen('\n', "\r\n", 3),
        _ => {}
    }
    text
}
