//! `infra local` with the real programs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use infra::local::build::{self, Built, Programs};
use infra::local::events::Events;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::Harness;
use crate::run::Run;

/// The workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The real programs, built once before the tests' timeouts start.
static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| {
    match build::build(root(), &["penguin-app", "penguin-proxy"], &Events::new()).unwrap() {
        Built::Programs(programs) => programs,
        other => panic!("{other:?}"),
    }
});

/// Creates a harness with the real programs and a copy of the pages.
fn real_harness() -> Harness {
    let harness = Harness::new();
    for (name, program) in PROGRAMS.iter() {
        harness.replace(name, program);
    }
    for folder in ["templates", "static", "penguin-app/content"] {
        copy(&root().join(folder), &harness.path(folder));
    }
    let error_page = "penguin-proxy/error-page.html";
    fs_err::copy(root().join(error_page), harness.path(error_page)).unwrap();
    harness
}

fn copy(from: &Path, to: &PathBuf) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let (from, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs_err::copy(from, to).unwrap();
        }
    }
}

/// Waits until the site is served and returns `host:port`.
fn open(run: &mut Run) -> String {
    let line = run.wait_for("Serving at");
    let url = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("http://"))
        .unwrap();
    url.to_owned()
}

/// Requests a path on a new connection and returns the whole response.
fn get(host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn local_serves_the_site() {
    LazyLock::force(&PROGRAMS);
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command
        .args(["local", "--port", "0"])
        .current_dir(root().join("penguin-app/src"));
    let mut run = Run::start(&mut command);
    let host = open(&mut run);
    let page = get(&host, "/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(
        page.contains("<title>") && page.contains("Penguin School"),
        "{page}"
    );
    // Set by the proxy only.
    assert!(page.to_ascii_lowercase().contains("\r\nx-request-id: "), "{page}");
    assert!(get(&host, "/nowhere").starts_with("HTTP/1.1 404 "));

    // An idle browser connection must not delay the stop.
    let mut idle = TcpStream::connect(&host).unwrap();
    write!(idle, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    assert_ne!(idle.read(&mut [0; 1024]).unwrap(), 0);
    let stopping = Instant::now();
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    assert!(!ended.err.contains("killed"), "{}", ended.err);
    assert!(stopping.elapsed() < Duration::from_secs(8), "{}", ended.err);
}

#[test]
fn edited_template_is_served() {
    let harness = real_harness();
    let mut run = harness.local();
    let host = open(&mut run);
    assert!(!get(&host, "/").contains("Snow falls upwards"));
    let base = harness.path("templates/layout.html");
    let text = fs_err::read_to_string(&base).unwrap();
    fs_err::write(&base, text.replacen("</body>", "Snow falls upwards</body>", 1)).unwrap();
    assert!(get(&host, "/").contains("Snow falls upwards"));
    run.signal(Signal::INT);
    assert_eq!(run.end().code, Some(0));
}

#[test]
fn template_error_is_shown() {
    let harness = real_harness();
    fs_err::write(harness.path("templates/layout.html"), "{% block oops").unwrap();
    let ended = harness.local().end();
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    let error = ended.err.split_once("error: ").unwrap().1;
    assert!(
        error.starts_with("app exited before it was healthy: exit status 64\n  last lines:\n"),
        "{error}"
    );
    assert!(error.contains("layout.html"), "{error}");
}

#[test]
fn killed_app_is_reported_and_stops_the_proxy() {
    let harness = real_harness();
    let mut run = Run::start(&mut harness.infra(&["-v", "local", "--no-build", "--port", "0"]));
    let app = run.wait_for("app: process ");
    let host = open(&mut run);
    let app = app.rsplit(' ').next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(app).unwrap(), Signal::KILL).unwrap();
    let ended = run.end();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("error: app exited: killed by SIGKILL\n"),
        "{}",
        ended.err
    );
    assert!(TcpStream::connect(host).is_err());
}
