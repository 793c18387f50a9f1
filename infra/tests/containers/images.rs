//! The images: size, contents, metadata, unprivileged execution.

use std::process::{Command, Stdio};

use infra::service::{Container as Described, Runtime, Service};
use serde_json::json;

use crate::docker::{alone, docker, figure, inspect_image, own_name, run};

fn both() -> [Described; 2] {
    Service::default().containers(Runtime::Compose)
}

#[test]
fn images_are_small() {
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
fn images_match_the_service_description() {
    for container in Service::default().containers(Runtime::Task) {
        let config = &inspect_image(container.package)["Config"];
        let probe: Vec<_> = std::iter::once("CMD")
            .chain(
                container
                    .health
                    .iter()
                    .flat_map(|health| &health.command)
                    .map(String::as_str),
            )
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
fn images_have_labels() {
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

/// The program and the error page of the proxy, besides the files that the engine adds to every container.
#[test]
fn images_contain_only_the_program() {
    let _turn = alone();
    let expected: [&[&str]; 2] = [&["penguin-app"], &["error-page.html", "penguin-proxy"]];
    for (container, expected) in both().iter().zip(expected) {
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
        let mut ours: Vec<_> = listing.lines().filter(|path| !is_of_the_engine(path)).collect();
        ours.sort_unstable();
        assert_eq!(ours, expected);
    }
}

fn is_of_the_engine(path: &str) -> bool {
    path == ".dockerenv"
        || ["dev/", "etc/", "proc/", "sys/"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

/// As restricted as in the task definition, with default settings.
#[test]
fn images_run_read_only_without_capabilities() {
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
        let first = &container.environment.first().unwrap().name;
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
