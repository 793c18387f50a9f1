//! Which values are refused, and with which words.

use std::fmt::Write as _;

use clap::Parser;
use insta::assert_snapshot;

use super::*;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    config: Config,
}

fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
    let parsed = Program::try_parse_from([&["program"], arguments].concat());
    parsed.map(|program| program.config.without_empty_values())
}

fn refusals(flag: &str, values: &[&str]) -> String {
    let mut table = String::new();
    for value in values {
        match parse(&[&format!("{flag}={value}")]) {
            Ok(_) => writeln!(table, "{value:?} was accepted").unwrap(),
            Err(error) => writeln!(table, "{}", error.to_string().lines().next().unwrap()).unwrap(),
        }
    }
    table
}

#[test]
fn the_defaults_make_sense() {
    let config = parse(&[]).unwrap();
    assert_eq!(config.listen, "[::]:3000".parse().unwrap());
    assert_eq!(config.drain_timeout, Duration::from_secs(10));
    assert_eq!(config.public_url, "http://localhost:8080");
    assert_eq!(config.indexing, Indexing::Deny);
}

#[test]
fn values_are_refused_with_the_remedy() {
    let addresses = [
        "",
        "3000",
        ":3000",
        "localhost:3000",
        "::1:3000",
        "[::]",
        "10.0.0:3000",
        "[::]:70000",
    ];
    let urls = [
        "",
        "www.example.com",
        "/about",
        "ftp://example.com",
        "https://me:secret@example.com",
        "https://example.com/site",
        "https://example.com/?a",
        "https://example.com/#top",
        "https://exa mple.com",
    ];
    let durations = ["", "10", "0s", "-1s", "soon", "2m", "5 parsecs"];
    let tables = [
        refusals("--listen", &addresses),
        refusals("--public-url", &urls),
        refusals("--drain-timeout", &durations),
        refusals("--log-format", &["", "JSON", "yaml"]),
        refusals("--log-level", &["", "verbose"]),
        refusals("--indexing", &["", "public"]),
    ];
    assert_snapshot!(tables.concat());
}

#[test]
fn the_slash_at_the_end_of_a_public_url_is_dropped() {
    for written in ["https://example.com", "https://example.com/"] {
        assert_eq!(public_url(written), Ok("https://example.com".to_owned()));
    }
}

#[test]
fn empty_values_mean_none_and_a_secret_is_not_printed() {
    let config = parse(&["--smtp-url=", "--data-dir=", "--source-dir="]).unwrap();
    assert_eq!(config.smtp_url, None);
    assert_eq!((config.data_dir, config.source_dir), (None, None));
    let config = parse(&["--smtp-url=smtps://user:hunter2@mail.example.com"]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
