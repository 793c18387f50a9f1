//! `infra local` with mock programs: start, drain, failures, errors.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rustix::process::{Signal, kill_process};

use crate::harness::Harness;
use crate::run::Run;

const OPEN: &str = "Serving at http://localhost:";

#[test]
fn starts_in_order_and_ctrl_c_stops_in_reverse() {
    let harness = Harness::new();
    harness.behave("proxy.serve", "echo \"upstream $PROXY_UPSTREAM\"");
    let mut run = harness.local();
    let line = run.wait_for(OPEN);
    assert!(line.ends_with("  (Ctrl-C to stop)"), "{line}");
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(
        harness.events(),
        "app: serves\nproxy: serves\nproxy: drained\napp: drained\n"
    );
    assert!(
        ended
            .out
            .starts_with("app   | serves\nproxy | serves\nproxy | upstream 127.0.0.1:"),
        "{}",
        ended.out
    );
    assert!(
        ended.err.contains("Stopping the proxy, then the app."),
        "{}",
        ended.err
    );
}

#[test]
fn sigterm_stops_it() {
    let harness = Harness::new();
    let mut run = harness.local();
    run.wait_for(OPEN);
    run.signal(Signal::TERM);
    assert_eq!(run.end().code, Some(0));
    assert!(harness.events().ends_with("proxy: drained\napp: drained\n"));
}

#[test]
fn app_error_is_shown_and_proxy_is_not_started() {
    let harness = Harness::new();
    harness.behave(
        "app.serve",
        "echo 'template base.html: line 3: unclosed block' >&2; exit 64",
    );
    let ended = harness.local().end();
    assert_eq!(ended.code, Some(1));
    assert_eq!(harness.events(), "app: serves\n");
    let printed = ended.err.split_once("error: ").unwrap().1;
    insta::assert_snapshot!(printed, @r"
    app exited before it was healthy: exit status 64
      last lines:
        serves
        template base.html: line 3: unclosed block

    hint: exit status 64 means invalid configuration or content; see the last lines
    ");
}

#[test]
fn killed_program_is_reported_and_stops_the_other() {
    for (victim, survivor) in [("app", "proxy"), ("proxy", "app")] {
        let harness = Harness::new();
        let mut run = harness.local();
        run.wait_for(OPEN);
        kill_process(harness.pid(victim), Signal::KILL).unwrap();
        let ended = run.end();
        assert_eq!(ended.code, Some(1));
        assert!(
            ended
                .err
                .contains(&format!("error: {victim} exited: killed by SIGKILL\n")),
            "{}",
            ended.err
        );
        assert_eq!(
            harness.events(),
            format!("app: serves\nproxy: serves\n{survivor}: drained\n")
        );
    }
}

#[test]
fn second_ctrl_c_kills() {
    let harness = Harness::new();
    harness.behave("proxy.term", "note stubborn");
    let mut run = harness.local();
    run.wait_for(OPEN);
    run.signal(Signal::INT);
    run.wait_for("stubborn");
    run.signal(Signal::INT);
    assert_eq!(run.end().code, Some(130));
}

#[test]
fn drain_timeout_kills() {
    let harness = Harness::new();
    harness.behave("proxy.term", "note stubborn");
    let mut run = harness.local();
    run.wait_for(OPEN);
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code, Some(130));
    assert!(
        ended
            .err
            .contains("warning: proxy did not stop within 5 s: killed"),
        "{}",
        ended.err
    );
    assert!(
        harness.events().ends_with("app: drained\n"),
        "{}",
        harness.events()
    );
}

#[test]
fn programs_stop_when_infra_is_killed() {
    let harness = Harness::new();
    let mut run = harness.local();
    run.wait_for(OPEN);
    run.signal(Signal::KILL);
    harness.wait_for_event("proxy: drained\napp: drained");
}

#[test]
fn ctrl_c_during_startup_stops_it() {
    let harness = Harness::new();
    harness.behave("app.serve", "sleep 1000 & wait $!");
    let mut run = harness.local();
    run.wait_for("app   | serves");
    run.signal(Signal::INT);
    assert_eq!(run.end().code, Some(130));
    assert_eq!(harness.events(), "app: serves\napp: drained\n");
}

#[test]
fn closed_stdout_ends_silently() {
    let harness = Harness::new();
    // The proxy keeps writing, so that the closed pipe is detected.
    harness.behave("proxy.serve", "(while :; do echo still here; sleep 0.05; done) &");
    let infra = harness.path("bin/infra");
    let pipe = format!(
        "{{ {} local --no-build --port 0; echo $? >&2; }} | head -n 1",
        infra.display()
    );
    let output = Command::new("sh")
        .args(["-c", &pipe])
        .current_dir(harness.path(""))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "app   | serves\n");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(
        printed.ends_with("\n0\n") && !printed.contains("error"),
        "{printed}"
    );
    assert!(
        harness.events().contains("app: drained\n"),
        "{}",
        harness.events()
    );
}

#[test]
fn port_in_use_is_reported_before_start() {
    let harness = Harness::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let ended = Run::start(&mut harness.infra(&["local", "--no-build", "--port", &port])).end();
    assert_eq!(ended.code, Some(1));
    assert_eq!(harness.events(), "");
    assert!(
        ended.err.starts_with(&format!("error: port {port} is in use")),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("\nhint: pass `--port "), "{}", ended.err);
}

#[test]
fn missing_program_is_named() {
    let harness = Harness::new();
    fs_err::remove_file(harness.path("bin/penguin-proxy")).unwrap();
    let ended = harness.local().end();
    assert_eq!(ended.code, Some(1));
    let printed = ended.err.replace(harness.path("").to_str().unwrap(), "CHECKOUT/");
    insta::assert_snapshot!(printed, @r"
    error: CHECKOUT/bin/penguin-proxy does not exist

    hint: omit `--no-build` to build it
    ");
}

#[test]
fn outside_the_repository_is_an_error() {
    let harness = Harness::new();
    let ended = Run::start(harness.infra(&["local"]).current_dir("/")).end();
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.err, @r"
    error: / is not inside the repository: no parent directory contains penguin-proxy/Cargo.toml

    hint: run it inside the checkout
    ");
}

#[test]
fn json_and_quiet_output() {
    let harness = Harness::new();
    let mut run = Run::start(&mut harness.infra(&["--json", "local", "--no-build", "--port", "0"]));
    let open: serde_json::Value = serde_json::from_str(&run.wait_for("\"open\"")).unwrap();
    assert!(open["url"].as_str().unwrap().starts_with("http://localhost:"));
    run.signal(Signal::INT);
    for line in run.end().out.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }

    let harness = Harness::new();
    let mut run = Run::start(&mut harness.infra(&["-q", "local", "--no-build", "--port", "0"]));
    let url = run.wait_for("http://localhost:");
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!((ended.out, ended.err), (format!("{url}\n"), String::new()));
}

/// Build scripts run again when these change, so that each switch between `cargo local` and `cargo build` would compile more
/// than the programs.
#[test]
fn build_does_not_inherit_what_cargo_run_sets() {
    let harness = Harness::new();
    let cargo = harness.path("bin/cargo");
    fs_err::write(
        &cargo,
        "#!/bin/sh\nenv >\"$(dirname \"$0\")/environment\"\nexit 1\n",
    )
    .unwrap();
    fs_err::set_permissions(&cargo, Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", harness.path("bin").display());
    let mut command = harness.infra(&["local", "--port", "0"]);
    command
        .env("PATH", path)
        .env("CARGO_PKG_NAME", "infra")
        .env("CARGO_MANIFEST_DIR", "/infra")
        .env("CARGO_TARGET_DIR", "/target");
    assert_eq!(Run::start(&mut command).end().code, Some(1));
    let environment = fs_err::read_to_string(harness.path("bin/environment")).unwrap();
    for variable in ["CARGO_PKG_", "CARGO_MANIFEST_"] {
        assert!(!environment.contains(variable), "{environment}");
    }
    assert!(
        environment.contains("CARGO_TARGET_DIR=/target\n"),
        "{environment}"
    );
}
