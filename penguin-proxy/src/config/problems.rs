//! Problems of settings: collected, then reported together.

use std::fmt;

use super::parse::Refused;

/// One setting that cannot be used.
#[derive(Debug)]
pub struct Problem {
    variable: &'static str,
    value: String,
    reason: String,
    remedy: String,
}

/// Every setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let Problem {
                variable,
                value,
                reason,
                remedy,
            } = problem;
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{variable}={value:?} {reason}\n  hint: {remedy}")?;
        }
        Ok(())
    }
}

/// Collects problems, so that one start reports all of them.
#[derive(Default)]
pub(super) struct Check {
    problems: Vec<Problem>,
}

impl Check {
    /// Parses the value of a variable. Records a problem and returns nothing if it cannot be used.
    pub(super) fn value<T>(
        &mut self,
        variable: &'static str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, Refused>,
    ) -> Option<T> {
        let parsed = if text.trim().is_empty() {
            Err(Refused::new(
                "is empty",
                "give it a value, or remove the variable to have the default",
            ))
        } else {
            parse(text.trim())
        };
        match parsed {
            Ok(value) => Some(value),
            Err(Refused { reason, remedy }) => {
                let (value, remedy) = (text.to_owned(), remedy.to_owned());
                self.problems.push(Problem {
                    variable,
                    value,
                    reason,
                    remedy,
                });
                None
            }
        }
    }

    /// Returns the configuration if no value had a problem.
    pub(super) fn finish<T>(self, config: Option<T>) -> Result<T, ConfigError> {
        config
            .filter(|_| self.problems.is_empty())
            .ok_or(ConfigError(self.problems))
    }
}
