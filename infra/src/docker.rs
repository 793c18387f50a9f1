//! Docker command-line client: builds, logs in and pushes. What `docker` prints goes to standard error.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The client.
#[derive(Clone, Debug)]
pub struct Docker {
    /// Name or path of the program.
    pub program: PathBuf,
    /// Prints only errors.
    pub quiet: bool,
}

/// A call of `docker` that failed.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// The program is not installed.
    #[error("`{}` is not installed", program.display())]
    Missing {
        /// The program.
        program: PathBuf,
    },
    /// The engine does not respond.
    #[error("the Docker Engine does not respond: {0}")]
    NoEngine(String),
    /// The registry refuses the login.
    #[error("`docker login` to {host} failed: {message}")]
    Login {
        /// The registry.
        host: String,
        /// What `docker` printed.
        message: String,
    },
    /// A command failed; it has printed the reason.
    #[error("`docker {command}` failed with {status}")]
    Failed {
        /// The command and what it is about.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The program cannot be run.
    #[error("cannot run `docker`: {0}")]
    NotRun(#[from] io::Error),
}

/// An image to build.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// Name with the tag.
    pub image: &'a str,
    /// The Dockerfile, relative to `context`.
    pub dockerfile: &'a str,
    /// Folder that is sent to the engine.
    pub context: &'a Path,
    /// Platform, such as `linux/arm64`.
    pub platform: &'a str,
    /// Build arguments.
    pub arguments: &'a [(String, String)],
}

impl Docker {
    /// Checks that the program is installed and that the engine responds.
    ///
    /// # Errors
    /// Either is missing.
    pub async fn check(&self) -> Result<(), DockerError> {
        let output = self
            .command(["version", "--format", "{{.Server.Version}}"])
            .output()
            .await
            .map_err(|error| self.not_run(error))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(DockerError::NoEngine(last_line(&output.stderr)))
        }
    }

    /// Logs in to a registry. The password goes through standard input: other users of the machine can read arguments.
    ///
    /// # Errors
    /// The registry refuses it.
    pub async fn log_in(&self, host: &str, user: &str, password: &str) -> Result<(), DockerError> {
        let mut child = self
            .command(["login", "--username", user, "--password-stdin", host])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.not_run(error))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A client that exits before it has read the password says why on standard error.
            let _ = stdin.write_all(password.as_bytes()).await;
        }
        let output = child.wait_with_output().await?;
        if output.status.success() {
            return Ok(());
        }
        Err(DockerError::Login {
            host: host.to_owned(),
            message: last_line(&output.stderr),
        })
    }

    /// Builds an image and keeps it in the engine.
    ///
    /// # Errors
    /// The build fails.
    pub async fn build(&self, build: &Build<'_>) -> Result<(), DockerError> {
        let mut command = self.command(["build", "--platform", build.platform, "--file"]);
        command
            .arg(build.context.join(build.dockerfile))
            .args(["--tag", build.image])
            // The Dockerfiles use cache mounts.
            .env("DOCKER_BUILDKIT", "1");
        for (name, value) in build.arguments {
            command.arg("--build-arg").arg(format!("{name}={value}"));
        }
        if self.quiet {
            command.arg("--quiet");
        }
        command.arg(build.context);
        self.run(command, format!("build --file {}", build.dockerfile))
            .await
    }

    /// Pushes an image.
    ///
    /// # Errors
    /// The registry refuses it.
    pub async fn push(&self, image: &str) -> Result<(), DockerError> {
        let mut command = self.command(["push"]);
        if self.quiet {
            command.arg("--quiet");
        }
        command.arg(image);
        self.run(command, format!("push {image}")).await
    }

    async fn run(&self, mut command: Command, described: String) -> Result<(), DockerError> {
        // Standard output is for data.
        let status = command
            .stdout(io::stderr())
            .status()
            .await
            .map_err(|error| self.not_run(error))?;
        if status.success() {
            return Ok(());
        }
        Err(DockerError::Failed {
            command: described,
            status,
        })
    }

    fn command<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            // Ctrl-C ends the wait, and must end the build too.
            .kill_on_drop(true);
        command
    }

    fn not_run(&self, error: io::Error) -> DockerError {
        if error.kind() == io::ErrorKind::NotFound {
            DockerError::Missing {
                program: self.program.clone(),
            }
        } else {
            DockerError::NotRun(error)
        }
    }
}

/// The last line that is not empty: `docker` prints warnings before the error.
fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("no message").trim().to_owned()
}
