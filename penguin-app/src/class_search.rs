//! Search of the classes: filter and order, from the query of `/classes` and `/api/classes`.

use serde::de::IntoDeserializer as _;
use serde::de::value::Error;
use serde::{Deserialize, Serialize};

use crate::content::{Class, Place};
use crate::form::{FieldErrors, optional_number};

/// The query as it was typed: age of the chick in months, place, longest time in weeks, order of the list.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ClassQuery {
    age: String,
    place: String,
    weeks: String,
    sort: String,
}

/// A valid query; what was not typed does not filter.
#[derive(Debug, Clone, Copy)]
pub struct ClassSearch {
    age: Option<u16>,
    place: Option<Place>,
    weeks: Option<u16>,
    sort: Option<Sort>,
}

/// Order of the list; without one it is that of the content file.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Name,
    Weeks,
    Age,
}

impl ClassSearch {
    /// Validates a query.
    pub fn parse(query: &ClassQuery) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let age = errors.check("age", optional_number(&query.age, 0, 600));
        let place = errors.check(
            "place",
            choice(&query.place, "Choose ice, water, snow or anywhere."),
        );
        let weeks = errors.check("weeks", optional_number(&query.weeks, 1, 52));
        let sort = errors.check(
            "sort",
            choice(&query.sort, "Choose name, weeks, age or leave it."),
        );
        match (age, place, weeks, sort) {
            (Some(age), Some(place), Some(weeks), Some(sort)) => Ok(Self {
                age,
                place,
                weeks,
                sort,
            }),
            _ => Err(errors),
        }
    }

    /// Returns the classes that match, in order.
    pub fn apply<'a>(&self, classes: &'a [Class]) -> Vec<&'a Class> {
        let mut found: Vec<_> = classes.iter().filter(|class| self.matches(class)).collect();
        match self.sort {
            None => {}
            Some(Sort::Name) => found.sort_by(|one, other| one.name.cmp(&other.name)),
            Some(Sort::Weeks) => found.sort_by_key(|class| class.weeks),
            Some(Sort::Age) => found.sort_by_key(|class| class.months),
        }
        found
    }

    fn matches(&self, class: &Class) -> bool {
        self.age.is_none_or(|age| class.months <= age)
            && self.place.is_none_or(|place| class.place == place)
            && self.weeks.is_none_or(|weeks| class.weeks <= weeks)
    }
}

/// Reads one of the names of an enum, or nothing.
fn choice<'a, T: Deserialize<'a>>(value: &'a str, message: &str) -> Result<Option<T>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    let chosen: Result<T, Error> = T::deserialize(value.into_deserializer());
    chosen.map(Some).map_err(|_| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;
    use crate::source;

    fn slugs(age: &str, place: &str, weeks: &str, sort: &str) -> Result<Vec<String>, Vec<&'static str>> {
        let [content, ..] = source::embedded();
        let content = Content::read(&content).unwrap();
        let query = ClassQuery {
            age: age.to_owned(),
            place: place.to_owned(),
            weeks: weeks.to_owned(),
            sort: sort.to_owned(),
        };
        let search = ClassSearch::parse(&query)
            .map_err(|errors| errors.iter().map(|(field, _)| field).collect::<Vec<_>>())?;
        Ok(search
            .apply(&content.classes)
            .iter()
            .map(|class| class.slug.clone())
            .collect())
    }

    #[test]
    fn filters_and_sorts() {
        for (age, place, weeks, sort, expected) in [
            ("", "", "", "", &["fishing", "swimming", "snow-forts"][..]),
            ("4", "", "", "", &["fishing", "snow-forts"]),
            ("1", "", "", "", &[]),
            ("", "water", "", "", &["swimming"]),
            ("", "", "6", "weeks", &["snow-forts", "fishing"]),
            ("", "", "", "name", &["fishing", "snow-forts", "swimming"]),
            ("600", "snow", "52", "age", &["snow-forts"]),
            ("", "", "", "age", &["snow-forts", "fishing", "swimming"]),
        ] {
            assert_eq!(
                slugs(age, place, weeks, sort).unwrap(),
                expected,
                "{age} {place} {weeks} {sort}"
            );
        }
    }

    #[test]
    fn every_invalid_value_is_reported() {
        assert_eq!(
            slugs("old", "moon", "0", "luck").unwrap_err(),
            ["age", "place", "sort", "weeks"]
        );
    }
}
