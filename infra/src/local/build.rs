//! The programs: built by cargo, or found where cargo put them before.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use super::events::{Event, Events};
use super::process;

/// Binary by package name.
pub type Programs = HashMap<&'static str, PathBuf>;

/// How a build ended that did not fail on our side.
#[derive(Debug)]
pub enum Built {
    /// Here they are.
    Programs(Programs),
    /// cargo has said on stderr what is wrong.
    CargoFailed,
    /// Ctrl-C.
    Interrupted,
}

/// Why there are no programs.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// cargo does not start.
    #[error("cannot run cargo")]
    NoCargo(#[source] io::Error),
    /// cargo was content but did not say where the binary is.
    #[error("cargo did not build a program named {0}")]
    NotBuilt(&'static str),
    /// `--no-build` without a build before.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// We do not know where we are ourselves.
    #[error("cannot find the folder of this program")]
    NoFolder(#[source] io::Error),
}

/// Has cargo build `packages` in the workspace at `root`. Its progress and its errors go to our stderr.
///
/// # Errors
/// When cargo is not to be had. A compile error is [`Built::CargoFailed`].
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
    // cargo stays in our process group, so that Ctrl-C reaches it and its compilers as if it ran alone.
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

/// The programs that lie beside `infra` itself: cargo puts all binaries of a profile into one folder.
///
/// # Errors
/// When one is not there.
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

/// Where a binary is, if this message of cargo's tells it.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    (message["target"]["name"] == name).then(|| message["executable"].as_str().map(PathBuf::from))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_in_what_cargo_says() {
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
