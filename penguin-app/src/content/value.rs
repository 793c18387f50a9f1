//! Values of content files that are checked while they are read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A day, `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct Date(String);

impl Date {
    /// Returns the day as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Date {
    type Error = String;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        match humantime::parse_rfc3339(&format!("{value}T00:00:00Z")) {
            Ok(_) => Ok(Self(value)),
            Err(_) => Err(format!("`{value}` is not a date: write YYYY-MM-DD")),
        }
    }
}

/// The path of a page: lower-case letters, digits, `-` and `/`, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct PagePath(String);

impl PagePath {
    /// Returns the path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PagePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for PagePath {
    type Error = String;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/".contains(&byte);
        if !value.starts_with('/') {
            return Err(format!("path `{value}` must start with `/`"));
        }
        if !value.bytes().all(plain) || value.contains("//") || (value.len() > 1 && value.ends_with('/')) {
            return Err(format!(
                "path `{value}` may hold lower-case letters, digits, `-` and single slashes, and no slash at the end"
            ));
        }
        let first = value.split('/').nth(1);
        if matches!(first, Some("static" | "api" | "healthz")) {
            return Err(format!("path `{value}` is reserved"));
        }
        Ok(Self(value))
    }
}
