//! Messages of an error chain.

use std::error::Error;

/// Returns the innermost cause, which names host or address, with the error above it.
pub(super) fn root_of(error: &dyn Error) -> String {
    let mut words = words_of(error);
    let from = words.len().saturating_sub(2);
    words.split_off(from).join(": ")
}

/// Returns the messages of a chain, outermost first, without repetitions.
pub(super) fn words_of(error: &dyn Error) -> Vec<String> {
    let mut words = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        next = cause.source();
    }
    words
}
