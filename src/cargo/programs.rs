//! Programs as the system would find them, on `PATH`.

use std::path::{Path, PathBuf};

use super::config::Config;
use crate::world::Env;

/// The programs on `PATH` that are credential providers by their name, in alphabetical order.
pub fn providers(env: &Env) -> Vec<String> {
    let Some(path) = env.get_os("PATH") else {
        return Vec::new();
    };
    let mut programs: Vec<String> = std::env::split_paths(path)
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .filter(|(name, path)| name.starts_with("cargo-credential-") && is_executable(path))
        .map(|(name, _)| name)
        .collect();
    programs.sort();
    programs.dedup();
    programs
}

/// A program as the system would find it.
pub fn find(config: &Config, program: &str) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    if program.contains('/') || program.contains(std::path::MAIN_SEPARATOR) {
        let path = config.directory().join(program);
        return is_executable(&path).then_some(path);
    }
    let folders = config.env().get_os("PATH")?;
    std::env::split_paths(folders)
        .map(|folder| {
            let suffix = std::env::consts::EXE_SUFFIX;
            if program.ends_with(suffix) {
                folder.join(program)
            } else {
                folder.join(format!("{program}{suffix}"))
            }
        })
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    let Ok(meta) = path.metadata() else {
        return false;
    };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    meta.is_file() && may_run
}
