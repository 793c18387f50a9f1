//! Service-linked roles.

use super::{AwsError, Cloud, if_found};

impl Cloud {
    /// Returns whether a role exists.
    pub async fn has_role(&self, name: &str) -> Result<bool, AwsError> {
        let found = call!(self.roles => "GetRole", get_role().role_name(name));
        Ok(if_found(found)?.is_some())
    }

    /// Creates the role of a service, for example `ecs.amazonaws.com`. An existing role is success.
    pub async fn create_service_role(&self, service: &str) -> Result<(), AwsError> {
        match call!(self.roles => "CreateServiceLinkedRole",
            create_service_linked_role().aws_service_name(service))
        {
            Ok(_) => Ok(()),
            Err(AwsError::Refused { message, .. }) if message.contains("has been taken") => Ok(()),
            Err(error) => Err(error),
        }
    }
}
