//! First settings of a fork: a file with placeholders, filled in from answers.
//!
//! Answers replace the placeholders; everything else in the file stays unchanged, including comments and order.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{Mistake, Settings, certificate};
use crate::service::{APP_DOCKERFILE, APP_PORT};

/// The settings file that comes with the repository.
pub const FIRST: &str = include_str!("first.toml");

/// A setting to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// `project.name`
    ProjectName,
    /// `app.dockerfile`
    Dockerfile,
    /// `app.port`
    Port,
    /// `app.health-path`, if the Dockerfile is not that of the site in this repository.
    HealthPath,
    /// `source.owner`
    Owner,
    /// `source.repository`
    Repository,
    /// `source.dev-branch`
    DevBranch,
    /// `source.prod-branch`
    ProdBranch,
    /// `release.email`
    Email,
    /// `environments.prod.domain`, or [`NO_DOMAIN`]
    Domain,
    /// `environments.prod.hosted-zone`, if there is a domain.
    HostedZone,
}

/// Answer of those who have no domain yet.
pub const NO_DOMAIN: &str = "none";

impl Question {
    /// All questions, in the order of the file.
    pub const ALL: [Self; 11] = [
        Self::ProjectName,
        Self::Owner,
        Self::Repository,
        Self::DevBranch,
        Self::ProdBranch,
        Self::Email,
        Self::Dockerfile,
        Self::Port,
        Self::HealthPath,
        Self::Domain,
        Self::HostedZone,
    ];

    /// Returns section and key.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::ProjectName => ("project", "name"),
            Self::Dockerfile => ("app", "dockerfile"),
            Self::Port => ("app", "port"),
            Self::HealthPath => ("app", "health-path"),
            Self::Owner => ("source", "owner"),
            Self::Repository => ("source", "repository"),
            Self::DevBranch => ("source", "dev-branch"),
            Self::ProdBranch => ("source", "prod-branch"),
            Self::Email => ("release", "email"),
            Self::Domain => ("environments.prod", "domain"),
            Self::HostedZone => ("environments.prod", "hosted-zone"),
        }
    }

    /// Returns the key with its section, as [`Mistake`] names it.
    pub fn key(self) -> String {
        let (section, key) = self.place();
        format!("{section}.{key}")
    }
}

impl Question {
    /// Returns true if the answer is the default, which need not be in the file.
    fn is_default(self, answer: &str) -> bool {
        match self {
            Self::Dockerfile => answer == APP_DOCKERFILE,
            Self::Port => answer == APP_PORT.to_string(),
            _ => false,
        }
    }

    /// Returns the answer as a TOML value.
    fn value(self, answer: &str) -> String {
        match answer.parse::<u16>() {
            Ok(port) if self == Self::Port => port.to_string(),
            _ => quoted(answer),
        }
    }
}

/// A question and its answer.
pub type Answer = (Question, String);

/// Returns the text with the answers filled in. Missing keys and sections are added.
pub fn fill(text: &str, answers: &[Answer]) -> String {
    let mut text = text.to_owned();
    for (question, answer) in answers {
        if *question == Question::Domain && answer == NO_DOMAIN {
            continue;
        }
        let (section, key) = question.place();
        let value = question.value(answer);
        text = match place(&text, section, key) {
            Place::Section(_) | Place::Nowhere if question.is_default(answer) => text,
            Place::Value(span) => spliced(&text, span, &value),
            Place::Section(after) => spliced(&text, after..after, &format!("\n{key} = {value}")),
            Place::Nowhere => format!("{}\n\n[{section}]\n{key} = {value}\n", text.trim_end()),
        };
    }
    text
}

/// Returns the mistake in an answer, if there is one.
pub fn check_answer(question: Question, answer: &str) -> Option<Mistake> {
    // The two branches must differ; avoid a conflict with the default of the other one.
    let mut answers = vec![(question, answer.to_owned())];
    match question {
        Question::DevBranch => answers.push((Question::ProdBranch, format!("{answer}-not"))),
        Question::ProdBranch => answers.push((Question::DevBranch, format!("{answer}-not"))),
        Question::Dockerfile => answers.push((Question::HealthPath, "/".to_owned())),
        Question::Domain => answers.push((Question::HostedZone, answer.to_owned())),
        Question::HostedZone => answers.push((Question::Domain, domain_in(answer))),
        _ => {}
    }
    let key = question.key();
    let mistakes = Settings::parse(&fill(FIRST, &answers)).err()?;
    mistakes.into_iter().find(|mistake| mistake.key == key)
}

/// Returns the zone that a domain is probably in.
pub fn likely_zone(domain: &str) -> &str {
    certificate::likely_zone(domain)
}

/// Returns a domain that is in a zone, whether it is given by name or by ID.
fn domain_in(zone: &str) -> String {
    let name = zone.trim_end_matches('.');
    let is_id = !name.contains('.');
    if is_id { "penguins.example" } else { name }.to_owned()
}

/// Position of a value, or where it would be inserted.
enum Place {
    Value(Range<usize>),
    /// At the end of the section's header line.
    Section(usize),
    Nowhere,
}

fn place(text: &str, section: &str, key: &str) -> Place {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.into_inner();
    let mut path = section.split('.');
    let Some(mut found) = path.next().and_then(|key| root.get(key)) else {
        return Place::Nowhere;
    };
    for key in path {
        let DeValue::Table(table) = found.get_ref() else {
            return Place::Nowhere;
        };
        let Some(inner) = table.get(key) else {
            return Place::Nowhere;
        };
        found = inner;
    }
    let DeValue::Table(table) = found.get_ref() else {
        return Place::Nowhere;
    };
    if let Some(value) = table.get(key) {
        return Place::Value(value.span());
    }
    let heading = found.span().start;
    let line_end = text
        .get(heading..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |length| heading + length);
    Place::Section(line_end)
}

fn spliced(text: &str, span: Range<usize>, value: &str) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let after = text.get(span.end..).unwrap_or_default();
    format!("{before}{value}{after}")
}

/// Returns a TOML string literal; for strings, JSON syntax is valid TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Vec<Answer> {
        [
            (Question::ProjectName, "polar"),
            (Question::Owner, "polar-bears"),
            (Question::Repository, "school"),
            (Question::DevBranch, "develop"),
            (Question::ProdBranch, "release"),
            (Question::Email, "bears@polar.dev"),
        ]
        .map(|(question, answer)| (question, answer.to_owned()))
        .into()
    }

    #[test]
    fn answers_replace_placeholders_and_nothing_else() {
        let filled = fill(FIRST, &answers());
        let settings = Settings::parse(&filled).unwrap();
        assert_eq!(settings.project.name, "polar");
        assert_eq!(settings.source.owner, "polar-bears");
        assert_eq!(settings.source.dev_branch, "develop");
        assert_eq!(settings.source.prod_branch, "release");
        assert_eq!(settings.release.email, "bears@polar.dev");
        let comments = |text: &str| {
            text.lines()
                .filter(|line| line.starts_with('#'))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(comments(&filled), comments(FIRST));
        assert!(settings.placeholders().is_empty());
    }

    #[test]
    fn existing_settings_are_kept_and_missing_ones_added() {
        let text = "[project] # ours\nregion = \"eu-north-1\"\n\n[source]\nowner = 'OWNER' # whose?\nrepository = \"NAME\"";
        let filled = fill(text, &answers());
        let settings = Settings::parse(&filled).unwrap();
        assert_eq!(settings.project.region.as_deref(), Some("eu-north-1"));
        assert_eq!(settings.project.name, "polar");
        assert!(filled.contains("owner = \"polar-bears\" # whose?"), "{filled}");
        assert_eq!(settings.release.email, "bears@polar.dev");
    }

    #[test]
    fn domain_and_zone_are_those_of_prod() {
        let with = |text, domain: &str, zone: Option<&str>| {
            let mut answers = answers();
            answers.push((Question::Domain, domain.to_owned()));
            answers.extend(zone.map(|zone| (Question::HostedZone, zone.to_owned())));
            Settings::parse(&fill(text, &answers)).unwrap().environments
        };
        let certificate = with(FIRST, "school.example", Some("school.example"))
            .prod
            .certificate;
        let certificate = certificate.unwrap();
        assert_eq!(certificate.domain, "school.example");
        assert_eq!(
            certificate.zone(),
            Some(&crate::settings::HostedZone::Name("school.example".to_owned()))
        );
        assert_eq!(with(FIRST, NO_DOMAIN, None).prod.certificate, None);
        // Into a section that is there.
        let text = format!("{FIRST}\n[environments.prod]\ncpu = 512 # more\nmemory = 1024\n");
        let prod = with(&text, "www.school.example", Some("Z0123456789")).prod;
        assert_eq!((prod.cpu, prod.certificate.is_some()), (512, true));
        assert_eq!(likely_zone("www.school.example"), "school.example");
    }

    #[test]
    fn answers_are_escaped() {
        let answer = "a\"\nx = 1";
        let filled = fill(FIRST, &[(Question::Owner, answer.to_owned())]);
        let mistakes = Settings::parse(&filled).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(mistakes[0].key, "source.owner");
    }

    #[test]
    fn bad_answers_get_the_same_errors_as_the_file() {
        let error = |question, answer| check_answer(question, answer).map(|mistake| mistake.to_string());
        assert_eq!(error(Question::Owner, "polar-bears"), None);
        assert_eq!(
            error(Question::Owner, "polar bears").unwrap(),
            "`source.owner = \"polar bears\"` contains ` `"
        );
        assert_eq!(
            error(Question::Email, "bears").unwrap(),
            "`release.email = \"bears\"` is not an e-mail address"
        );
        assert_eq!(error(Question::DevBranch, "main"), None);
        assert!(error(Question::DevBranch, "a b").is_some());
        assert_eq!(error(Question::Domain, "school.example"), None);
        assert_eq!(error(Question::HostedZone, "school.example"), None);
        assert_eq!(error(Question::HostedZone, "Z0123456789"), None);
        assert_eq!(
            error(Question::Domain, "school").unwrap(),
            "`environments.prod.domain = \"school\"` is not a domain name"
        );
        assert!(error(Question::HostedZone, "school").is_some());
        assert!(error(Question::ProjectName, "Polar").is_some());
        assert!(error(Question::Repository, "").is_some());
    }
}
