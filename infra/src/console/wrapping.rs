//! Line wrapping.

use textwrap::{Options, WordSeparator, WordSplitter};

/// Wraps a line between words. Words that are too long stay whole, so that they can be copied.
pub fn wrapped(line: &str, width: usize) -> Vec<String> {
    let options = Options::new(width)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(line, options)
        .into_iter()
        .map(Into::into)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_broken() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrapped("arn:aws:iam::1:role/x y", 10),
            ["arn:aws:iam::1:role/x", "y"]
        );
    }
}
