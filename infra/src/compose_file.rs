//! `docker-compose.yml`, written from [`crate::service`].
//!
//! Small enough to be written line by line: that way the comments, for which the file is read at all, stand where
//! they belong. It knows nothing of Docker's command line.

use std::fmt::Write as _;
use std::time::Duration;

use crate::service::{Container, PROXY_PORT, Runtime, Value, containers};

const HEADER: &str = "\
# The two containers as `docker compose up` runs them; the Fargate task is made from the same description.
# Printed by `cargo run -p infra -- compose`: change infra/src/service.rs instead of this file.
#
# Variables, in the environment or in a file named .env:
#   PENGUIN_PORT   port of the site on this machine [8080]
#   PENGUIN_BIND   address of this machine that it is published on [127.0.0.1]; 0.0.0.0 lets the network in
#   BUILDER        image that compiles the programs [the Dockerfiles' own choice]
#
# `docker compose up --build` also takes in what changed; `docker compose up --watch` does so at every change.
name: penguin-school

services:
";

/// Files beside a container's own package whose change asks for a new image.
const SHARED_SOURCES: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// The text of the file.
pub fn render() -> String {
    let mut text = HEADER.to_owned();
    for (index, container) in containers(Runtime::Compose).iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        service(&mut Lines(&mut text), container);
    }
    text
}

fn service(lines: &mut Lines<'_>, container: &Container) {
    lines.add(1, &format!("# {}", sentence(container.summary)));
    lines.add(1, &format!("{}:", container.name));
    lines.add(2, &format!("image: {}", container.package));
    lines.add(2, "build:");
    lines.add(3, "context: .");
    lines.add(3, &format!("dockerfile: {}", container.dockerfile));
    lines.add(3, "args:");
    lines.add(
        4,
        "# Without a value here, the one in the environment counts, else the default in the Dockerfile.",
    );
    lines.add(4, "- BUILDER");
    lines.add(2, &format!("command: {}", list(container.command)));
    environment(lines, container);
    if container.published {
        lines.add(2, "ports:");
        let publish = format!(
            "${{PENGUIN_BIND:-127.0.0.1}}:${{PENGUIN_PORT:-{PROXY_PORT}}}:{}",
            container.port
        );
        lines.add(3, &format!("- {}", quoted(&publish)));
    } else {
        lines.add(
            2,
            "# Not published: visitors come through the proxy, as they do in a task.",
        );
    }
    if let Some(first) = container.starts_after {
        lines.add(2, "# Starts when the other is healthy, and is stopped before it.");
        lines.add(2, "depends_on:");
        lines.add(3, &format!("{first}:"));
        lines.add(4, "condition: service_healthy");
    }
    health(lines, container);
    lines.add(
        2,
        "# The drain fits into this time; what is still there then is killed.",
    );
    lines.add(
        2,
        &format!("stop_grace_period: {}", seconds(container.stop.timeout)),
    );
    lines.add(2, &format!("stop_signal: {}", container.stop.signal));
    lines.add(2, "# Nothing to write to, nothing to gain.");
    lines.add(2, &format!("user: {}", quoted(container.user)));
    lines.add(2, &format!("read_only: {}", container.read_only_root));
    lines.add(2, "cap_drop: [ALL]");
    lines.add(2, "security_opt: [\"no-new-privileges:true\"]");
    watch(lines, container);
}

fn environment(lines: &mut Lines<'_>, container: &Container) {
    lines.add(2, "environment:");
    for variable in &container.environment {
        let value = match &variable.value {
            // `$` would begin a variable of compose.
            Value::Text(text) => text.replace('$', "$$"),
            Value::PublicUrl => format!("http://localhost:${{PENGUIN_PORT:-{PROXY_PORT}}}"),
        };
        lines.add(3, &format!("# {}", sentence(variable.why)));
        lines.add(3, &format!("{}: {}", variable.name, quoted(&value)));
    }
}

fn health(lines: &mut Lines<'_>, container: &Container) {
    let check = &container.health;
    let command: Vec<_> = std::iter::once("CMD")
        .chain(check.command.iter().map(String::as_str))
        .collect();
    lines.add(2, "healthcheck:");
    lines.add(3, &format!("test: {}", list(&command)));
    lines.add(
        3,
        "# The first probe comes after one interval: a short one is a quick start.",
    );
    lines.add(3, &format!("interval: {}", seconds(check.interval)));
    lines.add(3, &format!("timeout: {}", seconds(check.timeout)));
    lines.add(3, &format!("retries: {}", check.retries));
    lines.add(3, &format!("start_period: {}", seconds(check.start_period)));
}

fn watch(lines: &mut Lines<'_>, container: &Container) {
    lines.add(2, "develop:");
    lines.add(3, "watch:");
    let sources = std::iter::once(container.package).chain(container.content.iter().copied());
    for path in sources.chain(SHARED_SOURCES) {
        lines.add(4, "- action: rebuild");
        lines.add(5, &format!("path: {path}"));
    }
}

/// Lines of YAML, two spaces a level.
struct Lines<'a>(&'a mut String);

impl Lines<'_> {
    fn add(&mut self, level: usize, text: &str) {
        let _ = writeln!(self.0, "{:indent$}{text}", "", indent = level * 2);
    }
}

/// `["CMD", "/penguin-app", "health"]`
fn list(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A YAML scalar that is text whatever it looks like: `"8080"` is not a number, `"[::]:3000"` not a list.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_stay_text() {
        assert_eq!(quoted("[::]:3000"), "\"[::]:3000\"");
        assert_eq!(quoted("say \"hi\" \\ bye"), "\"say \\\"hi\\\" \\\\ bye\"");
    }

    #[test]
    fn only_the_proxy_is_published_and_only_to_this_machine() {
        let text = render();
        let ports: Vec<_> = text
            .lines()
            .filter(|line| line.trim_start().starts_with("- \""))
            .collect();
        assert_eq!(
            ports,
            ["      - \"${PENGUIN_BIND:-127.0.0.1}:${PENGUIN_PORT:-8080}:8080\""]
        );
    }

    #[test]
    fn there_is_no_tab_and_no_space_at_the_end_of_a_line() {
        assert!(!render().contains('\t'));
        assert!(render().lines().all(|line| line.trim_end() == line));
    }
}
