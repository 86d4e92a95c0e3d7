//! Whether the files agree on what is a table, what a list and what a single value.

use crate::cargo::layers::Layer;
use crate::disk::tree::{Node, Table};
use crate::error::{Error, Result};

/// Cargo refuses a whole configuration whose files disagree on the kind of a value (6).
pub(super) fn check(layers: &[Layer]) -> Result<()> {
    for (index, near) in layers.iter().enumerate() {
        for far in &layers[index + 1..] {
            check_tables(near, &near.root, far, &far.root, &mut Vec::new())?;
        }
    }
    Ok(())
}

fn check_tables<'a>(
    near: &Layer,
    near_table: &'a Table,
    far: &Layer,
    far_table: &'a Table,
    path: &mut Vec<&'a str>,
) -> Result<()> {
    let is_near = near_table.len() <= far_table.len();
    let (few, many) = if is_near {
        (near_table, far_table)
    } else {
        (far_table, near_table)
    };
    for (key, entry) in few {
        let Some(same) = many.get(key) else {
            continue;
        };
        let (one, other) = if is_near {
            (entry, same)
        } else {
            (same, entry)
        };
        // Cargo takes the old layout's place of crates.io's token out before it looks (5).
        if path.is_empty() && key == "token" && near.is_credentials {
            continue;
        }
        path.push(key);
        match (&one.node, &other.node) {
            (Node::Table(one), Node::Table(other)) => check_tables(near, one, far, other, path)?,
            (Node::List(_), Node::List(_)) => {}
            (Node::List(_) | Node::Table(_), _) | (_, Node::List(_) | Node::Table(_)) => {
                return Err(Error::malformed(format!(
                    "`{}` is {} here and {} in {}; Cargo refuses both files",
                    path.join("."),
                    one.node.description(),
                    other.node.description(),
                    far.place(other),
                ))
                .at(near.place(one))
                .hint("write both alike, or remove one"));
            }
            _ => {}
        }
        path.pop();
    }
    Ok(())
}
