//! The connection to GitHub, to which somebody has to agree once, in the web console.

use super::{Cloud, Fault};
use crate::daily::pipelines::ConnectionState;

impl Cloud {
    /// How the connection of this ARN is, or `None` if there is none.
    pub async fn connection(&self, arn: &str) -> Result<Option<ConnectionState>, Fault> {
        self.elsewhere.permit().await;
        let answer = self.connections.get_connection().connection_arn(arn).send().await;
        match answer {
            Ok(found) => {
                let status = found
                    .connection
                    .and_then(|connection| connection.connection_status);
                Ok(status.map(|status| match status.as_str() {
                    "AVAILABLE" => ConnectionState::Available,
                    "PENDING" => ConnectionState::Pending,
                    _ => ConnectionState::Broken,
                }))
            }
            Err(error) => match Fault::of("GetConnection", &error) {
                fault if fault.is_not_found() => Ok(None),
                fault => Err(fault),
            },
        }
    }

    /// Where a person agrees to a connection in the web console.
    pub fn connection_link(&self) -> String {
        let region = &self.region;
        format!("https://{region}.console.aws.amazon.com/codesuite/settings/connections?region={region}")
    }
}
