//! The two images: small, empty but for the program, unprivileged, and as `service.rs` describes them.

use std::process::{Command, Stdio};

use infra::service::{Container as Described, Runtime, containers};
use serde_json::json;

use crate::docker::{alone, docker, figure, inspect_image, own_name, run};

fn both() -> [Described; 2] {
    containers(Runtime::Compose)
}

#[test]
fn they_are_small() {
    for (container, limit_mb) in both().iter().zip([15.0, 6.0]) {
        let bytes = inspect_image(container.package)["Size"].as_f64().unwrap();
        figure(&format!("image {}: {:.1} MB", container.package, bytes / 1e6));
        assert!(
            bytes <= limit_mb * 1e6,
            "{}: {bytes} bytes, more than {limit_mb} MB",
            container.package
        );
    }
}

#[test]
fn they_are_what_the_description_says() {
    for container in both() {
        let config = &inspect_image(container.package)["Config"];
        let probe: Vec<_> = std::iter::once("CMD")
            .chain(container.health.command.iter().map(String::as_str))
            .collect();
        assert_eq!(config["User"], container.user);
        assert_eq!(config["Entrypoint"], json!([container.binary()]));
        assert_eq!(config["Cmd"], json!(container.command));
        assert_eq!(config["Healthcheck"]["Test"], json!(probe));
        assert_eq!(config["StopSignal"], container.stop.signal);
        assert_eq!(
            config["ExposedPorts"],
            json!({ format!("{}/tcp", container.port): {} })
        );
    }
}

#[test]
fn they_say_what_they_are_and_where_they_came_from() {
    for container in both() {
        let labels = &inspect_image(container.package)["Config"]["Labels"];
        assert_eq!(labels["org.opencontainers.image.title"], container.package);
        for name in ["description", "licenses", "source", "revision", "version"] {
            let label = &labels[format!("org.opencontainers.image.{name}")];
            assert!(
                label.as_str().is_some_and(|text| !text.is_empty()),
                "{}: {name}: {label}",
                container.package
            );
        }
    }
}

/// No shell, no package manager, no user database: one file, besides what the engine puts into every container.
#[test]
fn there_is_nothing_in_them_but_the_program() {
    let _turn = alone();
    for container in both() {
        let name = own_name(&format!("contents-{}", container.name));
        docker(&["create", "--name", &name, container.package]);
        let mut export = Command::new("docker")
            .args(["export", &name])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let listing = run(Command::new("tar")
            .arg("--list")
            .stdin(export.stdout.take().unwrap()));
        assert!(export.wait().unwrap().success());
        docker(&["rm", &name]);
        let listing = String::from_utf8(listing.stdout).unwrap();
        let ours: Vec<_> = listing.lines().filter(|path| !is_of_the_engine(path)).collect();
        assert_eq!(ours, [container.package]);
    }
}

fn is_of_the_engine(path: &str) -> bool {
    path == ".dockerenv"
        || ["dev/", "etc/", "proc/", "sys/"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

/// As strict as a task definition can be, and without an environment: the defaults must do.
#[test]
fn they_run_read_only_without_capabilities_and_check_themselves() {
    let _turn = alone();
    for container in both() {
        let strict = [
            "run",
            "--rm",
            "--read-only",
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges:true",
        ];
        let says = docker(&[&strict[..], &[container.package, "check"]].concat());
        let first = container.environment.first().unwrap().name;
        assert!(
            says.contains(first),
            "{} check does not show {first}:\n{says}",
            container.package
        );
        let shell =
            run(Command::new("docker")
                .args(strict)
                .args(["--entrypoint", "/bin/sh", container.package]));
        assert!(!shell.status.success());
    }
}
