//! Pictures of the stacks: the architecture, and the way from a push to prod. Drawn from [`crate::facts`], so that a
//! picture shows what is deployed and changes when that does.
//!
//! Two forms: Mermaid, which GitHub draws from text, and SVG, laid out here by hand. It must not read settings or
//! templates itself, nor know where a picture goes.

mod architecture;
mod mermaid;
mod picture;
mod pipelines;
mod words;

use crate::facts::Facts;

/// What can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Network, load balancers, services, and who reaches whom.
    Architecture,
    /// From a push to prod.
    Pipelines,
}

/// The picture as Mermaid text.
pub fn mermaid(subject: Subject, facts: &Facts) -> String {
    match subject {
        Subject::Architecture => mermaid::architecture(facts),
        Subject::Pipelines => mermaid::pipelines(facts),
    }
}

/// The picture as SVG, readable on a light and on a dark page, from 800 pixels of width on.
pub fn svg(subject: Subject, facts: &Facts) -> String {
    match subject {
        Subject::Architecture => architecture::draw(facts),
        Subject::Pipelines => pipelines::draw(facts),
    }
    .finish()
}

#[cfg(test)]
mod tests;
