//! Which values are refused, and with which words.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::*;

fn options() -> Options {
    Options {
        listen: "[::]:3000".to_owned(),
        public_url: "http://localhost:8080".to_owned(),
        drain_timeout: "10s".to_owned(),
        log_format: "auto".to_owned(),
        log_level: "info".to_owned(),
        source_dir: None,
    }
}

fn refusals(of: impl Fn(&str) -> Options, values: &[&str]) -> String {
    let mut table = String::new();
    for value in values {
        match Config::read(&of(value)) {
            Ok(_) => writeln!(table, "{value:?} was accepted").unwrap(),
            Err(error) => writeln!(table, "{error}").unwrap(),
        }
    }
    table
}

#[test]
fn the_defaults_make_sense() {
    let config = Config::read(&options()).unwrap();
    assert_eq!(config.listen, "[::]:3000".parse().unwrap());
    assert_eq!(config.drain_timeout, Duration::from_secs(10));
    assert_eq!(config.public_url.as_str(), "http://localhost:8080");
}

#[test]
fn addresses_are_refused_with_the_remedy() {
    let table = refusals(
        |listen| Options {
            listen: listen.to_owned(),
            ..options()
        },
        &[
            "",
            "3000",
            ":3000",
            "*:3000",
            "localhost:3000",
            "::1:3000",
            "[::]",
            "10.0.0:3000",
            "[::]:70000",
        ],
    );
    assert_snapshot!(table);
}

#[test]
fn public_urls_are_refused_with_the_remedy() {
    let table = refusals(
        |public_url| Options {
            public_url: public_url.to_owned(),
            ..options()
        },
        &[
            "",
            "www.example.com",
            "/about",
            "ftp://example.com",
            "https://me:secret@example.com",
            "https://example.com/site",
            "https://example.com/?a",
            "https://example.com/#top",
            "https://exa mple.com",
        ],
    );
    assert_snapshot!(table);
}

#[test]
fn the_slash_at_the_end_of_a_public_url_is_dropped() {
    for written in ["https://example.com", "https://example.com/"] {
        assert_eq!(PublicUrl::parse(written).unwrap().as_str(), "https://example.com");
    }
}

#[test]
fn durations_and_words_are_refused_with_the_remedy() {
    let durations = refusals(
        |drain_timeout| Options {
            drain_timeout: drain_timeout.to_owned(),
            ..options()
        },
        &["", "10", "0s", "-1s", "soon", "2m", "5 parsecs"],
    );
    let formats = refusals(
        |log_format| Options {
            log_format: log_format.to_owned(),
            ..options()
        },
        &["", "JSON", "yaml"],
    );
    let levels = refusals(
        |log_level| Options {
            log_level: log_level.to_owned(),
            ..options()
        },
        &["", "verbose"],
    );
    assert_snapshot!(format!("{durations}{formats}{levels}"));
}

#[test]
fn every_problem_is_named_at_once() {
    let error = Config::read(&Options {
        listen: "3000".to_owned(),
        public_url: "example.com".to_owned(),
        drain_timeout: "10".to_owned(),
        log_format: "xml".to_owned(),
        log_level: "all".to_owned(),
        source_dir: Some(PathBuf::from("/does/not/exist")),
    })
    .unwrap_err();
    let variables: Vec<_> = error.0.iter().map(|problem| problem.variable).collect();
    assert_eq!(
        variables,
        [
            "APP_LISTEN",
            "APP_PUBLIC_URL",
            "APP_DRAIN_TIMEOUT",
            "APP_LOG_FORMAT",
            "APP_LOG_LEVEL",
            "APP_SOURCE_DIR"
        ]
    );
}

#[test]
fn an_empty_source_folder_means_none_and_a_half_one_is_refused() {
    let unset = Options {
        source_dir: Some(PathBuf::new()),
        ..options()
    };
    assert_eq!(Config::read(&unset).unwrap().source_dir, None);

    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(folder.path().join("static")).unwrap();
    let half = Options {
        source_dir: Some(folder.path().to_owned()),
        ..options()
    };
    let problem = Config::read(&half).unwrap_err().0.remove(0);
    assert_eq!(
        problem.remedy,
        "holds no templates/: name the folder that holds templates/ and static/, or unset it"
    );
}

#[test]
fn a_slip_of_the_finger_is_noticed() {
    let names = ["PATH", "APP_LISTN", "APP_LISTEN", "PROXY_LISTEN", "APP_DRAIN"].map(OsString::from);
    assert_eq!(unknown_among(names.into_iter()), ["APP_DRAIN", "APP_LISTN"]);
}

#[test]
fn a_server_on_every_address_is_asked_on_loopback() {
    let of = |listen: &str| {
        loopback_of(listen.parse().unwrap())
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("[::]:3000"), ["127.0.0.1:3000", "[::1]:3000"]);
    assert_eq!(of("0.0.0.0:80"), ["127.0.0.1:80"]);
    assert_eq!(of("10.1.2.3:80"), ["10.1.2.3:80"]);
    assert_eq!(of("[::1]:80"), ["[::1]:80"]);
}
