//! Diagrams of the architecture and the pipelines, generated from [`crate::inventory`] and thus from the templates.
//!
//! Two formats: Mermaid, which GitHub renders, and SVG with a fixed layout.

mod architecture;
mod mermaid;
mod picture;
mod pipelines;
mod words;

use crate::inventory::Inventory;

/// Subject of a diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Networks, load balancers, services and their connections.
    Architecture,
    /// From a push to prod.
    Pipelines,
}

/// Returns the diagram as Mermaid text.
pub fn mermaid(subject: Subject, inventory: &Inventory) -> String {
    match subject {
        Subject::Architecture => mermaid::architecture(inventory),
        Subject::Pipelines => mermaid::pipelines(inventory),
    }
}

/// Returns the diagram as SVG for light and dark pages, at least 800 pixels wide.
pub fn svg(subject: Subject, inventory: &Inventory) -> String {
    match subject {
        Subject::Architecture => architecture::draw(inventory),
        Subject::Pipelines => pipelines::draw(inventory),
    }
    .finish()
}

#[cfg(test)]
mod tests;
