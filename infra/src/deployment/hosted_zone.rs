//! Choice of a hosted zone by its name.

/// A hosted zone of Route 53.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// ID, for example `Z0123456789ABCDEFGHIJ`.
    pub id: String,
    /// Name in lower case, without the final dot.
    pub name: String,
    /// It answers only inside VPCs.
    pub private: bool,
}

/// Why no zone can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// There is none.
    #[error("Route 53 of this account has no hosted zone {0}")]
    Missing(String),
    /// All of this name are private.
    #[error("the hosted zone {0} is private, but ACM validates domains in public DNS")]
    Private(String),
    /// Several public zones have this name.
    #[error("{} public hosted zones have the name {name}: {}", ids.len(), ids.join(", "))]
    Several {
        /// The name.
        name: String,
        /// Their IDs.
        ids: Vec<String>,
    },
}

impl ZoneError {
    /// Returns what to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing(name) => format!(
                "correct `hosted-zone`, or create the zone: `aws route53 create-hosted-zone --name {name} --caller-reference 1`; \
                 for a zone elsewhere, set `certificate-arn` instead"
            ),
            Self::Private(name) => format!(
                "create a public zone: `aws route53 create-hosted-zone --name {name} --caller-reference 1`; \
                 for a zone elsewhere, set `certificate-arn` instead"
            ),
            Self::Several { ids, .. } => format!(
                "set `hosted-zone` to the ID of the one whose name servers the registrar has, for example `hosted-zone = \"{}\"`",
                ids.first().map_or("", String::as_str)
            ),
        }
    }
}

/// Returns the ID of the only public zone with this name. `zones` may contain others.
///
/// # Errors
/// There is none, or there are several.
pub fn only_public(name: &str, zones: &[Zone]) -> Result<String, ZoneError> {
    let named: Vec<_> = zones.iter().filter(|zone| zone.name == name).collect();
    let ids: Vec<_> = named
        .iter()
        .filter(|zone| !zone.private)
        .map(|zone| zone.id.clone())
        .collect();
    match (ids.as_slice(), named.as_slice()) {
        ([id], _) => Ok(id.clone()),
        ([], []) => Err(ZoneError::Missing(name.to_owned())),
        ([], _) => Err(ZoneError::Private(name.to_owned())),
        _ => Err(ZoneError::Several {
            name: name.to_owned(),
            ids,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(zones: &[(&str, &str, bool)]) -> Result<String, String> {
        let zones: Vec<_> = zones
            .iter()
            .map(|(id, name, private)| Zone {
                id: (*id).to_owned(),
                name: (*name).to_owned(),
                private: *private,
            })
            .collect();
        only_public("penguins.example", &zones).map_err(|error| error.to_string())
    }

    #[test]
    fn zone_must_be_public_and_unambiguous() {
        let (public, private) = (
            ("Z1", "penguins.example", false),
            ("Z2", "penguins.example", true),
        );
        let after = ("Z9", "school.penguins.example", false);
        assert_eq!(chosen(&[public, private, after]), Ok("Z1".to_owned()));
        insta::assert_snapshot!(chosen(&[after]).unwrap_err(), @"Route 53 of this account has no hosted zone penguins.example");
        insta::assert_snapshot!(chosen(&[private]).unwrap_err(), @"the hosted zone penguins.example is private, but ACM validates domains in public DNS");
        insta::assert_snapshot!(chosen(&[public, ("Z3", "penguins.example", false)]).unwrap_err(), @"2 public hosted zones have the name penguins.example: Z1, Z3");
    }
}
