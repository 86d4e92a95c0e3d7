//! The folders around a file that are made for it, and go again with it.

use std::fs;
use std::path::Path;

use super::{folder_of, sync_folder};
use crate::error::{Error, Result};

/// How many of the folders around a file are missing.
pub(crate) fn missing_folders(path: &Path) -> usize {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    path.ancestors().skip(1).take_while(is_missing).count()
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
    for folder in path.ancestors().skip(1).take(count) {
        let _ = fs::remove_dir(folder);
    }
}
