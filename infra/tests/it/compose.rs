//! `infra compose` prints what the repository holds, and the manual tells what the description says.

use std::process::Command;

use infra::service::{Container, LocalPlaces, Runtime, Value, containers};

#[test]
fn the_file_in_the_repository_is_what_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .arg("compose")
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let kept = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml")).unwrap();
    assert!(
        printed == kept,
        "docker-compose.yml is not what infra/src/service.rs says; `cargo run -p infra -- compose > docker-compose.yml` \
         mends it\n\nprinted:\n{printed}"
    );
}

#[test]
fn the_manual_tells_how_the_runtimes_differ() {
    let at = |port| ([127, 0, 0, 1], port).into();
    let places = LocalPlaces {
        app: at(3000),
        proxy: at(8080),
        admin: at(9901),
        source: String::new(),
    };
    let proxies = [Runtime::Task, Runtime::Compose, Runtime::Local(&places)].map(|runtime| {
        let [_, proxy] = containers(runtime);
        proxy
    });
    let row = |name: &str, tell: &dyn Fn(&Container) -> String| {
        format!(
            "| {name} | {} |",
            proxies.iter().map(tell).collect::<Vec<_>>().join(" | ")
        )
    };
    let variable = |container: &Container, name: &str| {
        let found = container
            .environment
            .iter()
            .find(|variable| variable.name == name)
            .unwrap();
        match &found.value {
            Value::Text(text) => text.clone(),
            Value::PublicUrl => panic!("{name} is another in every runtime"),
        }
    };
    let manual = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let upstream = row("the proxy finds the app at", &|proxy| {
        format!("`{}`", variable(proxy, "PROXY_UPSTREAM"))
    });
    for wanted in [
        upstream.trim_end_matches(" |").to_owned(),
        row("accepts after the stop signal for", &|proxy| {
            variable(proxy, "PROXY_PRE_DRAIN").replace('s', " s")
        }),
        row("killed after", &|proxy| {
            format!("{} s", proxy.stop.timeout.as_secs())
        }),
        row("health check every", &|proxy| {
            format!("{} s", proxy.health.interval.as_secs())
        }),
        row("logs", &|proxy| variable(proxy, "PROXY_LOG_FORMAT")),
    ] {
        assert!(
            manual.contains(&wanted),
            "infra/README.md has no row like\n{wanted}"
        );
    }
}
