//! What `import` reaches: scripts in the importing script's own folder, and nothing else.

use std::path::{Component, Path, PathBuf};

use rhai::module_resolvers::FileModuleResolver;
use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Shared};

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
            Some(files) if stays_inside => files.resolve(engine, None, path, position),
            _ => Err(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position).into()),
        }
    }
}
