//! Table of releases.

use crate::releases::Release;
use crate::releases::tag::short;
use crate::timestamps::minute;

/// Returns the releases as a table.
pub fn table(releases: &[Release]) -> String {
    let head = ["RELEASE", "WRITTEN (UTC)", "IMAGES", "RUNS ON"].map(str::to_owned);
    let rows = releases.iter().map(|release| {
        [
            short(&release.tag),
            minute(release.written),
            release.images(),
            release.runs_on.join(", "),
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    rows.iter()
        .map(|[tag, written, images, runs]| {
            let line = format!("{tag:first$}  {written:second$}  {images:third$}  {runs}");
            line.trim_end().to_owned() + "\n"
        })
        .collect()
}
