//! Figures into tables: medians over the rounds, and ratios to nginx taken within each round.

use std::fmt::Write;
use std::time::Duration;

use crate::cases::{Case, Figure};
use crate::load::Pace;
use crate::peer::Kind;

/// What one proxy did in one round of one case.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Processor time of a request.
    pub cpu: Duration,
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// Bytes of an answer's body.
    pub body: u64,
    /// The share of the time in which the proxy's core was busy with it.
    pub busy: f64,
}

/// One proxy's rounds of a case.
#[derive(Debug)]
pub struct Row {
    pub kind: Kind,
    pub slices: Vec<Slice>,
}

/// A bar and what came of it.
#[derive(Debug)]
pub struct Verdict {
    pub what: String,
    pub bar: f64,
    pub measured: f64,
}

/// Prints a case as a table of Markdown.
pub fn print(case: &Case, rows: &[Row]) -> String {
    let mut out = String::new();
    let _infallible = writeln!(out, "### {} (`{}`)\n", case.title, case.name);
    out += "| | CPU, µs a request | × nginx | requests/s | × | p50, ms | p99, ms | × | body, bytes | core busy |\n";
    out += "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for row in rows {
        let middle = |figure: &dyn Fn(&Slice) -> f64| median(row.slices.iter().map(figure).collect());
        let over = |figure: &dyn Fn(&Slice) -> f64| {
            ratio(rows, row, figure).map_or_else(|| "–".to_owned(), |r| format!("{r:.2}"))
        };
        let (low, high) = spread(rows, row, &|slice| slice.cpu.as_secs_f64());
        let cpu = over(&|slice| slice.cpu.as_secs_f64());
        let cpu = if row.kind == Kind::Nginx {
            cpu
        } else {
            format!("**{cpu}** ({low:.2}–{high:.2})")
        };
        let rate = if matches!(case.pace, Pace::Rate(_)) {
            "–".to_owned()
        } else {
            over(&|slice| slice.per_second)
        };
        let _infallible = writeln!(
            out,
            "| {} | {:.1} | {cpu} | {:.0} | {rate} | {:.2} | {:.2} | {} | {:.0} | {:.0} % |",
            row.kind.title(),
            middle(&|slice| slice.cpu.as_secs_f64() * 1e6),
            middle(&|slice| slice.per_second),
            middle(&|slice| slice.p50.as_secs_f64() * 1e3),
            middle(&|slice| slice.p99.as_secs_f64() * 1e3),
            over(&|slice| slice.p99.as_secs_f64()),
            middle(&|slice| slice.body as f64),
            middle(&|slice| slice.busy * 100.0),
        );
    }
    out
}

/// How penguin-proxy stands to a case's bars.
pub fn verdicts(case: &Case, rows: &[Row]) -> Vec<Verdict> {
    let Some(row) = rows.iter().find(|row| row.kind == Kind::Penguin) else {
        return Vec::new();
    };
    let verdict = |&(figure, bar): &(Figure, f64)| {
        let (of, name): (&dyn Fn(&Slice) -> f64, _) = match figure {
            Figure::Cpu => (&|slice| slice.cpu.as_secs_f64(), "CPU a request"),
            Figure::P99 => (&|slice| slice.p99.as_secs_f64(), "p99"),
        };
        Some(Verdict {
            what: format!("{}: {name}, × nginx", case.title),
            bar,
            measured: ratio(rows, row, of)?,
        })
    };
    case.bars.iter().filter_map(verdict).collect()
}

/// How penguin-proxy stands to the bars of idle connections: KiB of each, and CPU of all of them in ms a second.
pub fn idle_verdicts(each: f64, rest: f64) -> Vec<Verdict> {
    [
        ("memory of an idle connection, KiB", 4.0, each),
        ("CPU at rest with 1,000 idle connections, ms a second", 0.5, rest),
    ]
    .map(|(what, bar, measured)| Verdict {
        what: what.to_owned(),
        bar,
        measured,
    })
    .into()
}

/// The ratio to nginx in the same round, for each round that both were in.
fn ratios(rows: &[Row], row: &Row, figure: &dyn Fn(&Slice) -> f64) -> Vec<f64> {
    let Some(reference) = rows.iter().find(|row| row.kind == Kind::Nginx) else {
        return Vec::new();
    };
    row.slices
        .iter()
        .zip(&reference.slices)
        .map(|(ours, theirs)| figure(ours) / figure(theirs))
        .collect()
}

fn ratio(rows: &[Row], row: &Row, figure: &dyn Fn(&Slice) -> f64) -> Option<f64> {
    let ratios = ratios(rows, row, figure);
    (!ratios.is_empty()).then(|| median(ratios))
}

fn spread(rows: &[Row], row: &Row, figure: &dyn Fn(&Slice) -> f64) -> (f64, f64) {
    let ratios = ratios(rows, row, figure);
    (
        ratios.iter().copied().fold(f64::INFINITY, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
    )
}

/// The middle value; not a number where there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
