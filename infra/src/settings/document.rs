//! TOML document reader that collects all mistakes with their positions. Independent of the schema.

mod entries;

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

pub(super) use entries::Values;

use super::values::{Keywords, nearest};

/// A mistake in the settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The key with its sections, for example `clusters.dev.cidr`; empty for a syntax error.
    pub key: String,
    /// The value as written, if there is one.
    pub value: Option<String>,
    /// What is wrong with it.
    pub problem: String,
    /// How to correct it.
    pub remedy: Option<String>,
}

impl fmt::Display for Mistake {
    /// Writes everything but the position: ``cpu = 300: …``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.as_str(), &self.value) {
            ("", _) => {}
            (key, Some(value)) => write!(f, "`{key} = {value}` ")?,
            (key, None) => write!(f, "`{key}` ")?,
        }
        f.write_str(&self.problem)
    }
}

/// Why a value is rejected.
#[derive(Debug)]
pub(super) struct ValueError {
    pub(super) problem: String,
    pub(super) remedy: Option<String>,
}

impl ValueError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: None,
        }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// The text of the file and the mistakes found in it.
#[derive(Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    mistakes: RefCell<Vec<(usize, Mistake)>>,
}

impl<'a> Document<'a> {
    /// Parses the text; syntax errors become mistakes.
    pub(super) fn parse(text: &'a str) -> (Self, DeTable<'a>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Self {
            text,
            mistakes: RefCell::default(),
        };
        for error in errors {
            let span = error.span().unwrap_or_default();
            let error = ValueError::new(error.message()).remedy(if error.message().contains("string") {
                "a string is enclosed in quotes, on one line: `name = \"penguin-school\"`"
            } else {
                "expected a section such as `[project]` or a setting such as `name = \"penguin-school\"`"
            });
            document.note(span.start, "", None, error);
        }
        (document, root.into_inner())
    }

    /// Returns the mistakes in the order of the file.
    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|(offset, _)| *offset);
        mistakes.into_iter().map(|(_, mistake)| mistake).collect()
    }

    fn note(&self, offset: usize, key: &str, value: Option<String>, error: ValueError) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let mistake = Mistake {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            key: key.to_owned(),
            value,
            problem: error.problem,
            remedy: error.remedy,
        };
        self.mistakes.borrow_mut().push((offset, mistake));
    }

    /// Returns a value as written, truncated to the first 60 characters of its first line.
    fn written(&self, span: &Range<usize>) -> Option<String> {
        let text = self.text.get(span.clone())?;
        let line = text.lines().next().unwrap_or_default();
        let short: String = line.chars().take(60).collect();
        Some(if short.len() < text.len() {
            format!("{short}…")
        } else {
            short
        })
    }
}

/// A section of the document, present or absent.
#[derive(Debug)]
pub(super) struct Section<'a> {
    document: &'a Document<'a>,
    path: String,
    table: Option<&'a DeTable<'a>>,
    /// Offset of the section, or of the section that would contain it.
    at: usize,
    known: RefCell<Vec<&'static str>>,
}

/// A value and its position.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    key: String,
    at: usize,
    written: Option<String>,
}

impl<T> Found<T> {
    /// Returns true if the value is in the file, not a default.
    pub(super) fn is_written(&self) -> bool {
        self.written.is_some()
    }
}

impl<'a> Section<'a> {
    /// Returns the root section.
    pub(super) fn root(document: &'a Document<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(document, String::new(), Some(table), 0)
    }

    fn new(document: &'a Document<'a>, path: String, table: Option<&'a DeTable<'a>>, at: usize) -> Self {
        Self {
            document,
            path,
            table,
            at,
            known: RefCell::default(),
        }
    }

    /// Returns a subsection; an empty one if it is absent.
    pub(super) fn section(&self, key: &'static str) -> Self {
        self.known.borrow_mut().push(key);
        let path = self.path_of(key);
        let Some(found) = self.table.and_then(|table| table.get(key)) else {
            return Self::new(self.document, path, None, self.at);
        };
        let span = found.span();
        if let DeValue::Table(table) = found.get_ref() {
            return Self::new(self.document, path, Some(table), span.start);
        }
        let error = ValueError::new("is a value; expected a section")
            .remedy(format!("write a line `[{path}]` with its settings below it"));
        self.document
            .note(span.start, &path, self.document.written(&span), error);
        Self::new(self.document, path, None, span.start)
    }

    /// Returns the tables of an array of tables.
    pub(super) fn list(&self, key: &'static str) -> Option<Vec<Self>> {
        self.known.borrow_mut().push(key);
        let path = self.path_of(key);
        let found = self.table?.get(key)?;
        let span = found.span();
        let report = |span: Range<usize>| {
            let error = ValueError::new("is not an array of tables")
                .remedy(format!("write `{key} = [{{ … }}, {{ … }}]`"));
            self.document
                .note(span.start, &path, self.document.written(&span), error);
        };
        let DeValue::Array(items) = found.get_ref() else {
            report(span);
            return None;
        };
        let sections = items.iter().enumerate().filter_map(|(index, item)| {
            if let DeValue::Table(table) = item.get_ref() {
                let path = format!("{path}[{index}]");
                return Some(Self::new(self.document, path, Some(table), item.span().start));
            }
            report(item.span());
            None
        });
        Some(sections.collect())
    }

    /// Returns whether the key is in the file, valid or not.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Returns an optional value. If it is invalid, the mistake is recorded and the result is `None`.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, ValueError>,
    ) -> Option<Found<T>> {
        self.known.borrow_mut().push(key);
        let found = self.table?.get(key)?;
        let span = found.span();
        let path = self.path_of(key);
        match read(found.get_ref()) {
            Ok(value) => Some(Found {
                value,
                key: path,
                at: span.start,
                written: self.document.written(&span),
            }),
            Err(error) => {
                self.document
                    .note(span.start, &path, self.document.written(&span), error);
                None
            }
        }
    }

    /// Returns a required value.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, ValueError>,
    ) -> Option<T> {
        if self.table.is_none_or(|table| !table.contains_key(key)) {
            self.known.borrow_mut().push(key);
            let place = if self.path.is_empty() || self.table.is_some() {
                String::new()
            } else {
                format!(" in section `[{}]`", self.path)
            };
            let error = ValueError::new("is missing").remedy(format!("add `{key} = {example}`{place}"));
            self.document.note(self.at, &self.path_of(key), None, error);
            return None;
        }
        self.optional(key, read).map(|found| found.value)
    }

    /// Returns a value or its default.
    pub(super) fn or<T>(
        &self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, ValueError>,
    ) -> Found<T> {
        self.optional(key, read)
            .unwrap_or_else(|| self.default_value(key, default))
    }

    /// Like [`Self::or`], without the position.
    pub(super) fn value<T>(
        &self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, ValueError>,
    ) -> T {
        self.optional(key, read).map_or(default, |found| found.value)
    }

    fn default_value<T>(&self, key: &str, value: T) -> Found<T> {
        Found {
            value,
            key: self.path_of(key),
            at: self.at,
            written: None,
        }
    }

    /// Records a mistake that involves several values.
    pub(super) fn report<T>(&self, about: &Found<T>, error: ValueError) {
        self.document
            .note(about.at, &about.key, about.written.clone(), error);
    }

    /// Records a mistake for every key that was not queried, with the nearest known key.
    pub(super) fn reject_unknown_keys(&self) {
        let known = self.known.borrow();
        for key in self.table.into_iter().flat_map(|table| table.keys()) {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let error = ValueError::new("is not a known setting");
            let error = match nearest(name, known.iter().copied()) {
                Some(near) => error.remedy(format!("did you mean `{near}`?")),
                None => error.remedy(format!("known settings: {}", known.join(", "))),
            };
            self.document
                .note(key.span().start, &self.path_of(name), None, error);
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// Parses a non-empty string.
pub(super) fn string(value: &DeValue<'_>) -> Result<String, ValueError> {
    match value {
        DeValue::String(text) if text.is_empty() => Err(ValueError::new("is empty")),
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        other => Err(
            ValueError::new(format!("is {}, not a string", kind(other))).remedy(match other {
                DeValue::Array(_) | DeValue::Table(_) => "write one string, in quotes",
                _ => "write it in quotes",
            }),
        ),
    }
}

/// Returns a parser of integers in `range`.
pub(super) fn number<N>(range: std::ops::RangeInclusive<N>) -> impl Fn(&DeValue<'_>) -> Result<N, ValueError>
where
    N: TryFrom<i64> + PartialOrd + fmt::Display,
{
    move |value| {
        let bounds = || format!("use an integer from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = value else {
            return Err(ValueError::new(format!("is {}, not an integer", kind(value))).remedy(bounds()));
        };
        i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(|number| N::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| ValueError::new("is out of range").remedy(bounds()))
    }
}

/// Parses a boolean.
pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, ValueError> {
    match value {
        DeValue::Boolean(value) => Ok(*value),
        other => Err(ValueError::new(format!("is {}, not a boolean", kind(other)))
            .remedy("write `true` or `false`, without quotes")),
    }
}

/// Parses one of a closed set of keywords.
pub(super) fn keyword<W: Keywords>(value: &DeValue<'_>) -> Result<W, ValueError> {
    let text = string(value)?;
    if let Some((_, value)) = W::KEYWORDS.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<_> = W::KEYWORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
    let error = ValueError::new(format!("is not one of {}", words.join(", ")));
    Err(match nearest(&text, W::KEYWORDS.iter().map(|(word, _)| *word)) {
        Some(near) => error.remedy(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// Returns the type of a value with its article.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
