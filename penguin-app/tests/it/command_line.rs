//! The command line: what is refused, with which words and which status.

use std::fmt::Write as _;
use std::net::TcpListener;

use insta::assert_snapshot;

use crate::program::{Program, command, program, run};
use crate::server::source_copy;
use crate::vacant::vacant;

#[test]
fn settings_that_make_no_sense_are_refused_before_anything_is_done() {
    let mut text = String::new();
    for (variable, value) in [
        ("APP_LISTEN", "localhost:3000"),
        ("APP_PUBLIC_URL", "penguins.test"),
        ("APP_DRAIN_TIMEOUT", "10"),
        ("APP_LOG_FORMAT", "pretty"),
        ("APP_LOG_LEVEL", "loud"),
        ("APP_INDEXING", "maybe"),
    ] {
        for subcommand in ["serve", "check", "health"] {
            let ended = run(subcommand, &[(variable, value)]);
            assert_eq!(
                (ended.code, ended.stdout.as_str()),
                (Some(64), ""),
                "{subcommand}"
            );
            assert!(
                ended.stderr.contains(&format!("or from {variable}\n")),
                "{}",
                ended.stderr
            );
            if subcommand == "serve" {
                text.push_str(&ended.stderr);
            }
        }
    }
    assert_snapshot!(text);
}

#[test]
fn folder_that_is_no_checkout_and_mail_server_that_is_none_stop_the_start() {
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    for (variable, value, expected) in [
        ("APP_SOURCE_DIR", "/nowhere", "/nowhere/penguin-app/content"),
        ("APP_SOURCE_DIR", folder, "penguin-app/content"),
        ("APP_SMTP_URL", "mail.example.com", "error: APP_SMTP_URL: "),
    ] {
        for subcommand in ["serve", "check"] {
            let ended = run(subcommand, &[(variable, value)]);
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{value}");
            assert!(ended.stderr.contains(expected), "{}", ended.stderr);
        }
    }
}

#[test]
fn flags_win_over_the_environment() {
    let output = command("check", &[("APP_LISTEN", "nonsense")])
        .args(["--listen", "127.0.0.1:3999"])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains("APP_LISTEN=127.0.0.1:3999 (from the command line)\n"),
        "{stdout}"
    );
}

#[test]
fn a_command_that_does_not_exist_is_refused_with_the_same_status() {
    for wrong in [&["swim"][..], &["serve", "--krill"], &[]] {
        let output = std::process::Command::new(program())
            .args(wrong)
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(64), "{wrong:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout.is_empty() && !stderr.is_empty(), "{wrong:?}");
        assert!(!stderr.contains("APP_"), "{stderr}");
    }
    assert_eq!(run("--version", &[]).code, Some(0));
    assert_snapshot!(run("--help", &[]).stdout);
}

#[test]
fn check_prints_the_settings_and_every_document() {
    let ended = run(
        "check",
        &[("APP_PUBLIC_URL", "https://penguins.test/"), ("APP_LISTN", ":80")],
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let (settings, documents) = ended.stdout.split_once("\n\n").unwrap();
    assert_snapshot!(settings);
    for path in [
        "/",
        "/about",
        "/classes/fishing",
        "error 404",
        "error 500",
        "/robots.txt",
        "/sitemap.xml",
    ] {
        let row = documents
            .lines()
            .find(|line| line.starts_with(&format!("{path} ")))
            .unwrap();
        let sizes: Vec<usize> = row[28..]
            .split_whitespace()
            .map(|size| size.parse().unwrap_or(0))
            .collect();
        assert!(sizes[0] > 0 && sizes[1] < sizes[0], "{row}");
    }
}

#[test]
fn a_broken_template_stops_the_start() {
    let source = source_copy();
    let template = source.path().join("templates/pages/gallery.html");
    let folder = source.path().to_str().unwrap();
    let mut text = String::new();
    for (what, content) in [
        (
            "syntax",
            "{% extends \"layout.html\" %}\n{% block content %}\n<h1>{{ page.title </h1>\n{% endblock %}\n",
        ),
        ("unknown variable", "<h1>{{ page.titel }}</h1>\n"),
        (
            "unknown asset",
            "<img src=\"{{ asset(path=\"drawings/pim.png\") }}\" alt=\"\">\n",
        ),
        ("unknown parent", "{% extends \"layuot.html\" %}\n"),
        ("unknown filter", "{{ page.title | shout }}\n"),
    ] {
        fs_err::write(&template, content).unwrap();
        for subcommand in ["check", "serve"] {
            let ended = run(
                subcommand,
                &[("APP_SOURCE_DIR", folder), ("APP_LISTEN", "127.0.0.1:0")],
            );
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{what}");
            if subcommand == "check" {
                write!(text, "--- {what}\n{}", ended.stderr).unwrap();
            }
        }
    }
    assert_snapshot!(text);
}

#[test]
fn an_error_in_a_content_file_stops_the_start() {
    let source = source_copy();
    let file = source.path().join("penguin-app/content/gallery.toml");
    let text = fs_err::read_to_string(&file).unwrap();
    fs_err::write(&file, text.replacen("title = ", "titel = ", 1)).unwrap();
    let ended = run("check", &[("APP_SOURCE_DIR", source.path().to_str().unwrap())]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""));
    assert!(
        ended
            .stderr
            .starts_with("error: penguin-app/content/gallery.toml: TOML parse error at line 4, column 1\n")
            && ended.stderr.contains("unknown field `titel`"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_asset_of_an_unknown_kind_stops_the_start() {
    let source = source_copy();
    fs_err::write(source.path().join("static/lunch.krill"), "?").unwrap();
    let ended = run("check", &[("APP_SOURCE_DIR", source.path().to_str().unwrap())]);
    assert_eq!(ended.code, Some(64));
    assert_eq!(
        ended.stderr,
        "error: static/lunch.krill: unknown file extension: rename or remove the file\n"
    );
}

#[test]
fn a_port_in_use_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ended = run("serve", &[("APP_LISTEN", &address.to_string())]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        format!("error: cannot listen on APP_LISTEN={address}: Address already in use (os error 98)\n")
    );
}

#[test]
fn health_tells_a_server_that_is_well_from_one_that_is_not_there() {
    let address = vacant().to_string();
    let program = Program::serve(&[("APP_LISTEN", &address)]);
    let well = run("health", &[("APP_LISTEN", &address)]);
    assert_eq!((well.code, well.stderr.as_str()), (Some(0), ""));
    // Where the server listens on every address, it is asked on loopback.
    let port = program.address.port();
    for every in [format!("0.0.0.0:{port}"), format!("[::]:{port}")] {
        assert_eq!(run("health", &[("APP_LISTEN", &every)]).code, Some(0), "{every}");
    }
    drop(program);
    let gone = run("health", &[("APP_LISTEN", &address)]);
    assert_eq!(gone.code, Some(1));
    assert!(
        gone.stderr
            .starts_with(&format!("error: {address} is unhealthy: "))
            && gone.stderr.lines().count() == 1,
        "{}",
        gone.stderr
    );
}

#[test]
fn health_does_not_wait_for_ever_nor_believe_everything() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap().to_string();
    let ended = run("health", &[("APP_LISTEN", &address)]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        format!("error: {address} is unhealthy: no response within 2 seconds\n")
    );
}
