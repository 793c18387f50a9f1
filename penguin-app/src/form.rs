//! Validation of forms: one message per field, for people.

use std::collections::BTreeMap;

use serde::Serialize;

/// Field → what is wrong with its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FieldErrors(BTreeMap<&'static str, String>);

impl FieldErrors {
    /// Notes the error of a field and returns `None`, or returns the valid value.
    pub fn check<T>(&mut self, field: &'static str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.0.insert(field, message)).ok()
    }

    /// Whether every field is valid.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the fields with their errors.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(field, message)| (*field, message.as_str()))
    }
}

/// Reads a number that may be left out.
pub fn optional_number(value: &str, least: u16, most: u16) -> Result<Option<u16>, String> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    match value.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(format!(
            "Enter a whole number from {least} to {most}, or leave it empty."
        )),
    }
}

/// Reads text of at most `most` characters that must not be empty.
pub fn required_text(value: &str, what: &str, most: usize) -> Result<String, String> {
    let value = value.trim();
    let length = value.chars().count();
    if length == 0 {
        Err(format!("Enter {what}."))
    } else if length > most {
        Err(format!("Shorten {what} to {most} characters; it has {length}."))
    } else {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_checked() {
        for (value, expected) in [
            ("", Ok(None)),
            (" 7 ", Ok(Some(7))),
            ("0", Ok(Some(0))),
            ("120", Ok(Some(120))),
        ] {
            assert_eq!(optional_number(value, 0, 120), expected, "{value}");
        }
        for value in ["121", "-1", "1.5", "seven", "99999999999"] {
            let error = optional_number(value, 0, 120).unwrap_err();
            assert_eq!(
                error, "Enter a whole number from 0 to 120, or leave it empty.",
                "{value}"
            );
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(required_text(" é ", "a name", 1), Ok("é".to_owned()));
        assert_eq!(required_text("  ", "a name", 1), Err("Enter a name.".to_owned()));
        assert_eq!(
            required_text("éé", "a name", 1),
            Err("Shorten a name to 1 characters; it has 2.".to_owned())
        );
    }
}
