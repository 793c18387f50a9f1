//! The build spec that checks an environment, against a server on loopback.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use infra::settings::{EXAMPLE, Settings};
use infra::stacks;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::machine::{self, Outcome};
use super::spec::{self, PhaseName, list, text};
use crate::vacant::vacant;

const TAG: &str = "4f2a9c0";

/// Answers of a server: head of the health check, head of the page.
#[derive(Clone, Copy)]
struct Site {
    health: &'static str,
    page: &'static str,
    /// Health checks that fail before.
    failing: usize,
}

const GOOD: Site = Site {
    health: "200 OK\r\nX-Release: 4f2a9c0",
    page: "200 OK\r\nContent-Type: text/html; charset=utf-8",
    failing: 0,
};

/// Serves `site`; returns its URL and the paths that were requested.
fn serve(site: Site) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requested: Arc<Mutex<Vec<String>>> = Arc::default();
    let (log, left) = (Arc::clone(&requested), AtomicUsize::new(site.failing));
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut head = [0; 4096];
            let length = connection.read(&mut head).unwrap();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let fails = left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok();
            let answer = match path.as_str() {
                "/healthz/ready" if fails => "503 Service Unavailable",
                "/healthz/ready" => site.health,
                "/" => site.page,
                _ => "404 Not Found",
            };
            log.lock().unwrap().push(path);
            let response = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            connection.write_all(response.as_bytes()).unwrap();
        }
    });
    (url, requested)
}

/// Runs the smoke test of dev with these settings; it does not sleep between its attempts.
fn run_with(settings: &str, url: &str) -> Outcome {
    let graph = stacks::graph(&Settings::parse(settings).unwrap()).unwrap();
    let stack = graph
        .stacks()
        .iter()
        .find(|stack| stack.name == "DevPipelineStack");
    let template: Json = serde_json::from_str(stack.unwrap().body()).unwrap();
    let project = spec::project(&template, "SmokeTestProject");
    let action = spec::actions(spec::pipeline(&template))
        .find(|action| action["Name"] == "SmokeTest")
        .unwrap();
    let given: Json = serde_json::from_str(text(&action["Configuration"]["EnvironmentVariables"])).unwrap();
    let given = list(&given).map(|variable| {
        let value = text(&variable["value"])
            .replace("#{DeployDev.Url}", url)
            .replace("#{BuildImages.IMAGE_TAG}", TAG);
        (text(&variable["name"]).to_owned(), value)
    });
    let mut variables: BTreeMap<String, String> = project
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), text(value).to_owned()))
        .chain(given)
        .collect();
    let programs = TempDir::new().unwrap();
    let sleep = programs.path().join("sleep");
    fs_err::write(&sleep, "#!/bin/sh\n").unwrap();
    fs_err::set_permissions(&sleep, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    variables.insert("PATH".to_owned(), format!("{}:{path}", programs.path().display()));
    variables.insert("NO_PROXY".to_owned(), "127.0.0.1".to_owned());
    let artifact = TempDir::new().unwrap();
    let environment = machine::environment(artifact.path(), TAG, "eu-central-1", &variables);
    machine::run(&project.spec, artifact.path(), environment)
}

fn run(site: Site) -> Outcome {
    run_with(EXAMPLE, &serve(site).0)
}

/// Returns the last line without the address.
fn last_line(outcome: &Outcome) -> String {
    outcome.assert_failed(PhaseName::Build, "error: smoke test failed: ");
    let line = outcome.log.lines().last().unwrap_or_default();
    let (before, rest) = line.split_once("http://127.0.0.1:").unwrap();
    format!(
        "{before}URL{}",
        rest.trim_start_matches(|digit: char| digit.is_ascii_digit())
    )
}

#[test]
fn healthy_environment_passes() {
    let outcome = run(GOOD);
    outcome.assert_succeeded();
    assert!(
        outcome.log.ends_with(&format!(" runs release {TAG}\n")),
        "{}",
        outcome.log
    );
}

#[test]
fn failures_name_url_expectation_and_answer() {
    for (site, line) in [
        (
            Site {
                health: "503 Service Unavailable",
                ..GOOD
            },
            "URL/healthz/ready: expected status 200, got 503",
        ),
        (
            Site {
                health: "200 OK\r\nX-Release: 1111111",
                ..GOOD
            },
            "URL/healthz/ready: expected header X-Release: 4f2a9c0, got 1111111",
        ),
        (
            Site {
                health: "200 OK",
                ..GOOD
            },
            "URL/healthz/ready: expected header X-Release: 4f2a9c0, got none",
        ),
        (
            Site {
                page: "500 Internal Server Error\r\nContent-Type: text/html",
                ..GOOD
            },
            "URL/: expected status 200, got 500",
        ),
        (
            Site {
                page: "302 Found\r\nLocation: /login",
                ..GOOD
            },
            "URL/: expected status 200, got 302",
        ),
        (
            Site {
                page: "200 OK\r\nContent-Type: application/json",
                ..GOOD
            },
            "URL/: expected content type text/html, got application/json",
        ),
        (
            Site {
                page: "200 OK",
                ..GOOD
            },
            "URL/: expected content type text/html, got none",
        ),
    ] {
        let outcome = run(site);
        assert_eq!(last_line(&outcome), format!("error: smoke test failed: {line}"));
        assert_eq!(outcome.log.matches("attempt ").count(), 10, "{}", outcome.log);
    }
}

#[test]
fn unreachable_environment_fails_with_the_cause() {
    let nobody = vacant();
    let outcome = run_with(EXAMPLE, &format!("http://{nobody}"));
    let line = last_line(&outcome);
    let start = "error: smoke test failed: URL/healthz/ready: expected a response, got curl: (7) ";
    assert!(line.starts_with(start), "{line}");
}

#[test]
fn short_outages_are_bridged() {
    let outcome = run(Site { failing: 9, ..GOOD });
    outcome.assert_succeeded();
    run(Site { failing: 10, ..GOOD }).assert_failed(PhaseName::Build, "attempt 10 of 10");
}

#[test]
fn app_without_pages_is_checked_by_its_health_alone() {
    let settings = EXAMPLE.replace("smoke-test = \"/\"", "smoke-test = \"/healthz/ready\"");
    assert_ne!(settings, EXAMPLE);
    let (url, requested) = serve(Site {
        page: "404 Not Found",
        ..GOOD
    });
    run_with(&settings, &url).assert_succeeded();
    assert_eq!(*requested.lock().unwrap(), ["/healthz/ready"]);
}
