//! The repository's `docker-compose.yml` under a project name and a port of its own, gone when the test ends.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::docker::{Container, free_port, output_of, own_name, run, tell_log};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A compose project.
#[derive(Debug)]
pub(crate) struct Project {
    name: String,
    port: u16,
    /// Holds the override file, if there is one.
    folder: TempDir,
}

impl Project {
    /// Nothing runs yet.
    pub(crate) fn new(label: &str) -> Self {
        Self {
            name: own_name(label),
            port: free_port(),
            folder: TempDir::new().unwrap(),
        }
    }

    /// Puts `yaml` over the repository's file, as a user's `docker-compose.override.yml` would be.
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
        // What the person who runs the tests has set for a project of their own does not count here.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COMPOSE_")) {
            command.env_remove(name);
        }
        command
            .env("PENGUIN_BIND", "127.0.0.1")
            .env("PENGUIN_PORT", self.port.to_string());
        command.args(arguments);
        command
    }

    /// What `docker compose ARGUMENTS…` prints.
    pub(crate) fn compose(&self, arguments: &[&str]) -> String {
        output_of(&mut self.command(arguments))
    }

    /// The same for what may fail.
    pub(crate) fn try_compose(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// `docker compose up` until both containers are healthy, and how long that took. The images must be there.
    pub(crate) fn up(&self) -> Duration {
        let began = Instant::now();
        self.compose(&["up", "--detach", "--no-build", "--wait", "--wait-timeout", "60"]);
        began.elapsed()
    }

    /// The container of a service, running or not.
    pub(crate) fn container(&self, service: &str) -> Container {
        let ids = self.compose(&["ps", "--all", "--quiet", service]);
        assert!(!ids.is_empty(), "service {service} has no container");
        Container(ids)
    }

    /// Where the site is.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The network that both containers are in.
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
