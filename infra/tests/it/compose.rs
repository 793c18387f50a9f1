//! `infra compose` matches docker-compose.yml, and the README matches the service description.

use std::process::Command;

use infra::service::{Container, LocalPlaces, Runtime, Service, Value};

#[test]
fn repository_file_matches_the_output() {
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .arg("compose")
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let kept = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml")).unwrap();
    assert!(
        printed == kept,
        "docker-compose.yml differs from infra/src/service.rs; `cargo run -p infra -- compose > docker-compose.yml` \
         mends it\n\nprinted:\n{printed}"
    );
}

#[test]
fn readme_lists_the_differences_of_the_runtimes() {
    let at = |port| ([127, 0, 0, 1], port).into();
    let places = LocalPlaces {
        app: at(3000),
        proxy: at(8080),
        admin: at(9901),
        source: String::new(),
    };
    let proxies = [Runtime::Task, Runtime::Compose, Runtime::Local(&places)].map(|runtime| {
        let [_, proxy] = Service::default().containers(runtime);
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
            Value::PublicUrl | Value::Indexing | Value::Release | Value::Secret(_) => {
                panic!("{name} differs per runtime")
            }
        }
    };
    let manual = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let upstream = row("upstream of the proxy", &|proxy| {
        format!("`{}`", variable(proxy, "PROXY_UPSTREAM"))
    });
    for wanted in [
        upstream.trim_end_matches(" |").to_owned(),
        row("connections accepted after the stop signal", &|proxy| {
            variable(proxy, "PROXY_PRE_DRAIN").replace('s', " s")
        }),
        row("stop timeout", &|proxy| {
            format!("{} s", proxy.stop.timeout.as_secs())
        }),
        row("health check interval", &|proxy| {
            format!("{} s", proxy.health.as_ref().unwrap().interval.as_secs())
        }),
        row("log format", &|proxy| variable(proxy, "PROXY_LOG_FORMAT")),
    ] {
        assert!(
            manual.contains(&wanted),
            "infra/README.md should contain\n{wanted}"
        );
    }
}
