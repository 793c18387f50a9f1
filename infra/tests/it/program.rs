//! Runs `infra` in a temporary directory, isolated from this repository and the user's environment.

use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A temporary directory for running `infra`.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    /// Returns a command that runs in the directory without user configuration and credentials.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            // No parent directory is its git repository.
            .env("GIT_CEILING_DIRECTORIES", self.folder.path().parent().unwrap());
        let credentials = std::env::vars_os()
            .map(|(variable, _)| variable)
            .filter(|variable| variable.as_encoded_bytes().starts_with(b"AWS_"));
        for variable in credentials.chain(["GIT_DIR", "GIT_WORK_TREE", "XDG_CONFIG_HOME"].map(Into::into)) {
            command.env_remove(variable);
        }
        // Disable credentials of an EC2 instance.
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs `infra` without a terminal.
    pub(crate) fn infra(&self, arguments: &[&str]) -> Said {
        let output = self
            .command(env!("CARGO_BIN_EXE_infra"))
            .args(arguments)
            .output()
            .unwrap();
        Said::of(&output)
    }

    /// Runs git, which must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let output = self.command("git").args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }
}

/// Output and exit code of a run.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Returns both streams and the exit code.
    pub(crate) fn all(&self) -> String {
        format!("{}{}[exit {}]", self.out, self.err, self.code)
    }
}
