//! `infra local` with stand-ins for the two programs: start, drain, death, misuse.

use std::net::TcpListener;
use std::process::Command;

use rustix::process::{Signal, kill_process};

use crate::run::Run;
use crate::stage::Stage;

const OPEN: &str = "Penguin School is open: http://localhost:";

#[test]
fn it_opens_in_order_and_ctrl_c_drains_in_reverse() {
    let stage = Stage::new();
    stage.behave("proxy.serve", "echo \"upstream $PROXY_UPSTREAM\"");
    let mut run = stage.local();
    let line = run.wait_for(OPEN);
    assert!(line.ends_with("  (Ctrl-C closes it)"), "{line}");
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(
        stage.diary(),
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
        ended.err.contains("Draining the proxy, then the app."),
        "{}",
        ended.err
    );
}

#[test]
fn sigterm_closes_it_as_well() {
    let stage = Stage::new();
    let mut run = stage.local();
    run.wait_for(OPEN);
    run.signal(Signal::TERM);
    assert_eq!(run.end().code, Some(0));
    assert!(stage.diary().ends_with("proxy: drained\napp: drained\n"));
}

#[test]
fn an_app_that_refuses_its_templates_is_quoted_and_the_proxy_never_starts() {
    let stage = Stage::new();
    stage.behave(
        "app.serve",
        "echo 'template base.html: line 3: unclosed block' >&2; exit 64",
    );
    let ended = stage.local().end();
    assert_eq!(ended.code, Some(1));
    assert_eq!(stage.diary(), "app: serves\n");
    let told = ended.err.split_once("error: ").unwrap().1;
    insta::assert_snapshot!(told, @r"
    app ended before it was healthy: exit status 64
      its last lines:
        serves
        template base.html: line 3: unclosed block

    hint: status 64: it refused its configuration or content; its last lines name the remedy
    ");
}

#[test]
fn a_program_that_is_killed_takes_the_other_along_and_is_reported() {
    for (victim, survivor) in [("app", "proxy"), ("proxy", "app")] {
        let stage = Stage::new();
        let mut run = stage.local();
        run.wait_for(OPEN);
        kill_process(stage.pid(victim), Signal::KILL).unwrap();
        let ended = run.end();
        assert_eq!(ended.code, Some(1));
        assert!(
            ended
                .err
                .contains(&format!("error: {victim} ended: killed by SIGKILL\n")),
            "{}",
            ended.err
        );
        assert_eq!(
            stage.diary(),
            format!("app: serves\nproxy: serves\n{survivor}: drained\n")
        );
    }
}

#[test]
fn a_second_ctrl_c_ends_what_does_not_want_to_drain() {
    let stage = Stage::new();
    stage.behave("proxy.term", "note stubborn");
    let mut run = stage.local();
    run.wait_for(OPEN);
    run.signal(Signal::INT);
    run.wait_for("stubborn");
    run.signal(Signal::INT);
    assert_eq!(run.end().code, Some(130));
}

#[test]
fn what_does_not_drain_in_its_time_is_killed() {
    let stage = Stage::new();
    stage.behave("proxy.term", "note stubborn");
    let mut run = stage.local();
    run.wait_for(OPEN);
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code, Some(130));
    assert!(
        ended
            .err
            .contains("warning: proxy was not done after 5 s: killed"),
        "{}",
        ended.err
    );
    assert!(stage.diary().ends_with("app: drained\n"), "{}", stage.diary());
}

#[test]
fn nothing_is_left_behind_when_it_is_killed_itself() {
    let stage = Stage::new();
    let mut run = stage.local();
    run.wait_for(OPEN);
    run.signal(Signal::KILL);
    stage.wait_for_diary("proxy: drained\napp: drained");
}

#[test]
fn ctrl_c_before_it_is_open_ends_it_as_well() {
    let stage = Stage::new();
    stage.behave("app.serve", "sleep 1000 & wait $!");
    let mut run = stage.local();
    run.wait_for("app   | serves");
    run.signal(Signal::INT);
    assert_eq!(run.end().code, Some(130));
    assert_eq!(stage.diary(), "app: serves\napp: drained\n");
}

#[test]
fn a_reader_that_has_seen_enough_closes_it_in_silence() {
    let stage = Stage::new();
    // The proxy goes on talking, so that the closed pipe is noticed.
    stage.behave("proxy.serve", "(while :; do echo still here; sleep 0.05; done) &");
    let infra = stage.path("bin/infra");
    let pipe = format!(
        "{{ {} local --no-build --port 0; echo $? >&2; }} | head -n 1",
        infra.display()
    );
    let output = Command::new("sh")
        .args(["-c", &pipe])
        .current_dir(stage.path(""))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "app   | serves\n");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.ends_with("\n0\n") && !told.contains("error"), "{told}");
    assert!(stage.diary().contains("app: drained\n"), "{}", stage.diary());
}

#[test]
fn a_taken_port_is_explained_before_anything_starts() {
    let stage = Stage::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let ended = Run::start(&mut stage.infra(&["local", "--no-build", "--port", &port])).end();
    assert_eq!(ended.code, Some(1));
    assert_eq!(stage.diary(), "");
    assert!(
        ended.err.starts_with(&format!("error: port {port} is taken")),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("\nhint: `--port "), "{}", ended.err);
}

#[test]
fn a_program_that_was_never_built_is_named() {
    let stage = Stage::new();
    fs_err::remove_file(stage.path("bin/penguin-proxy")).unwrap();
    let ended = stage.local().end();
    assert_eq!(ended.code, Some(1));
    let told = ended.err.replace(stage.path("").to_str().unwrap(), "CHECKOUT/");
    insta::assert_snapshot!(told, @r"
    error: CHECKOUT/bin/penguin-proxy is not there

    hint: without `--no-build` cargo builds it first
    ");
}

#[test]
fn outside_the_checkout_it_says_where_it_looked() {
    let stage = Stage::new();
    let ended = Run::start(stage.infra(&["local"]).current_dir("/")).end();
    assert_eq!(ended.code, Some(1));
    insta::assert_snapshot!(ended.err, @r"
    error: / is not inside a checkout of the Penguin School: neither it nor a folder above it holds penguin-app/Cargo.toml and penguin-proxy/Cargo.toml

    hint: `cd` into the checkout first
    ");
}

#[test]
fn programs_read_json_and_quiet_leaves_the_url() {
    let stage = Stage::new();
    let mut run = Run::start(&mut stage.infra(&["--json", "local", "--no-build", "--port", "0"]));
    let open: serde_json::Value = serde_json::from_str(&run.wait_for("\"open\"")).unwrap();
    assert!(open["url"].as_str().unwrap().starts_with("http://localhost:"));
    run.signal(Signal::INT);
    for line in run.end().out.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }

    let stage = Stage::new();
    let mut run = Run::start(&mut stage.infra(&["-q", "local", "--no-build", "--port", "0"]));
    let url = run.wait_for("http://localhost:");
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!((ended.out, ended.err), (format!("{url}\n"), String::new()));
}
