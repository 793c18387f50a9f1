//! `infra local` with the real programs, built by it: the first command of the README.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use infra::local::build::{self, Built, Programs};
use infra::local::events::Events;
use rustix::process::{Pid, Signal, kill_process};

use crate::run::Run;
use crate::stage::Stage;

/// The workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The real programs. Built once, so that no other test waits for a compiler within its own patience.
static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| {
    match build::build(root(), &["penguin-app", "penguin-proxy"], &Events::new()).unwrap() {
        Built::Programs(programs) => programs,
        other => panic!("{other:?}"),
    }
});

/// A stage with the real programs and a copy of the real pages.
fn real_stage() -> Stage {
    let stage = Stage::new();
    for (name, program) in PROGRAMS.iter() {
        stage.replace(name, program);
    }
    for folder in ["templates", "static"] {
        copy(&root().join(folder), &stage.path(folder));
    }
    stage
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

/// Waits until it is open, and returns `host:port`.
fn open(run: &mut Run) -> String {
    let line = run.wait_for("Penguin School is open");
    let url = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("http://"))
        .unwrap();
    url.to_owned()
}

/// Asks for a path on a connection of its own; head and body as they come.
fn get(host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_first_command_of_the_readme_opens_the_school() {
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
    // Only the proxy gives requests their id.
    assert!(page.to_ascii_lowercase().contains("\r\nx-request-id: "), "{page}");
    assert!(get(&host, "/nowhere").starts_with("HTTP/1.1 404 "));

    // A browser keeps its connection open; it must not keep the school open.
    let mut idle = TcpStream::connect(&host).unwrap();
    write!(idle, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    assert_ne!(idle.read(&mut [0; 1024]).unwrap(), 0);
    let told = Instant::now();
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    assert!(!ended.err.contains("killed"), "{}", ended.err);
    assert!(told.elapsed() < Duration::from_secs(8), "{}", ended.err);
}

#[test]
fn an_edited_template_shows_at_the_next_request() {
    let stage = real_stage();
    let mut run = stage.local();
    let host = open(&mut run);
    assert!(!get(&host, "/").contains("Snow falls upwards"));
    let base = stage.path("templates/layout.html");
    let text = fs_err::read_to_string(&base).unwrap();
    fs_err::write(&base, text.replacen("</body>", "Snow falls upwards</body>", 1)).unwrap();
    assert!(get(&host, "/").contains("Snow falls upwards"));
    run.signal(Signal::INT);
    assert_eq!(run.end().code, Some(0));
}

#[test]
fn a_broken_template_is_named_by_the_app_and_repeated_by_infra() {
    let stage = real_stage();
    fs_err::write(stage.path("templates/layout.html"), "{% block oops").unwrap();
    let ended = stage.local().end();
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    let told = ended.err.split_once("error: ").unwrap().1;
    assert!(
        told.starts_with("app ended before it was healthy: exit status 64\n  its last lines:\n"),
        "{told}"
    );
    assert!(told.contains("layout.html"), "{told}");
}

#[test]
fn a_killed_app_is_reported_and_the_proxy_goes_with_it() {
    let stage = real_stage();
    let mut run = Run::start(&mut stage.infra(&["-v", "local", "--no-build", "--port", "0"]));
    let app = run.wait_for("app: process ");
    let host = open(&mut run);
    let app = app.rsplit(' ').next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(app).unwrap(), Signal::KILL).unwrap();
    let ended = run.end();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("error: app ended: killed by SIGKILL\n"),
        "{}",
        ended.err
    );
    assert!(TcpStream::connect(host).is_err());
}
