//! Verbs that talk to AWS, and the answer of a build that cannot.

use crate::exit::Failure;

/// What a build without the AWS SDK says to `verb`.
pub fn unavailable(verb: &str) -> Failure {
    Failure::failed(format!(
        "this build has no AWS SDK: `infra {verb}` cannot reach AWS"
    ))
    .hint(format!(
        "`cargo run -p infra -- {verb} …` builds it in; the first time takes some minutes"
    ))
}
