//! A temporary checkout with two programs.
//!
//! `infra local --no-build` runs the programs beside `infra` itself. In the harness these are links to `mock_program.sh`, a mock
//! that logs what it does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fs_err::os::unix::fs::symlink;
use tempfile::TempDir;

use crate::run::Run;

pub(crate) struct Harness {
    folder: TempDir,
}

impl Harness {
    /// Creates a checkout with mock programs that succeed.
    pub(crate) fn new() -> Self {
        let harness = Self {
            folder: TempDir::new().unwrap(),
        };
        for file in [
            "penguin-app/Cargo.toml",
            "penguin-proxy/Cargo.toml",
            "penguin-app/src/deep/file",
        ] {
            let file = harness.path(file);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "").unwrap();
        }
        fs_err::create_dir_all(harness.path("bin")).unwrap();
        // Links, since a copy could still be open for writing in a parallel test when it is started.
        fs_err::hard_link(env!("CARGO_BIN_EXE_infra"), harness.path("bin/infra")).unwrap();
        for name in ["penguin-app", "penguin-proxy"] {
            let mock = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mock_program.sh");
            symlink(mock, harness.path("bin").join(name)).unwrap();
        }
        harness
    }

    /// Replaces a mock with a real program.
    pub(crate) fn replace(&self, name: &str, program: &Path) {
        let place = self.path("bin").join(name);
        fs_err::remove_file(&place).unwrap();
        fs_err::hard_link(program, place).unwrap();
    }

    /// Adds shell code to a mock: `app.serve` runs before the app is healthy, `app.term` on SIGTERM.
    pub(crate) fn behave(&self, moment: &str, shell: &str) {
        fs_err::write(self.path("bin").join(moment), shell).unwrap();
    }

    /// Returns `infra` without colours, in a subdirectory of the checkout.
    pub(crate) fn infra(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("bin/infra"));
        command
            .current_dir(self.path("penguin-app/src/deep"))
            .args(arguments)
            .env("NO_COLOR", "1");
        command
    }

    /// Starts `infra local` on a free port.
    pub(crate) fn local(&self) -> Run {
        Run::start(&mut self.infra(&["local", "--no-build", "--port", "0"]))
    }

    /// Returns the log of the mocks.
    pub(crate) fn events(&self) -> String {
        fs_err::read_to_string(self.path("bin/events")).unwrap_or_default()
    }

    /// Waits until the log ends with this line.
    pub(crate) fn wait_for_event(&self, line: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.events().trim_end().ends_with(line) {
            assert!(
                Instant::now() < deadline,
                "the log does not end with {line:?}:\n{}",
                self.events()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the process ID of a program.
    pub(crate) fn pid(&self, name: &str) -> rustix::process::Pid {
        let pid = fs_err::read_to_string(self.path(&format!("bin/{name}.pid"))).unwrap();
        rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
