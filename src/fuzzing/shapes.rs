//! Files as they are found in the wild, and edits as credsh makes them.

#[path = "../../tests/it/shapes/combine.rs"]
mod combine;

use fastrand::Rng;

use self::combine::shapes;
use super::documents::{edit, open, rename};
use crate::disk::document::Value;

/// How many files, and how many edits of each.
const SHAPES: usize = 500;
const EDITS: usize = 6;

/// `CREDSH_SEED` repeats a failure.
#[test]
fn five_hundred_files_keep_what_is_not_edited() {
    let seed = option_env!("CREDSH_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut rng = Rng::with_seed(seed);
    let shapes = shapes(SHAPES, &mut rng);
    for (index, shape) in shapes.iter().enumerate() {
        // Which one it was, should it panic: shown with what else a failing test has printed.
        println!("file {index} of seed {seed}");
        let mut document = open(shape);
        for _ in 0..EDITS {
            let (key, value) = random_edit(&mut rng);
            let key: Vec<&str> = key.split('/').collect();
            if rng.u8(0..4) == 0 {
                rename(&mut document, &key[..rng.usize(1..=key.len())], "elsewhere");
            } else {
                edit(&mut document, &key, value.as_ref());
            }
        }
    }
}

fn random_edit(rng: &mut Rng) -> (String, Option<Value>) {
    let pick =
        |rng: &mut Rng, all: &[&str]| rng.choice(all.iter()).map_or("", |one| one).to_owned();
    let name = pick(rng, &["corp", "lab", "attic", "new", "größe"]);
    let text = pick(
        rng,
        &["x", "sparse+https://new.example/", "it's \"new\" \\"],
    );
    let list = || match text.as_str() {
        "x" => Value::List(vec!["cargo:token".to_owned()]),
        other => Value::List(vec![
            "vault".to_owned(),
            "cargo:token".to_owned(),
            other.to_owned(),
        ]),
    };
    let key = match rng.u8(0..11) {
        0..4 => format!("registries/{name}/index"),
        4 => format!("registries/{name}/credential-provider"),
        5 => format!("registries/{name}/token"),
        6 => "registry/global-credential-providers".to_owned(),
        7 => "registry/default".to_owned(),
        8 => "registry/token".to_owned(),
        // Where a table is, or something that is none: most of these are refused.
        9 => pick(
            rng,
            &[
                "registries/corp",
                "registries/corp/index/x",
                "env",
                "paths/x",
                "alias/b/c",
            ],
        ),
        _ => format!("credential-alias/{}", pick(rng, &["vault", "pass", "new"])),
    };
    let is_list = key.ends_with('s') || key.contains("-provider") && rng.bool();
    match rng.u8(0..8) {
        0 => (
            key.rsplit_once('/')
                .map_or("", |(table, _)| table)
                .to_owned(),
            None,
        ),
        1..4 => (key, None),
        _ if is_list => (key, Some(list())),
        _ => (key, Some(Value::Text(text))),
    }
}
