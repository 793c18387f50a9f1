//! A checkout and two programs to run, made for one test.
//!
//! `infra local --no-build` runs the programs that lie beside `infra` itself. On a stage these are links to
//! `stand_in.sh`, which says what it does and keeps a diary that outlives everybody.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fs_err::os::unix::fs::symlink;
use tempfile::TempDir;

use crate::run::Run;

pub(crate) struct Stage {
    folder: TempDir,
}

impl Stage {
    /// A checkout with a well-behaved app and proxy.
    pub(crate) fn new() -> Self {
        let stage = Self {
            folder: TempDir::new().unwrap(),
        };
        for file in [
            "penguin-app/Cargo.toml",
            "penguin-proxy/Cargo.toml",
            "penguin-app/src/deep/file",
        ] {
            let file = stage.path(file);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "").unwrap();
        }
        fs_err::create_dir_all(stage.path("bin")).unwrap();
        // Links, no copies: a program cannot be started while a test beside this one still has it open for writing.
        fs_err::hard_link(env!("CARGO_BIN_EXE_infra"), stage.path("bin/infra")).unwrap();
        for name in ["penguin-app", "penguin-proxy"] {
            let stand_in = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stand_in.sh");
            symlink(stand_in, stage.path("bin").join(name)).unwrap();
        }
        stage
    }

    /// Puts a real program in the place of a stand-in.
    pub(crate) fn replace(&self, name: &str, program: &Path) {
        let place = self.path("bin").join(name);
        fs_err::remove_file(&place).unwrap();
        fs_err::hard_link(program, place).unwrap();
    }

    /// Lays a piece of shell beside a stand-in: `app.serve` runs before the app is healthy, `app.term` on SIGTERM.
    pub(crate) fn behave(&self, moment: &str, shell: &str) {
        fs_err::write(self.path("bin").join(moment), shell).unwrap();
    }

    /// `infra` on this stage, with colours off, standing deep inside the checkout.
    pub(crate) fn infra(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("bin/infra"));
        command
            .current_dir(self.path("penguin-app/src/deep"))
            .args(arguments)
            .env("NO_COLOR", "1");
        command
    }

    /// `infra local` on a free port.
    pub(crate) fn local(&self) -> Run {
        Run::start(&mut self.infra(&["local", "--no-build", "--port", "0"]))
    }

    /// What the programs have done so far.
    pub(crate) fn diary(&self) -> String {
        fs_err::read_to_string(self.path("bin/diary")).unwrap_or_default()
    }

    /// Waits until the diary ends with this line.
    pub(crate) fn wait_for_diary(&self, line: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.diary().trim_end().ends_with(line) {
            assert!(
                Instant::now() < deadline,
                "the diary does not end with {line:?}:\n{}",
                self.diary()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process id of a program.
    pub(crate) fn pid(&self, name: &str) -> rustix::process::Pid {
        let pid = fs_err::read_to_string(self.path(&format!("bin/{name}.pid"))).unwrap();
        rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
