//! The command line: what is refused, with which words and which status.

use std::fmt::Write as _;
use std::net::TcpListener;

use insta::assert_snapshot;

use crate::program::{Program, command, run};
use crate::server::source_copy;

#[test]
fn settings_that_make_no_sense_are_refused_before_anything_is_done() {
    let settings = [
        ("APP_LISTEN", "localhost:3000"),
        ("APP_PUBLIC_URL", "penguins.test"),
        ("APP_DRAIN_TIMEOUT", "10"),
        ("APP_LOG_FORMAT", "pretty"),
        ("APP_LOG_LEVEL", "loud"),
        ("APP_SOURCE_DIR", "/nowhere"),
    ];
    for subcommand in ["serve", "check", "health"] {
        let ended = run(subcommand, &settings);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(64), ""),
            "{subcommand}"
        );
        insta::allow_duplicates! {
            assert_snapshot!(ended.stderr, @r#"
            error: APP_LISTEN="localhost:3000" is a name and not an address: write 127.0.0.1:3000
            APP_PUBLIC_URL="penguins.test" is not a whole address: write it as https://www.example.com
            APP_DRAIN_TIMEOUT="10" is not a duration: write a number with a unit, such as 10s or 500ms
            APP_LOG_FORMAT="pretty" is not a log format: write auto, json or text
            APP_LOG_LEVEL="loud" is not a log level: write error, warn, info, debug or trace
            APP_SOURCE_DIR="/nowhere" is not a folder: name the one that holds templates/ and static/, or unset it
            "#);
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
        stdout.starts_with("APP_LISTEN         127.0.0.1:3999\n"),
        "{stdout}"
    );
}

#[test]
fn a_command_that_does_not_exist_is_refused_with_the_same_status() {
    for wrong in [&["swim"][..], &["serve", "--krill"], &[]] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_penguin-app"))
            .args(wrong)
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(64), "{wrong:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{wrong:?}");
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
    // Sizes change with every word of the site.
    let table: Vec<_> = ended
        .stdout
        .lines()
        .map(|line| match line.get(28..29) {
            Some(" ") if !line.starts_with("APP_") => line[..28].trim_end(),
            _ => line,
        })
        .collect();
    assert_snapshot!(table.join("\n"));
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
            "{% extends \"layout.html\" %}\n{% block content %}\n<h1>{{ content.heading </h1>\n{% endblock %}\n",
        ),
        ("unknown variable", "<h1>{{ content.haeding }}</h1>\n"),
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
fn a_mistake_in_the_layout_is_told_once() {
    let source = source_copy();
    let layout = source.path().join("templates/layout.html");
    let text = fs_err::read_to_string(&layout).unwrap();
    fs_err::write(
        &layout,
        text.replace("{{ page.description }}", "{{ page.summary }}"),
    )
    .unwrap();
    let ended = run("check", &[("APP_SOURCE_DIR", source.path().to_str().unwrap())]);
    assert_eq!(ended.code, Some(64));
    assert_eq!(
        ended.stderr.matches("page.summary").count(),
        1,
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("more cannot be rendered"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_asset_of_an_unknown_kind_stops_the_start() {
    let source = source_copy();
    fs_err::write(source.path().join("static/krill.xcf"), "?").unwrap();
    let ended = run("check", &[("APP_SOURCE_DIR", source.path().to_str().unwrap())]);
    assert_eq!(ended.code, Some(64));
    assert_eq!(
        ended.stderr,
        "error: static/krill.xcf: no media type is known for this ending; rename the file, or add the ending to \
         penguin-app/src/media_type.rs\n"
    );
}

#[test]
fn a_port_in_use_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ended = run("serve", &[("APP_LISTEN", &address.to_string())]);
    assert_eq!(ended.code, Some(1));
    let port = address.port();
    assert_eq!(
        ended.stderr,
        format!(
            "error: port {port} is in use: stop the program that holds it (`ss -ltnp 'sport = :{port}'` names it), \
             or set APP_LISTEN to another port\n"
        )
    );
}

#[test]
fn health_tells_a_server_that_is_well_from_one_that_is_not_there() {
    let program = Program::serve(&[]);
    let address = program.address.to_string();
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
            .starts_with(&format!("error: {address} is not well: "))
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
        format!("error: {address} is not well: it did not answer within 2 seconds\n")
    );
    let no_port = run("health", &[("APP_LISTEN", "127.0.0.1:0")]);
    assert_eq!(no_port.code, Some(64));
}
