//! SSM parameters: the release that is to run, those there were, and what stacks tell each other.

use std::collections::BTreeSet;

use super::{Cloud, Fault, time};
use crate::daily::releases::Written;

/// Names that one call of `GetParameters` takes.
const AT_ONCE: usize = 10;
/// Versions that a page holds.
const PAGE: i32 = 50;

impl Cloud {
    /// The value of a parameter, or `None` if it does not exist.
    pub async fn parameter(&self, name: &str) -> Result<Option<String>, Fault> {
        self.elsewhere.permit().await;
        match self.parameters.get_parameter().name(name).send().await {
            Ok(found) => Ok(found.parameter.and_then(|parameter| parameter.value)),
            Err(error) => match Fault::of("GetParameter", &error) {
                fault if fault.is_not_found() => Ok(None),
                fault => Err(fault),
            },
        }
    }

    /// Those of the parameters `names` that do not exist.
    pub async fn missing_parameters(&self, names: &BTreeSet<String>) -> Result<BTreeSet<String>, Fault> {
        let mut missing = BTreeSet::new();
        let names: Vec<_> = names.iter().cloned().collect();
        for some in names.chunks(AT_ONCE) {
            self.elsewhere.permit().await;
            let answer = self
                .parameters
                .get_parameters()
                .set_names(Some(some.to_vec()))
                .send()
                .await
                .map_err(|error| Fault::of("GetParameters", &error))?;
            missing.extend(answer.invalid_parameters.unwrap_or_default());
        }
        Ok(missing)
    }

    /// All values that a parameter had and SSM still knows (it keeps a hundred), oldest first. A parameter that does
    /// not exist had none.
    pub async fn parameter_history(&self, name: &str) -> Result<Vec<Written>, Fault> {
        let mut history = Vec::new();
        let mut token = None;
        loop {
            self.elsewhere.permit().await;
            let answer = self
                .parameters
                .get_parameter_history()
                .name(name)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await;
            let page = match answer {
                Ok(page) => page,
                Err(error) => match Fault::of("GetParameterHistory", &error) {
                    fault if fault.is_not_found() => return Ok(Vec::new()),
                    fault => return Err(fault),
                },
            };
            history.extend(
                page.parameters
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|version| {
                        Some(Written {
                            at: time(version.last_modified_date.as_ref()),
                            tag: version.value?,
                            version: version.version,
                        })
                    }),
            );
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(history);
            }
        }
    }
}
