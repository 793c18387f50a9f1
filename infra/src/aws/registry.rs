//! Login to the image registry of the account.

use std::fmt;

use aws_smithy_types::base64;

use super::{AwsError, Cloud};

/// User and password for the registry, valid for twelve hours.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryLogin {
    /// Host of the registry; precedes the repository in the name of an image.
    pub host: String,
    /// User name.
    pub user: String,
    /// Password. Secret: it is not printed by `Debug`.
    pub password: String,
}

impl fmt::Debug for RegistryLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryLogin")
            .field("host", &self.host)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Cloud {
    /// Requests a login to the registry.
    pub async fn registry_login(&self) -> Result<RegistryLogin, AwsError> {
        let response = call!(self.images => "GetAuthorizationToken", get_authorization_token())?;
        response
            .authorization_data
            .unwrap_or_default()
            .first()
            .and_then(|data| login(data.proxy_endpoint()?, data.authorization_token()?))
            .ok_or_else(|| AwsError::Refused {
                operation: "GetAuthorizationToken",
                code: String::new(),
                message: "the response contains no usable token".to_owned(),
            })
    }
}

/// A login from `https://HOST` and base64 of `USER:PASSWORD`.
fn login(endpoint: &str, token: &str) -> Option<RegistryLogin> {
    let text = String::from_utf8(base64::decode(token).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    Some(RegistryLogin {
        host: host.trim_end_matches('/').to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_split_and_password_stays_out_of_debug_output() {
        let token = base64::encode("AWS:pass:word");
        let login = login("https://123456789012.dkr.ecr.eu-west-1.amazonaws.com", &token).unwrap();
        assert_eq!(login.host, "123456789012.dkr.ecr.eu-west-1.amazonaws.com");
        assert_eq!(
            (login.user.as_str(), login.password.as_str()),
            ("AWS", "pass:word")
        );
        assert!(!format!("{login:?}").contains("pass"));
    }

    #[test]
    fn invalid_token_is_rejected() {
        for token in ["%", &base64::encode("no colon")] {
            assert_eq!(login("https://host", token), None);
        }
    }
}
