//! The folders around a file that are made for it, and go again with it.

use std::fs;
use std::path::Path;

use super::{folder_of, follow, sync_folder};
use crate::error::{Error, Place, Result};

/// How many of the folders around a file are missing.
pub(crate) fn missing_folders(path: &Path) -> usize {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    follow(path).map_or(0, |path| {
        path.ancestors().skip(1).take_while(is_missing).count()
    })
}

/// The error of a link that leads to where no file can be.
pub(super) fn leads_nowhere(link: &Path, target: &Path) -> Error {
    let told = format!(
        "this link leads to `{}`, whose folder is not there",
        target.display()
    );
    Error::failed(told).at(Place::file(link)).hint(format!(
        "make it with `mkdir -p '{}'` if it is not to come back by itself, or remove the link",
        folder_of(target).display()
    ))
}

/// Makes the folders around a file that are missing; answers how many.
pub(super) fn make_folders(path: &Path) -> Result<usize> {
    let missing = missing_folders(path);
    let folder = folder_of(path);
    let made = fs::create_dir_all(folder);
    for folder in path.ancestors().skip(1).take(missing) {
        // A file is no use in a folder that is gone after a power failure.
        sync_folder(folder);
    }
    made.map(|()| missing).map_err(|error| {
        remove_folders(path, missing);
        Error::io("create this folder", folder, &error)
    })
}

/// Takes this many of the folders around a file away that were made for it; one that somebody has put something into
/// stays.
pub(crate) fn remove_folders(path: &Path, count: usize) {
    if let Ok(path) = follow(path) {
        for folder in path.ancestors().skip(1).take(count) {
            let _ = fs::remove_dir(folder);
        }
    }
}
