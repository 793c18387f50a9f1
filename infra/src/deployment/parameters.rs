//! Stack parameters that a deployment would change although the template is unchanged.

use serde::Serialize;

/// A changed parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterChange {
    /// Parameter name.
    pub parameter: String,
    /// Deployed value.
    pub before: String,
    /// New value.
    pub after: String,
}
