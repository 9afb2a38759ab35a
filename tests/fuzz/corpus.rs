//! The inputs to begin with: files in `corpus/TARGET/`. What is called `valid…` must be accepted; what is
//! called `finding…` has once made a parser fail.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// An input to begin with.
pub(crate) struct Seed {
    pub(crate) path: PathBuf,
    pub(crate) input: Vec<u8>,
}

impl Seed {
    /// Returns whether the parser must accept it.
    pub(crate) fn is_valid(&self) -> bool {
        self.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("valid"))
    }
}

/// Reads the corpus of a target.
pub(crate) fn load(target: &str) -> Vec<Seed> {
    let files = fs::read_dir(folder(target)).expect("each target has a corpus");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("readable").path()).collect();
    paths.sort();
    let read = |path| Seed { input: fs::read(&path).expect("readable"), path };
    paths.into_iter().map(read).collect()
}

/// Adds an input to the corpus of a target.
pub(crate) fn save(target: &str, input: &[u8]) -> PathBuf {
    let mut hash = DefaultHasher::new();
    input.hash(&mut hash);
    let path = folder(target).join(format!("finding-{:016x}", hash.finish()));
    fs::write(&path, input).expect("writable");
    path
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}
