//! Text output of an estimate, 80 columns wide.

use std::fmt::Write as _;

use super::{Amount, Assumptions, Estimate, Group, Prices};
use crate::console::{Paint, Style};

const WHAT: usize = 20;
const DETAIL: usize = 40;
const FIGURE: usize = 10;

/// Costs that are not included.
const NOT_INCLUDED: &str = "\
not included: free tiers, savings plans, taxes, traffic between zones, requests
to KMS and S3, SNS messages, SSM parameters, key rotations";

/// Formats the estimate with its assumptions and the dates of the prices.
pub fn table(estimate: &Estimate, prices: &Prices, assumptions: &Assumptions, paint: Paint) -> String {
    let mut text = String::new();
    let head = format!(
        "{:WHAT$}{:DETAIL$}{:>FIGURE$}{:>FIGURE$}",
        "USD per month", prices.region, "minimum", "maximum"
    );
    let _ = writeln!(text, "{}", paint.apply(Style::Dim, &head));
    for group in &estimate.groups {
        text.push('\n');
        section(&mut text, group, paint);
    }
    let _ = writeln!(
        text,
        "\n{}\n",
        paint.apply(Style::Bold, &row("total", "", estimate.amount))
    );
    let sentences = assumptions.sentences();
    for (index, sentence) in sentences.iter().enumerate() {
        let lead = if index == 0 { "assumed: " } else { "         " };
        let _ = writeln!(text, "{lead}{sentence}");
    }
    let (latest, oldest) = &prices.read;
    let _ = writeln!(text, "{NOT_INCLUDED}");
    let _ = writeln!(text, "prices from {oldest} to {latest}; an estimate, not a quote");
    text
}

fn section(text: &mut String, group: &Group, paint: Paint) {
    let _ = writeln!(
        text,
        "{}",
        paint.apply(Style::Bold, &row(&group.name, "", group.amount))
    );
    for line in &group.lines {
        let _ = writeln!(
            text,
            "{}",
            row(&format!("  {}", line.what), &line.detail, line.amount)
        );
    }
}

fn row(what: &str, detail: &str, amount: Amount) -> String {
    let (least, most) = (amount.least, amount.most);
    format!("{what:WHAT$}{detail:DETAIL$}{least:>FIGURE$.2}{most:>FIGURE$.2}")
}
