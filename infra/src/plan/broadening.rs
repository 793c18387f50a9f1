//! What is open after a change and was not before: rights, network ways, public addresses.
//!
//! Each part reads what both templates grant and tells what only the new one does. What is narrowed is not told.

mod exposure;
mod network;
mod policies;
mod statement;

use serde::Serialize;
use serde_json::Value as Json;

use super::values::{function, inline};

/// What kind of door is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Somebody may do more.
    Rights,
    /// Packets pass that did not.
    Network,
    /// Something can be reached from outside, or by people, that could not.
    Exposure,
}

impl Area {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rights => "rights",
            Self::Network => "network",
            Self::Exposure => "exposure",
        }
    }
}

/// Something that is open afterwards and was not before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Broadening {
    /// What kind of door it is.
    pub area: Area,
    /// The logical id of what is opened, or of who may do more.
    pub resource: String,
    /// What is open now, in words.
    pub change: String,
    /// It holds for everything or for everybody: a `*`, or the whole internet.
    pub wildcard: bool,
}

/// What `new` opens, where `old` is there.
pub fn broadening(old: &Json, new: &Json) -> Vec<Broadening> {
    let mut found = policies::broadening(old, new);
    found.extend(network::broadening(old, new));
    found.extend(exposure::broadening(old, new));
    found.sort();
    found.dedup();
    found
}

/// Whom a value names: the logical id behind a reference, else the text.
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

/// The items of a list, or the one value that stands for a list of one.
fn items(value: Option<&Json>) -> Vec<&Json> {
    match value {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// A resource's properties; `null` if it has none.
fn properties(resource: &Json) -> &Json {
    resource.get("Properties").unwrap_or(&Json::Null)
}

#[cfg(test)]
mod tests;
