//! Source of a build: a copy of the tracked files.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err::os::unix::fs::symlink;
use infra::settings::EXAMPLE;
use tempfile::TempDir;

use crate::docker::output_of;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(crate) struct Checkout(TempDir);

impl Checkout {
    /// Copies this repository with the example settings.
    pub(crate) fn new() -> Self {
        let checkout = Self(TempDir::new().unwrap());
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let names = output_of(Command::new("git").args(list).current_dir(ROOT));
        for name in names.split_terminator('\0') {
            let (from, to) = (Path::new(ROOT).join(name), checkout.path(name));
            // Deleted but not committed.
            if from.is_file() {
                fs_err::create_dir_all(to.parent().unwrap()).unwrap();
                fs_err::copy(from, to).unwrap();
            }
        }
        fs_err::write(checkout.path("infra.toml"), EXAMPLE).unwrap();
        // The local cache of CodeBuild: a directory linked into every checkout.
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds");
        fs_err::create_dir_all(&kept).unwrap();
        symlink(kept, checkout.path("target")).unwrap();
        checkout
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces the only occurrence of `old` in a file.
    pub(crate) fn edit(&self, name: &str, old: &str, new: &str) {
        let text = fs_err::read_to_string(self.path(name)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{name}: {old}");
        fs_err::write(self.path(name), text.replace(old, new)).unwrap();
    }
}
