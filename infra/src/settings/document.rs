//! A TOML document that is asked for its values one by one, remembers every mistake, and knows where it was.
//!
//! Nothing in here knows what the settings mean.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::values::{Words, nearest};

/// Something in the file that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The key with its sections, like `clusters.dev.cidr`; empty where the file is no TOML.
    pub key: String,
    /// The value as it is written, if there is one.
    pub value: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl fmt::Display for Mistake {
    /// All but the place, in one sentence: ``cpu = 300: …``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.as_str(), &self.value) {
            ("", _) => {}
            (key, Some(value)) => write!(f, "`{key} = {value}` ")?,
            (key, None) => write!(f, "`{key}` ")?,
        }
        f.write_str(&self.problem)
    }
}

/// What a reader of a value says when it does not like it.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) problem: String,
    pub(super) remedy: Option<String>,
}

impl Complaint {
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

/// The text of the file and the mistakes found so far.
#[derive(Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    mistakes: RefCell<Vec<(usize, Mistake)>>,
}

impl<'a> Document<'a> {
    /// The document and its outermost table. What is no TOML is a mistake already.
    pub(super) fn parse(text: &'a str) -> (Self, DeTable<'a>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Self {
            text,
            mistakes: RefCell::default(),
        };
        for error in errors {
            let span = error.span().unwrap_or_default();
            let complaint = Complaint::new(error.message()).remedy(if error.message().contains("string") {
                "a text stands between two quotes, on one line: `name = \"penguin-school\"`"
            } else {
                "a line is a section, `[project]`, or a key with its value, `name = \"penguin-school\"`"
            });
            document.note(span.start, "", None, complaint);
        }
        (document, root.into_inner())
    }

    /// The mistakes, from the top of the file to its end.
    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|(offset, _)| *offset);
        mistakes.into_iter().map(|(_, mistake)| mistake).collect()
    }

    fn note(&self, offset: usize, key: &str, value: Option<String>, complaint: Complaint) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let mistake = Mistake {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            key: key.to_owned(),
            value,
            problem: complaint.problem,
            remedy: complaint.remedy,
        };
        self.mistakes.borrow_mut().push((offset, mistake));
    }

    /// A value as it is written, cut off where it becomes long.
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

/// A section of the document, or the place where one could be.
#[derive(Debug)]
pub(super) struct Section<'a> {
    document: &'a Document<'a>,
    path: String,
    table: Option<&'a DeTable<'a>>,
    /// Where the section is, or what it would be in.
    at: usize,
    asked: RefCell<Vec<&'static str>>,
}

/// A value and where it is.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    key: String,
    at: usize,
    written: Option<String>,
}

impl<T> Found<T> {
    /// It is in the file, not just by default.
    pub(super) fn is_written(&self) -> bool {
        self.written.is_some()
    }
}

impl<'a> Section<'a> {
    /// The whole document.
    pub(super) fn root(document: &'a Document<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(document, String::new(), Some(table), 0)
    }

    fn new(document: &'a Document<'a>, path: String, table: Option<&'a DeTable<'a>>, at: usize) -> Self {
        Self {
            document,
            path,
            table,
            at,
            asked: RefCell::default(),
        }
    }

    /// A section of this section; an empty one if it is not there.
    pub(super) fn section(&self, key: &'static str) -> Self {
        self.asked.borrow_mut().push(key);
        let path = self.path_of(key);
        let Some(found) = self.table.and_then(|table| table.get(key)) else {
            return Self::new(self.document, path, None, self.at);
        };
        let span = found.span();
        if let DeValue::Table(table) = found.get_ref() {
            return Self::new(self.document, path, Some(table), span.start);
        }
        let complaint = Complaint::new("is a value, and a section belongs here")
            .remedy(format!("write a line `[{path}]`, and its keys below it"));
        self.document
            .note(span.start, &path, self.document.written(&span), complaint);
        Self::new(self.document, path, None, span.start)
    }

    /// The tables of a list of tables.
    pub(super) fn list(&self, key: &'static str) -> Option<Vec<Self>> {
        self.asked.borrow_mut().push(key);
        let path = self.path_of(key);
        let found = self.table?.get(key)?;
        let span = found.span();
        let complain = |span: Range<usize>| {
            let complaint =
                Complaint::new("is no list of tables").remedy(format!("write `{key} = [{{ … }}, {{ … }}]`"));
            self.document
                .note(span.start, &path, self.document.written(&span), complaint);
        };
        let DeValue::Array(items) = found.get_ref() else {
            complain(span);
            return None;
        };
        let sections = items.iter().enumerate().filter_map(|(index, item)| {
            if let DeValue::Table(table) = item.get_ref() {
                let path = format!("{path}[{index}]");
                return Some(Self::new(self.document, path, Some(table), item.span().start));
            }
            complain(item.span());
            None
        });
        Some(sections.collect())
    }

    /// A value that may be left out. A bad one is noted and `None`.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Complaint>,
    ) -> Option<Found<T>> {
        self.asked.borrow_mut().push(key);
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
            Err(complaint) => {
                self.document
                    .note(span.start, &path, self.document.written(&span), complaint);
                None
            }
        }
    }

    /// A value that must be there.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Complaint>,
    ) -> Option<T> {
        if self.table.is_none_or(|table| !table.contains_key(key)) {
            self.asked.borrow_mut().push(key);
            let place = if self.path.is_empty() || self.table.is_some() {
                String::new()
            } else {
                format!(" below a line `[{}]`", self.path)
            };
            let complaint = Complaint::new("is missing").remedy(format!("add `{key} = {example}`{place}"));
            self.document.note(self.at, &self.path_of(key), None, complaint);
            return None;
        }
        self.optional(key, read).map(|found| found.value)
    }

    /// A value with a default.
    pub(super) fn or<T>(
        &self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, Complaint>,
    ) -> Found<T> {
        self.optional(key, read)
            .unwrap_or_else(|| self.unwritten(key, default))
    }

    /// A value that is not in the file, for rules that look at several values.
    fn unwritten<T>(&self, key: &str, value: T) -> Found<T> {
        Found {
            value,
            key: self.path_of(key),
            at: self.at,
            written: None,
        }
    }

    /// Notes a mistake that shows only when a value is seen beside others.
    pub(super) fn complain<T>(&self, about: &Found<T>, complaint: Complaint) {
        self.document
            .note(about.at, &about.key, about.written.clone(), complaint);
    }

    /// Notes every key that nobody has asked for, with the one that was probably meant.
    pub(super) fn refuse_others(&self) {
        let asked = self.asked.borrow();
        for key in self.table.into_iter().flat_map(|table| table.keys()) {
            let name = key.get_ref().as_ref();
            if asked.contains(&name) {
                continue;
            }
            let complaint = Complaint::new("is not a setting");
            let complaint = match nearest(name, asked.iter().copied()) {
                Some(near) => complaint.remedy(format!("did you mean `{near}`?")),
                None => complaint.remedy(format!("known here: {}", asked.join(", "))),
            };
            self.document
                .note(key.span().start, &self.path_of(name), None, complaint);
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

/// A text.
pub(super) fn string(value: &DeValue<'_>) -> Result<String, Complaint> {
    match value {
        DeValue::String(text) if text.is_empty() => Err(Complaint::new("is empty")),
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        other => Err(
            Complaint::new(format!("is {}, not a text", kind(other))).remedy(match other {
                DeValue::Array(_) | DeValue::Table(_) => "give one text, in quotes",
                _ => "put it in quotes",
            }),
        ),
    }
}

/// A whole number in `range`.
pub(super) fn number<N>(range: std::ops::RangeInclusive<N>) -> impl Fn(&DeValue<'_>) -> Result<N, Complaint>
where
    N: TryFrom<i64> + PartialOrd + fmt::Display,
{
    move |value| {
        let bounds = || format!("give a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = value else {
            return Err(Complaint::new(format!("is {}, not a whole number", kind(value))).remedy(bounds()));
        };
        i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(|number| N::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| Complaint::new("is out of range").remedy(bounds()))
    }
}

/// `true` or `false`.
pub(super) fn truth(value: &DeValue<'_>) -> Result<bool, Complaint> {
    match value {
        DeValue::Boolean(truth) => Ok(*truth),
        other => Err(Complaint::new(format!("is {}, not true or false", kind(other)))
            .remedy("write `true` or `false`, without quotes")),
    }
}

/// One of a closed set of words.
pub(super) fn word<W: Words>(value: &DeValue<'_>) -> Result<W, Complaint> {
    let text = string(value)?;
    if let Some((_, meant)) = W::WORDS.iter().find(|(word, _)| *word == text) {
        return Ok(*meant);
    }
    let words: Vec<_> = W::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
    let complaint = Complaint::new(format!("is none of {}", words.join(", ")));
    Err(match nearest(&text, W::WORDS.iter().map(|(word, _)| *word)) {
        Some(near) => complaint.remedy(format!("did you mean `{near}`?")),
        None => complaint,
    })
}

/// What a value is, in words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
