//! Connections to GitHub, which must be confirmed once in the console.

use super::{AwsError, Cloud, if_found};
use crate::pipelines::ConnectionState;

impl Cloud {
    /// Returns the state of a connection, or `None` if it does not exist.
    pub async fn connection(&self, arn: &str) -> Result<Option<ConnectionState>, AwsError> {
        let found = call!(self.connections => "GetConnection", get_connection().connection_arn(arn));
        let connection = if_found(found)?.and_then(|found| found.connection);
        let status = connection.and_then(|connection| connection.connection_status);
        Ok(status.map(|status| match status.as_str() {
            "AVAILABLE" => ConnectionState::Available,
            "PENDING" => ConnectionState::Pending,
            _ => ConnectionState::Broken,
        }))
    }

    /// Returns the console link to the connections.
    pub fn connection_link(&self) -> String {
        let region = &self.region;
        format!("https://{region}.console.aws.amazon.com/codesuite/settings/connections?region={region}")
    }
}
