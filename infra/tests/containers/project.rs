//! The repository's `docker-compose.yml` with a unique project name and port, removed on drop.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::docker::{Container, output_of, own_name, run, tell_log};
use crate::vacant::vacant;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A compose project.
#[derive(Debug)]
pub(crate) struct Project {
    name: String,
    port: u16,
    /// Directory of the override file, if there is one.
    folder: TempDir,
}

impl Project {
    /// Creates a project without starting it.
    pub(crate) fn new(label: &str) -> Self {
        Self {
            name: own_name(label),
            port: vacant().port(),
            folder: TempDir::new().unwrap(),
        }
    }

    /// Adds an override file.
    pub(crate) fn overlay(&self, yaml: &str) {
        fs_err::write(self.folder.path().join("override.yml"), yaml).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args([
            "compose",
            "--ansi",
            "never",
            "--project-name",
            &self.name,
            "--project-directory",
            ROOT,
        ]);
        command.args(["--file", &format!("{ROOT}/docker-compose.yml")]);
        let overlay = self.folder.path().join("override.yml");
        if overlay.exists() {
            command.arg("--file").arg(overlay);
        }
        // Ignore the user's own variables.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COMPOSE_")) {
            command.env_remove(name);
        }
        command
            .env("PENGUIN_BIND", "127.0.0.1")
            .env("PENGUIN_PORT", self.port.to_string());
        command.args(arguments);
        command
    }

    /// Returns the output of `docker compose ARGUMENTS…`.
    pub(crate) fn compose(&self, arguments: &[&str]) -> String {
        output_of(&mut self.command(arguments))
    }

    /// Runs a command that may fail.
    pub(crate) fn try_compose(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// Starts both containers and returns the time until they are healthy. The images must exist.
    pub(crate) fn up(&self) -> Duration {
        let began = Instant::now();
        self.compose(&["up", "--detach", "--no-build", "--wait", "--wait-timeout", "60"]);
        began.elapsed()
    }

    /// Returns the container of a service, running or not.
    pub(crate) fn container(&self, service: &str) -> Container {
        let ids = self.compose(&["ps", "--all", "--quiet", service]);
        assert!(!ids.is_empty(), "service {service} has no container");
        Container(ids)
    }

    /// Returns the published address.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Returns the network of the project.
    pub(crate) fn network(&self) -> String {
        format!("{}_default", self.name)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let ids = self.try_compose(&["ps", "--all", "--quiet"]).stdout;
            for id in String::from_utf8_lossy(&ids).lines() {
                tell_log(&Container(id.to_owned()));
            }
        }
        self.try_compose(&["down", "--volumes", "--remove-orphans", "--timeout", "0"]);
    }
}
