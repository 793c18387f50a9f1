//! Programs of the containers: built by cargo, or found from an earlier build.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use super::events::{Event, Events};
use super::process;

/// What `cargo run` sets for its program. Build scripts such as ring's run again when these change, so that every switch
/// between `cargo local` and `cargo build` would compile TLS and all that depends on it.
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
const OF_CARGO_RUN: [&str; 16] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Path of the binary by package name.
pub type Programs = HashMap<&'static str, PathBuf>;

/// Result of a build.
#[derive(Debug)]
pub enum Built {
    /// The binaries.
    Programs(Programs),
    /// cargo failed and reported why on stderr.
    CargoFailed,
    /// Interrupted by Ctrl-C.
    Interrupted,
}

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// cargo cannot be started.
    #[error("cannot run cargo")]
    NoCargo(#[source] io::Error),
    /// cargo succeeded but did not report the binary.
    #[error("cargo did not build a program named {0}")]
    NotBuilt(&'static str),
    /// `--no-build` without an earlier build.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The path of the current executable is unknown.
    #[error("cannot find the directory of this program")]
    NoFolder(#[source] io::Error),
}

/// Builds `packages` in the workspace at `root` with cargo, whose output goes to stderr.
///
/// # Errors
/// Fails if cargo cannot be run. A compile error is [`Built::CargoFailed`].
pub fn build(root: &Path, packages: &[&'static str], events: &Events) -> Result<Built, BuildError> {
    let mut command = Command::new("cargo");
    command
        .current_dir(root)
        .args(["build", "--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    for package in packages {
        command.args(["--package", package, "--bin", package]);
    }
    for variable in OF_CARGO_RUN {
        command.env_remove(variable);
    }
    // cargo stays in our process group, so that Ctrl-C reaches it.
    let mut cargo = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(BuildError::NoCargo)?;
    let pid = cargo.id();
    let messages = cargo.stdout.take();
    let reader = thread::spawn(move || {
        messages
            .map(BufReader::new)
            .into_iter()
            .flat_map(BufReader::lines)
            .map_while(Result::ok)
            .collect::<Vec<_>>()
    });
    let sender = events.sender();
    thread::spawn(move || sender.send(Event::Built { status: cargo.wait() }));

    let mut interrupted = false;
    let status = loop {
        match events.next(None) {
            Some(Event::Built { status }) => break status.map_err(BuildError::NoCargo)?,
            Some(Event::Stop) => {
                interrupted = true;
                process::interrupt(pid);
            }
            _ => {}
        }
    };
    if interrupted {
        return Ok(Built::Interrupted);
    }
    if !status.success() {
        return Ok(Built::CargoFailed);
    }
    let messages = reader.join().unwrap_or_default();
    let mut programs = Programs::new();
    for package in packages {
        let executable = messages.iter().find_map(|message| executable(message, package));
        programs.insert(package, executable.ok_or(BuildError::NotBuilt(package))?);
    }
    Ok(Built::Programs(programs))
}

/// Returns the binaries beside `infra` itself, since cargo puts all binaries of a profile into one directory.
///
/// # Errors
/// Fails if one does not exist.
pub fn built_before(packages: &[&'static str]) -> Result<Programs, BuildError> {
    let own = std::env::current_exe().map_err(BuildError::NoFolder)?;
    packages
        .iter()
        .map(|&package| {
            let program = own.with_file_name(package);
            if program.is_file() {
                Ok((package, program))
            } else {
                Err(BuildError::Missing(program))
            }
        })
        .collect()
}

/// Returns the path of the binary if this message of cargo reports it.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    (message["target"]["name"] == name).then(|| message["executable"].as_str().map(PathBuf::from))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_path_is_read_from_cargo_messages() {
        let library = r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"penguin_app"},"executable":null}"#;
        let binary = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"penguin-app"},"executable":"/t/debug/penguin-app"}"#;
        assert_eq!(executable(library, "penguin-app"), None);
        assert_eq!(
            executable(binary, "penguin-app"),
            Some(PathBuf::from("/t/debug/penguin-app"))
        );
        assert_eq!(
            executable(r#"{"reason":"build-finished","success":true}"#, "penguin-app"),
            None
        );
    }
}
