//! What `import` reaches: scripts in the importing script's own folder, and nothing else.

use std::path::{Component, Path, PathBuf};

use rhai::module_resolvers::FileModuleResolver;
use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Shared};

use super::thrown;
use crate::error::Error;

/// Resolves `import "name"` to `FOLDER/name.rhai`.
pub(super) struct FolderResolver(Option<FileModuleResolver>);

impl FolderResolver {
    /// Without a folder (a line of the shell), nothing can be imported.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self(folder.map(|folder| {
            let folder = if folder.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                folder.to_path_buf()
            };
            FileModuleResolver::new_with_path(folder)
        }))
    }
}

impl ModuleResolver for FolderResolver {
    fn resolve(
        &self,
        engine: &Engine,
        _source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let stays_inside = Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        match &self.0 {
            // Without the importing script's name, or its folder would be asked instead of ours.
            Some(files) if stays_inside => match files.resolve(engine, None, path, position) {
                Err(error) if matches!(*error, EvalAltResult::ErrorModuleNotFound(..)) => {
                    Err(missing(position))
                }
                resolved => resolved,
            },
            _ => Err(missing(position)),
        }
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "the form that Rhai wants")]
fn missing(position: Position) -> Box<EvalAltResult> {
    let error = Error::failed("there is no such script to import")
        .hint("`import` reaches the folder of the script only, without `.rhai`");
    thrown(error, position)
}
