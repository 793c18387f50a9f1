//! Access that a template change makes possible: permissions, network, public exposure. Narrowed access is not reported.

mod exposure;
mod network;
mod policies;
mod statement;

use serde::Serialize;
use serde_json::Value as Json;

use super::values::{function, inline};

/// Kind of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// A principal gets more permissions.
    Rights,
    /// More network traffic is allowed.
    Network,
    /// A resource becomes reachable from the internet, or by people.
    Exposure,
}

impl Area {
    /// Returns the word for the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rights => "rights",
            Self::Network => "network",
            Self::Exposure => "exposure",
        }
    }
}

/// Access that becomes possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Widening {
    /// Kind of access.
    pub area: Area,
    /// Logical ID of the resource, or the principal.
    pub resource: String,
    /// The new access, as a sentence.
    pub change: String,
    /// Whether it is unlimited: a `*`, or the whole internet.
    pub wildcard: bool,
}

/// Returns the access that `new` allows and `old` does not.
pub fn widening(old: &Json, new: &Json) -> Vec<Widening> {
    let mut found = policies::widening(old, new);
    found.extend(network::widening(old, new));
    found.extend(exposure::widening(old, new));
    found.sort();
    found.dedup();
    found
}

/// Returns the logical ID behind a reference, else the string.
fn subject(value: &Json) -> String {
    match function(value) {
        Some(("Ref", Json::String(id))) => id.clone(),
        Some(("GetAtt", Json::Array(parts))) => match parts.first() {
            Some(Json::String(id)) => id.clone(),
            _ => inline(value),
        },
        _ => value.as_str().map_or_else(|| inline(value), str::to_owned),
    }
}

/// Returns the items of a list, treating a single value as a list of one.
fn items(value: Option<&Json>) -> Vec<&Json> {
    match value {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// Returns the properties of a resource, or `null`.
fn properties(resource: &Json) -> &Json {
    resource.get("Properties").unwrap_or(&Json::Null)
}

#[cfg(test)]
mod tests;
