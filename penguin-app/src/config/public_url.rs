//! Where visitors find the site.
//!
//! It is a setting and not taken from the `Host` header: a canonical link that a request can choose is no
//! canonical link. It must not know what it is used for.

use std::fmt;

use http::Uri;

/// `https://www.example.com`: a scheme and a host, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Reads the address, or says what is wrong with it and what to write instead.
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        const FORM: &str = "write it as https://www.example.com";
        let uri: Uri = value.parse().map_err(|_| format!("is not an address: {FORM}"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("is not a whole address: {FORM}"));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(format!("is not an http or https address: {FORM}"));
        }
        if authority.as_str().contains('@') {
            return Err(format!(
                "holds a user name, which every visitor would see: {FORM}"
            ));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || value.contains('#') {
            return Err(format!(
                "has something behind the host, and the site stands at the root: {FORM}"
            ));
        }
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
