//! The lists of the site, read from `penguin-app/content/*.toml`, whose comments explain the fields.
//!
//! A mistake in a file ends the start with its name, line and field. Prose that stands on one page only is in the
//! page's template.

mod value;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use value::{Date, PagePath};

use crate::source::Files;

/// Everything that the files say: a field for each of them.
#[derive(Debug, Serialize)]
pub struct Content {
    pub(crate) site: Site,
    /// The pages of the file, then one for each class.
    pub pages: Vec<Page>,
    pub(crate) classes: Vec<Class>,
    pub(crate) slides: Vec<Slide>,
    pub(crate) gallery: Vec<Exhibit>,
    /// Who teaches.
    pub teachers: Vec<Teacher>,
    pub(crate) timetable: Vec<Lesson>,
    #[serde(skip)]
    pub(crate) errors: Vec<ErrorPage>,
}

/// What every page knows about the school.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    pub(crate) name: String,
    pub(crate) legal_name: String,
    pub(crate) tagline: String,
    pub(crate) description: String,
    pub(crate) navigation: Vec<Link>,
    pub(crate) cta: Link,
    pub(crate) footer: Vec<Link>,
    pub(crate) contact: Contact,
}

/// How to reach the school.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub(crate) email: String,
    pub(crate) enrolment_email: String,
    pub(crate) security_email: String,
    pub(crate) street: String,
    pub(crate) locality: String,
    pub(crate) region: String,
    pub(crate) hours: String,
}

/// A link and its text.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub(crate) href: String,
    pub(crate) label: String,
}

/// A drawing from `static/`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Drawing {
    pub(crate) src: String,
    pub(crate) alt: String,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// A page with an address of its own.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Where it is served.
    pub path: PagePath,
    pub(crate) template: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) updated: Date,
    #[serde(default)]
    pub(crate) dynamic: bool,
}

/// A class, with what its card and its page say.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub(crate) slug: String,
    #[serde(skip_deserializing)]
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) updated: Date,
    pub(crate) description: String,
    pub(crate) months: u16,
    pub(crate) weeks: u16,
    pub(crate) place: Place,
    pub(crate) summary: String,
    pub(crate) drawing: Drawing,
    pub(crate) lead: String,
    pub(crate) teacher: String,
    pub(crate) quotation: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) steps_heading: String,
    pub(crate) steps: Vec<Step>,
}

/// Where a class takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// On the ice.
    Ice,
    /// In the water.
    Water,
    /// In the snow.
    Snow,
}

/// A question and its short answer.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// One step of a class.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// One slide of the home page.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Slide {
    pub(crate) heading: String,
    pub(crate) text: String,
    pub(crate) link: Link,
    pub(crate) drawing: Drawing,
}

/// A drawing of the gallery.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exhibit {
    pub(crate) title: String,
    pub(crate) caption: String,
    pub(crate) drawing: Drawing,
}

/// Somebody who teaches.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// Name.
    pub name: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) portrait: Drawing,
}

/// One row of the timetable.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    pub(crate) time: String,
    pub(crate) what: String,
    pub(crate) remark: String,
}

/// The page of an error status.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorPage {
    /// Empty: it is shown at any path.
    #[serde(skip_deserializing)]
    path: String,
    pub(crate) status: u16,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) heading: String,
    pub(crate) text: String,
    pub(crate) drawing: Drawing,
}

/// A file that does not say what it should: its name, and line, excerpt and what is wrong.
#[derive(Debug, Error)]
#[error("penguin-app/content/{file}: {message}")]
pub struct ContentError {
    file: String,
    message: String,
}

impl Content {
    /// Reads the files.
    pub fn read(files: &Files) -> Result<Self, ContentError> {
        let mut content = Self {
            site: parse(files, "site.toml")?,
            pages: list(files, "pages")?,
            classes: list(files, "classes")?,
            slides: list(files, "slides")?,
            gallery: list(files, "gallery")?,
            teachers: list(files, "teachers")?,
            timetable: list(files, "timetable")?,
            errors: list(files, "errors")?,
        };
        content.add_class_pages()?;
        content.check()?;
        Ok(content)
    }

    /// Returns the year of the newest page, for the copyright notice.
    pub fn copyright_year(&self) -> &str {
        let newest = self.pages.iter().map(|page| page.updated.as_str()).max();
        newest.and_then(|date| date.get(..4)).unwrap_or_default()
    }

    /// Gives each class its page, behind the pages of the list.
    fn add_class_pages(&mut self) -> Result<(), ContentError> {
        for class in &mut self.classes {
            class.path = format!("/classes/{}", class.slug);
            let path = PagePath::try_from(class.path.clone());
            self.pages.push(Page {
                path: path.map_err(|message| error("classes.toml", message))?,
                template: "pages/class.html".to_owned(),
                title: class.name.clone(),
                description: class.description.clone(),
                updated: class.updated.clone(),
                dynamic: false,
            });
        }
        Ok(())
    }

    /// Checks what no type can say: paths are unique, every error has a page to fall back to.
    fn check(&self) -> Result<(), ContentError> {
        let mut paths = BTreeSet::new();
        for page in &self.pages {
            if !paths.insert(page.path.as_str()) {
                let message = format!("path `{}` is used by two pages", page.path);
                return Err(error("pages.toml", message));
            }
        }
        let missing = [400, 404, 500]
            .into_iter()
            .find(|status| self.errors.iter().all(|page| page.status != *status));
        match missing {
            Some(status) => Err(error("errors.toml", format!("no entry for status {status}"))),
            None => Ok(()),
        }
    }
}

fn error(file: &str, message: String) -> ContentError {
    let file = file.to_owned();
    ContentError { file, message }
}

fn parse<T: DeserializeOwned>(files: &Files, file: &str) -> Result<T, ContentError> {
    let text = files
        .get(file)
        .ok_or_else(|| error(file, "no such file".to_owned()))?;
    let parsed = toml::from_slice(text);
    parsed.map_err(|problem| error(file, problem.to_string().trim_end().to_owned()))
}

/// Reads a file that holds one list, with the name of the file.
fn list<T: DeserializeOwned>(files: &Files, name: &str) -> Result<Vec<T>, ContentError> {
    let file = format!("{name}.toml");
    let mut lists: BTreeMap<String, Vec<T>> = parse(files, &file)?;
    match (lists.remove(name), lists.pop_first()) {
        (Some(list), None) => Ok(list),
        (None, _) => Err(error(&file, format!("missing field `{name}`"))),
        (_, Some((other, _))) => Err(error(
            &file,
            format!("unknown field `{other}`, expected `{name}`"),
        )),
    }
}

#[cfg(test)]
mod tests;
