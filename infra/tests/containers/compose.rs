//! `docker compose up`: start time, correct site, idle memory.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use infra::service::{APP_HEALTH_PATH, PROXY_HEALTH_PATH, Runtime, Service};

use crate::docker::{Own, alone, docker, figure, own_name, wait_for};
use crate::project::Project;
use crate::vacant::vacant;

#[test]
fn compose_up_serves_the_site() {
    let _turn = alone();
    let project = Project::new("up");
    let took = project.up();
    figure(&format!(
        "docker compose up with existing images: healthy after {took:.1?}"
    ));

    let page = get(project.address(), "/").unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("Penguin School"), "{page}");
    // The app is only reachable through the proxy.
    assert_eq!(docker(&["port", &project.container("app").0]), "");

    for (service, limit) in [("app", 15.0), ("proxy", 8.0)] {
        let container = project.container(service);
        let engine = docker(&["stats", "--no-stream", "--format", "{{.MemUsage}}", &container.0]);
        let engine = engine.split(" / ").next().unwrap_or_default();
        match container.resident_mib() {
            Some(mib) => {
                figure(&format!(
                    "{service} at rest: {mib:.1} MiB resident ({engine} by docker stats)"
                ));
                assert!(mib <= limit, "{service} holds {mib:.1} MiB, more than {limit}");
            }
            None => figure(&format!(
                "{service} at rest: {engine} by docker stats; /proc does not show its process"
            )),
        }
    }

    let began = Instant::now();
    project.compose(&["down"]);
    figure(&format!("docker compose down: {:.1?}", began.elapsed()));
}

/// Measures from the return of `docker start`: before, the engine is still connecting the container to its network, and
/// lost packets would be measured.
#[test]
fn programs_respond_soon_after_start() {
    let _turn = alone();
    let paths = [APP_HEALTH_PATH, PROXY_HEALTH_PATH];
    for (container, path) in Service::default().containers(Runtime::Compose).iter().zip(paths) {
        let (name, port) = (own_name(&format!("start-{}", container.name)), vacant().port());
        let publish = format!("127.0.0.1:{port}:{}", container.port);
        let own = Own::run(&name, &["--publish", &publish, container.package]);
        let answered = first_response(port, path);
        let took = answered.duration_since(own.started()).unwrap_or_default();
        figure(&format!(
            "{}: first response {took:.0?} after its start, including the return of `docker start`",
            container.name
        ));
    }
}

/// Returns the time of the first response from `port`.
fn first_response(port: u16, path: &str) -> SystemTime {
    let target = SocketAddr::from(([127, 0, 0, 1], port));
    wait_for("a response", Duration::from_secs(30), || {
        get(target, path)
            .filter(|response| response.starts_with("HTTP/1.1 "))
            .map(|_| SystemTime::now())
    })
}

/// Returns a whole response as text, or `None` without a listener.
pub(crate) fn get(target: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(target).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(15))).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).ok()?;
    Some(String::from_utf8_lossy(&response).into_owned())
}
