//! A fork's first settings: the file with placeholders, and the answers that fill it in.
//!
//! Answers go where the placeholders are, and everything else stays as it is written: comments, order, what somebody has
//! set already. Whether an answer is good is for the reader of settings to say, in the same words as always.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{Mistake, Settings};

/// The file to begin with, as it comes with the repository.
pub const FIRST: &str = include_str!("first.toml");

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// `project.name`
    ProjectName,
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
}

impl Question {
    /// All of them, in the order of the file.
    pub const ALL: [Self; 6] = [
        Self::ProjectName,
        Self::Owner,
        Self::Repository,
        Self::DevBranch,
        Self::ProdBranch,
        Self::Email,
    ];

    /// Section and key in the file.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::ProjectName => ("project", "name"),
            Self::Owner => ("source", "owner"),
            Self::Repository => ("source", "repository"),
            Self::DevBranch => ("source", "dev-branch"),
            Self::ProdBranch => ("source", "prod-branch"),
            Self::Email => ("release", "email"),
        }
    }

    /// The key with its section, as mistakes name it.
    pub fn key(self) -> String {
        let (section, key) = self.place();
        format!("{section}.{key}")
    }
}

/// An answer to a question.
pub type Answer = (Question, String);

/// The text with the answers in it.
///
/// A key that is not there is added to its section, and a section to the end.
pub fn fill(text: &str, answers: &[Answer]) -> String {
    let mut text = text.to_owned();
    for (question, answer) in answers {
        let (section, key) = question.place();
        let value = quoted(answer);
        text = match place(&text, section, key) {
            Place::Value(span) => spliced(&text, span, &value),
            Place::Section(after) => spliced(&text, after..after, &format!("\n{key} = {value}")),
            Place::Nowhere => format!("{}\n\n[{section}]\n{key} = {value}\n", text.trim_end()),
        };
    }
    text
}

/// What the settings say against an answer; nothing if it is good.
pub fn objection(question: Question, answer: &str) -> Option<Mistake> {
    // The branches must differ from each other, not from what happens to be the other's default.
    let mut answers = vec![(question, answer.to_owned())];
    match question {
        Question::DevBranch => answers.push((Question::ProdBranch, format!("{answer}-not"))),
        Question::ProdBranch => answers.push((Question::DevBranch, format!("{answer}-not"))),
        _ => {}
    }
    let key = question.key();
    let mistakes = Settings::parse(&fill(FIRST, &answers)).err()?;
    mistakes.into_iter().find(|mistake| mistake.key == key)
}

/// Where a value is, or where it would be.
enum Place {
    Value(Range<usize>),
    /// At the end of the line of the section's heading.
    Section(usize),
    Nowhere,
}

fn place(text: &str, section: &str, key: &str) -> Place {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.into_inner();
    let Some(found) = root.get(section) else {
        return Place::Nowhere;
    };
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

/// A text as TOML writes it, which for a text is how JSON does.
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
    fn answers_take_the_places_of_the_placeholders_and_all_else_stays() {
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
    fn what_is_set_already_is_kept_and_what_is_missing_is_added() {
        let text = "[project] # ours\nregion = \"eu-north-1\"\n\n[source]\nowner = 'OWNER' # whose?\nrepository = \"NAME\"";
        let filled = fill(text, &answers());
        let settings = Settings::parse(&filled).unwrap();
        assert_eq!(settings.project.region.as_deref(), Some("eu-north-1"));
        assert_eq!(settings.project.name, "polar");
        assert!(filled.contains("owner = \"polar-bears\" # whose?"), "{filled}");
        assert_eq!(settings.release.email, "bears@polar.dev");
    }

    #[test]
    fn an_answer_cannot_break_the_file() {
        let answer = "a\"\nx = 1";
        let filled = fill(FIRST, &[(Question::Owner, answer.to_owned())]);
        let mistakes = Settings::parse(&filled).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(mistakes[0].key, "source.owner");
    }

    #[test]
    fn bad_answers_are_answered_as_the_file_would_be() {
        let told = |question, answer| objection(question, answer).map(|mistake| mistake.to_string());
        assert_eq!(told(Question::Owner, "polar-bears"), None);
        assert_eq!(
            told(Question::Owner, "polar bears").unwrap(),
            "`source.owner = \"polar bears\"` holds ` `"
        );
        assert_eq!(
            told(Question::Email, "bears").unwrap(),
            "`release.email = \"bears\"` is not an e-mail address"
        );
        assert_eq!(told(Question::DevBranch, "main"), None);
        assert!(told(Question::DevBranch, "a b").is_some());
        assert!(told(Question::ProjectName, "Polar").is_some());
        assert!(told(Question::Repository, "").is_some());
    }
}
