//! SSM parameters: the release that is to run.

use super::{Cloud, Fault};

impl Cloud {
    /// The value of a parameter, or `None` if it does not exist.
    pub async fn parameter(&self, name: &str) -> Result<Option<String>, Fault> {
        self.pace.permit().await;
        match self.parameters.get_parameter().name(name).send().await {
            Ok(found) => Ok(found.parameter.and_then(|parameter| parameter.value)),
            Err(error) => match Fault::of("GetParameter", &error) {
                fault if fault.is_not_found() => Ok(None),
                fault => Err(fault),
            },
        }
    }
}
