//! The source as a pipeline gives it to a build: a copy of what git knows, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err::os::unix::fs::symlink;
use infra::settings::EXAMPLE;
use tempfile::TempDir;

use crate::docker::output_of;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(crate) struct Checkout(TempDir);

impl Checkout {
    /// Of this repository as it is now, with the settings of the example.
    pub(crate) fn new() -> Self {
        let checkout = Self(TempDir::new().unwrap());
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let names = output_of(Command::new("git").args(list).current_dir(ROOT));
        for name in names.split_terminator('\0') {
            let (from, to) = (Path::new(ROOT).join(name), checkout.path(name));
            // Deleted and not yet committed, say.
            if from.is_file() {
                fs_err::create_dir_all(to.parent().unwrap()).unwrap();
                fs_err::copy(from, to).unwrap();
            }
        }
        fs_err::write(checkout.path("infra.toml"), EXAMPLE).unwrap();
        // The build's cache: a folder that is kept, and linked into every checkout.
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds");
        fs_err::create_dir_all(&kept).unwrap();
        symlink(kept, checkout.path("target")).unwrap();
        checkout
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces the one place of a file that says `old`.
    pub(crate) fn edit(&self, name: &str, old: &str, new: &str) {
        let text = fs_err::read_to_string(self.path(name)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{name}: {old}");
        fs_err::write(self.path(name), text.replace(old, new)).unwrap();
    }
}
