//! Import of values that another stack shares through SSM parameters.

use crate::cfn::{Parameter, TemplateBuilder, Value};

/// Imports shared values into a template.
pub(super) struct Shared<'a, F: Fn(&str) -> String> {
    pub(super) template: &'a mut TemplateBuilder,
    /// Maps a short name to an SSM parameter name.
    pub(super) parameter: F,
}

impl<F: Fn(&str) -> String> Shared<'_, F> {
    /// Adds a parameter `id` of type `kind` whose default is the SSM parameter of `what`.
    pub(super) fn take<T>(&mut self, id: &str, kind: &str, what: &str) -> Value<T> {
        let parameter = Parameter::from_ssm("Shared by another stack", kind, &(self.parameter)(what));
        self.template.parameter(id, &parameter)
    }
}
