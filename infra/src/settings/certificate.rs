//! Domain of an environment and its HTTPS certificate.

use toml::de::DeValue;

use super::check;
use super::document::{Found, Section, ValueError, string};

/// Domain and HTTPS certificate of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Domain name of the site, in lower case.
    pub domain: String,
    /// Where the certificate comes from.
    pub source: CertificateSource,
}

impl Certificate {
    /// Returns the hosted zone, if the app stack creates certificate and DNS records in one.
    pub fn zone(&self) -> Option<&HostedZone> {
        match &self.source {
            CertificateSource::Zone(zone) => Some(zone),
            CertificateSource::Existing { .. } => None,
        }
    }
}

/// Where a certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// It exists; the domain's DNS record is managed elsewhere.
    Existing {
        /// ARN of the ACM certificate, which covers the domain.
        arn: String,
    },
    /// The app stack creates the certificate, and its DNS records in this hosted zone.
    Zone(HostedZone),
}

/// A public hosted zone of Route 53 in the account of the stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostedZone {
    /// Its name, in lower case without the final dot. The tool looks up the ID.
    Name(String),
    /// Its ID, for example `Z0123456789ABCDEFGHIJ`.
    Id(String),
}

/// Longest domain name, in characters, for which ACM issues a certificate.
const LONGEST_ISSUED: usize = 64;

/// Reads the certificate of an environment. Returns it with the domain as written.
pub(super) fn read(section: &Section<'_>) -> (Option<Certificate>, Option<Found<String>>) {
    let arn = section.optional(
        "certificate-arn",
        check::arn(&["acm"], "arn:aws:acm:eu-central-1:123456789012:certificate/…"),
    );
    let has_domain = section.has("domain");
    let has_zone = section.has("hosted-zone");
    let domain = section.optional("domain", domain);
    let zone = section.optional("hosted-zone", hosted_zone);
    // A value with a mistake of its own has been reported.
    let source = match (arn, zone) {
        (Some(_), Some(zone)) => {
            section.report(
                &zone,
                ValueError::new("conflicts with `certificate-arn`").remedy(
                    "keep one of the two: with `hosted-zone`, the app stack creates its own certificate",
                ),
            );
            None
        }
        (Some(arn), None) => {
            if !has_domain {
                section.report(
                    &arn,
                    ValueError::new("needs a domain")
                        .remedy("add `domain = \"penguins.example\"`, a name that the certificate covers"),
                );
            }
            Some(CertificateSource::Existing { arn: arn.value })
        }
        (None, Some(zone)) => {
            match &domain {
                Some(domain) => check_domain_in_zone(section, domain, &zone),
                None if !has_domain => section.report(
                    &zone,
                    ValueError::new("needs a domain").remedy(match &zone.value {
                        HostedZone::Name(name) => {
                            format!("add `domain = \"{name}\"` or a name below it, for example `domain = \"www.{name}\"`")
                        }
                        HostedZone::Id(_) => "add `domain = \"penguins.example\"`, a name in the zone".to_owned(),
                    }),
                ),
                None => {}
            }
            Some(CertificateSource::Zone(zone.value))
        }
        (None, None) => {
            if let Some(domain) = &domain
                && !has_zone
                && !section.has("certificate-arn")
            {
                let zone = likely_zone(&domain.value);
                section.report(
                    domain,
                    ValueError::new("needs a certificate").remedy(format!(
                        "add `hosted-zone = \"{zone}\"` if Route 53 in this account has the zone, or the `certificate-arn` \
                         of an existing certificate; or remove the domain"
                    )),
                );
            }
            None
        }
    };
    let certificate = source.zip(domain.as_ref()).map(|(source, domain)| Certificate {
        domain: domain.value.clone(),
        source,
    });
    (certificate, domain)
}

/// Reports a domain outside of the zone, and one that is too long for ACM.
fn check_domain_in_zone(section: &Section<'_>, domain: &Found<String>, zone: &Found<HostedZone>) {
    if let HostedZone::Name(zone) = &zone.value
        && !is_within(&domain.value, zone)
    {
        section.report(
            domain,
            ValueError::new(format!("is outside of hosted-zone = \"{zone}\"")).remedy(format!(
                "use `{zone}` or a name below it, such as `www.{zone}`; or set `hosted-zone` to the zone of the domain"
            )),
        );
    }
    let length = domain.value.len();
    if length > LONGEST_ISSUED {
        section.report(
            domain,
            ValueError::new(format!(
                "has {length} characters; ACM issues certificates for at most {LONGEST_ISSUED}"
            ))
            .remedy("use a shorter name"),
        );
    }
}

/// Reports a domain that an earlier environment has too.
pub(super) fn reject_same_domain(section: &Section<'_>, domains: &[Option<Found<String>>; 3]) {
    let domains: Vec<_> = domains.iter().flatten().collect();
    for (index, domain) in domains.iter().enumerate() {
        if domains[..index].iter().any(|other| other.value == domain.value) {
            section.report(
                domain,
                ValueError::new("is also the domain of another environment").remedy(
                    "give each environment a domain of its own, for example `staging.penguins.example`",
                ),
            );
        }
    }
}

/// Returns whether a domain is a zone's name or below it.
fn is_within(domain: &str, zone: &str) -> bool {
    domain
        .strip_suffix(zone)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Returns the zone that a domain is probably in: its last two labels.
pub(super) fn likely_zone(domain: &str) -> &str {
    domain
        .rmatch_indices('.')
        .nth(1)
        .and_then(|(dot, _)| domain.get(dot + 1..))
        .unwrap_or(domain)
}

/// Parses the host name of a site.
fn domain(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = string(value)?;
    if text.starts_with("*.") {
        return Err(ValueError::new("is a wildcard, not a host name")
            .remedy("write the one name of the site, for example `www.penguins.example`"));
    }
    if is_host_name(&text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(ValueError::new("is not a domain name")
            .remedy("write only the host name, for example `penguins.example`, without `https://`"))
    }
}

/// Parses name or ID of a hosted zone.
fn hosted_zone(value: &DeValue<'_>) -> Result<HostedZone, ValueError> {
    let text = string(value)?;
    // As Route 53 returns them.
    let id = text.strip_prefix("/hostedzone/").unwrap_or(&text);
    if is_zone_id(id) {
        return Ok(HostedZone::Id(id.to_owned()));
    }
    let name = text.strip_suffix('.').unwrap_or(&text);
    if is_host_name(name) {
        return Ok(HostedZone::Name(name.to_ascii_lowercase()));
    }
    Err(
        ValueError::new("is neither the name nor the ID of a hosted zone").remedy(
            "write its name, for example `penguins.example`, or its ID, for example `Z0123456789ABCDEFGHIJ`",
        ),
    )
}

fn is_zone_id(text: &str) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.starts_with('Z') && (2..=32).contains(&text.len()) && text.bytes().all(capital)
}

/// Returns whether a text is a name in DNS with at least two labels, and not an IP address.
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.contains('.')
        && text.len() <= 253
        && text.split('.').all(label)
        && !text.rsplit('.').next().is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Option<HostedZone> {
        hosted_zone(&DeValue::String(text.into())).ok()
    }

    #[test]
    fn hosted_zones_are_names_or_ids() {
        let name = |name: &str| Some(HostedZone::Name(name.to_owned()));
        let id = Some(HostedZone::Id("Z0123456789ABCDEFGHIJ".to_owned()));
        assert_eq!(zone("School.example."), name("school.example"));
        assert_eq!(zone("Zoo.example"), name("zoo.example"));
        assert_eq!(zone("Z0123456789ABCDEFGHIJ"), id);
        assert_eq!(zone("/hostedzone/Z0123456789ABCDEFGHIJ"), id);
        for bad in [
            "",
            "Z",
            "school",
            "z0123456789abcdefghij",
            "https://school.example",
            "*.school.example",
            "10.0.0.1",
            "school.example..",
        ] {
            assert_eq!(zone(bad), None, "{bad}");
        }
    }

    #[test]
    fn domain_is_within_its_zone_by_whole_labels() {
        assert!(is_within("school.example", "school.example"));
        assert!(is_within("a.b.school.example", "school.example"));
        assert!(!is_within("myschool.example", "school.example"));
        assert!(!is_within("example", "school.example"));
        assert_eq!(likely_zone("dev.school.example"), "school.example");
        assert_eq!(likely_zone("school.example"), "school.example");
    }
}
