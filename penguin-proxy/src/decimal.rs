//! Formatting of numbers and addresses into byte buffers without `fmt`.

use std::io::Write;
use std::net::IpAddr;

/// Appends a number in decimal digits, by pieces of a length that the compiler knows: nearly all are short, and a copy
/// of unknown length is a call.
pub(crate) fn digits(out: &mut Vec<u8>, number: u64) {
    match number {
        0..10 => out.push(digit(number)),
        10..100 => out.extend_from_slice(&[digit(number / 10), digit(number)]),
        100..1000 => three_digits(out, number),
        _ => {
            digits(out, number / 1000);
            three_digits(out, number % 1000);
        }
    }
}

/// Appends a number below a thousand, with its leading zeros.
pub(crate) fn three_digits(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&[digit(number / 100), digit(number / 10), digit(number)]);
}

/// The last decimal digit of a number.
fn digit(number: u64) -> u8 {
    b"0123456789"[(number % 10) as usize]
}

/// Appends an address.
pub(crate) fn ip(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (index, octet) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                digits(out, u64::from(octet));
            }
        }
        IpAddr::V6(address) => {
            let _infallible = write!(out, "{address}");
        }
    }
}
