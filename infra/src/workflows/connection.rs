//! The CodeConnections connection to GitHub and its state.

use crate::aws::{AwsError, Cloud};
use crate::check::account;
use crate::pipelines::ConnectionState;

/// How pipelines access the source repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// A connection with this ARN.
    Arn(String),
    /// The connection whose ARN is in this SSM parameter.
    Parameter(String),
    /// No connection (a token instead).
    None,
}

impl Connection {
    /// Connection and state, as far as known.
    pub(super) async fn find(&self, cloud: &Cloud) -> Result<account::Connection, AwsError> {
        let arn = match self {
            Self::None => return Ok(account::Connection::NotUsed),
            Self::Arn(arn) => Some(arn.clone()),
            Self::Parameter(name) => cloud.parameter(name).await?,
        };
        match arn {
            None => Ok(account::Connection::NotMade),
            Some(arn) => Ok(account::Connection::Is(cloud.connection(&arn).await?)),
        }
    }

    /// State; `None` if there is no connection or no permission to read it.
    pub(super) async fn state(&self, cloud: &Cloud) -> Result<Option<ConnectionState>, AwsError> {
        match self.find(cloud).await {
            Ok(account::Connection::Is(state)) => Ok(state),
            Ok(_) | Err(AwsError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
