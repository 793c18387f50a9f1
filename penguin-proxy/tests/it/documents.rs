//! Tables in the README that are made from the code.

use penguin_proxy::cli::settings_table;
use penguin_proxy::termination_code::TerminationCode;

const README: &str = include_str!("../../README.md");

#[track_caller]
fn holds(name: &str, table: &str) {
    let (start, end) = (format!("<!-- {name} -->\n\n"), format!("<!-- end of {name} -->"));
    let after = README.split_once(&start).expect("the start mark").1;
    let written = after.split_once(&end).expect("the end mark").0;
    assert!(
        written.trim_end() == table.trim_end(),
        "README.md tells of other {name} than the code. Put this between the marks:\n\n{table}"
    );
}

#[test]
fn settings() {
    holds("settings", &settings_table());
}

#[test]
fn endings() {
    holds("endings", &TerminationCode::table());
}

#[test]
fn metrics() {
    holds("metrics", &penguin_proxy::metrics::table());
}
