//! Tables whose keys are names that the user chooses.

use toml::de::DeValue;

use super::{Found, Section, ValueError};

/// Whether error messages show the values of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settings) enum Values {
    /// As written.
    Shown,
    /// Not at all: somebody may have written a secret there.
    Hidden,
}

impl Section<'_> {
    /// Returns the valid entries of a table; mistakes in the others are recorded.
    pub(in crate::settings) fn entries<T>(
        &self,
        key: &'static str,
        values: Values,
        example: &str,
        check_name: impl Fn(&str) -> Result<(), ValueError>,
        read: impl Fn(&str, &DeValue<'_>) -> Result<T, ValueError>,
    ) -> Vec<(String, Found<T>)> {
        self.known.borrow_mut().push(key);
        let path = self.path_of(key);
        let Some(found) = self.table.and_then(|table| table.get(key)) else {
            return Vec::new();
        };
        let written = |span| self.document.written(&span).filter(|_| values == Values::Shown);
        let DeValue::Table(table) = found.get_ref() else {
            let error = ValueError::new("is not a table of names and values")
                .remedy(format!("write `{key} = {{ {example} }}`"));
            self.document
                .note(found.span().start, &path, written(found.span()), error);
            return Vec::new();
        };
        let mut entries = Vec::new();
        for (name, value) in table {
            let at = name.span().start;
            let name: &str = name.get_ref();
            let path = format!("{path}.{name}");
            if let Err(error) = check_name(name) {
                self.document.note(at, &path, None, error);
                continue;
            }
            let span = value.span();
            match read(name, value.get_ref()) {
                Ok(value) => entries.push((
                    name.to_owned(),
                    Found {
                        value,
                        key: path,
                        at: span.start,
                        written: written(span),
                    },
                )),
                Err(error) => self.document.note(span.start, &path, written(span), error),
            }
        }
        entries
    }
}
