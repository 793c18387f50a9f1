//! The Huffman code of HPACK (RFC 7541 §5.2 and Appendix B).
//!
//! The code is canonical: the lengths of the codes determine the codes, so only the lengths are written down here.

/// Symbols: every byte, and the end-of-string mark, which never appears in a valid string.
const SYMBOLS: usize = 257;
const END_OF_STRING: u16 = 256;
/// Length of the longest code in bits.
const LONGEST: u32 = 30;
/// Codes of at most this length are looked up in one step.
const SHORT: u32 = 8;

/// The length of each symbol's code in bits.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// What follows from the lengths, worked out by the compiler.
struct Code {
    /// Symbols by length of their code, then by number.
    symbols: [u16; SYMBOLS],
    /// For each length: the first code, where its symbol stands in `symbols`, and how many codes there are.
    first: [u32; LONGEST as usize + 1],
    offset: [usize; LONGEST as usize + 1],
    count: [u32; LONGEST as usize + 1],
    /// For each eight bits: the symbol they begin with and the length of its code, which is 0 if it is longer.
    short: [(u8, u8); 1 << SHORT],
}

static CODE: Code = Code::new();

impl Code {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "symbols are below 257, and short codes belong to bytes"
    )]
    const fn new() -> Self {
        let mut code = Self {
            symbols: [0; SYMBOLS],
            first: [0; LONGEST as usize + 1],
            offset: [0; LONGEST as usize + 1],
            count: [0; LONGEST as usize + 1],
            short: [(0, 0); 1 << SHORT],
        };
        let (mut length, mut next, mut place) = (1, 0, 0);
        while length <= LONGEST as usize {
            next <<= 1;
            code.first[length] = next;
            code.offset[length] = place;
            let mut symbol = 0;
            while symbol < SYMBOLS {
                if LENGTHS[symbol] as usize == length {
                    code.symbols[place] = symbol as u16;
                    if length <= SHORT as usize {
                        let spare = SHORT as usize - length;
                        let mut bits = (next as usize) << spare;
                        let end = bits + (1 << spare);
                        while bits < end {
                            code.short[bits] = (symbol as u8, length as u8);
                            bits += 1;
                        }
                    }
                    next += 1;
                    place += 1;
                    code.count[length] += 1;
                }
                symbol += 1;
            }
            length += 1;
        }
        code
    }

    /// The symbol that 30 bits begin with, and the length of its code.
    fn look_up(&self, bits: u32) -> (u16, u32) {
        let (symbol, length) = self.short[(bits >> (LONGEST - SHORT)) as usize];
        if length > 0 {
            return (u16::from(symbol), u32::from(length));
        }
        for length in SHORT + 1..LONGEST {
            let at = length as usize;
            let nth = (bits >> (LONGEST - length)).wrapping_sub(self.first[at]);
            if nth < self.count[at] {
                return (self.symbols[self.offset[at] + nth as usize], length);
            }
        }
        // The code is complete: what no shorter code takes is one of the longest, of which there are four.
        let at = LONGEST as usize;
        let nth = bits.wrapping_sub(self.first[at]).min(self.count[at] - 1);
        (self.symbols[self.offset[at] + nth as usize], LONGEST)
    }
}

/// Appends the decoded string. False if it contains the end-of-string mark, or ends in anything but fewer than eight
/// one bits.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let mut input = input.iter();
    let (mut bits, mut count) = (0_u64, 0_u32);
    loop {
        while count <= 56
            && let Some(byte) = input.next()
        {
            bits = bits << 8 | u64::from(*byte);
            count += 8;
        }
        // One bits stand for what is beyond the end.
        let padded = if count >= LONGEST {
            bits >> (count - LONGEST)
        } else {
            !(!bits << (LONGEST - count))
        };
        let (symbol, length) = CODE.look_up((padded & ((1 << LONGEST) - 1)) as u32);
        if length > count {
            return count < 8 && symbol == END_OF_STRING;
        }
        let Ok(byte) = u8::try_from(symbol) else {
            return false;
        };
        out.push(byte);
        count -= length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(input: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode(input, &mut out).then_some(out)
    }

    #[test]
    fn rfc_7541_examples() {
        // Appendix C.4 and C.6.
        for (input, expected) in [
            (
                &[
                    0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
                ][..],
                "www.example.com",
            ),
            (&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf], "no-cache"),
            (&[0x64, 0x02], "302"),
            (&[0x9b, 0xd9, 0xab], "gzip"),
        ] {
            assert_eq!(decoded(input).as_deref(), Some(expected.as_bytes()));
        }
    }

    /// The code of one symbol followed by padding.
    fn encoded(symbol: usize) -> Vec<u8> {
        let length = u32::from(LENGTHS[symbol]);
        let at = length as usize;
        let nth = CODE.symbols[CODE.offset[at]..]
            .iter()
            .position(|other| usize::from(*other) == symbol)
            .expect("every symbol has a code");
        let code = u64::from(CODE.first[at]) + nth as u64;
        let bytes = length.div_ceil(8);
        let padded = !(!code << (bytes * 8 - length));
        padded.to_be_bytes()[8 - bytes as usize..].to_vec()
    }

    #[test]
    fn every_byte_has_a_code_and_the_end_mark_is_refused() {
        for symbol in 0..256 {
            assert_eq!(
                decoded(&encoded(symbol)),
                Some(vec![u8::try_from(symbol).unwrap()])
            );
        }
        assert_eq!(encoded(256), [0xff; 4]);
        assert_eq!(decoded(&[0xff; 4]), None);
        assert_eq!(decoded(&[0xff; 5]), None);
    }

    #[test]
    fn padding_is_short_and_of_ones() {
        assert_eq!(decoded(&[]), Some(vec![]));
        // `0` is 00000.
        assert_eq!(decoded(&[0b0000_0111]), Some(vec![b'0']));
        assert_eq!(decoded(&[0b0000_0110]), None, "a zero in the padding");
        assert_eq!(decoded(&[0b0000_0111, 0xff]), None, "eleven bits of padding");
        assert_eq!(decoded(&[0xff]), None, "eight bits of padding");
        // `&` is 11111000, whose first bits alone are no padding.
        assert_eq!(decoded(&[0b1111_1000]), Some(vec![b'&']));
        assert_eq!(decoded(&[0b0000_0111, 0b1100_0000]), None);
    }
}
