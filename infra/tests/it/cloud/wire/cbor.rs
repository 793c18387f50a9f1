//! The subset of CBOR (RFC 8949) that the SDK uses.

use serde_json::{Map, Number, Value, json};

/// A CBOR time: seconds since 1970.
pub(crate) fn time(seconds: u64) -> Value {
    json!({ "$time": seconds })
}

/// Encodes a value.
pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(no) => out.push(if *no { 0xf5 } else { 0xf4 }),
        Value::Number(number) => {
            if let Some(number) = number.as_u64() {
                head(0, number, out);
            } else {
                out.push(0xfb);
                out.extend(number.as_f64().unwrap().to_be_bytes());
            }
        }
        Value::String(text) => {
            head(3, text.len() as u64, out);
            out.extend(text.as_bytes());
        }
        Value::Array(list) => {
            head(4, list.len() as u64, out);
            for value in list {
                write(value, out);
            }
        }
        Value::Object(map) => {
            if let Some(seconds) = map.get("$time").and_then(Value::as_u64) {
                // Tag 1: time.
                out.push(0xc1);
                head(0, seconds, out);
                return;
            }
            head(5, map.len() as u64, out);
            for (key, value) in map {
                write(&Value::String(key.clone()), out);
                write(value, out);
            }
        }
    }
}

fn head(major: u8, number: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match number {
        0..24 => out.push(major | u8::try_from(number).unwrap()),
        24..0x100 => out.extend([major | 0x18, u8::try_from(number).unwrap()]),
        _ => {
            out.push(major | 0x1b);
            out.extend(number.to_be_bytes());
        }
    }
}

/// Decodes a value; no bytes are an empty object.
pub(super) fn decode(bytes: &[u8]) -> Value {
    let mut rest = bytes;
    if rest.is_empty() {
        return json!({});
    }
    let value = read(&mut rest).unwrap();
    assert!(rest.is_empty(), "bytes behind the value");
    value
}

/// Decodes a value, or `None` at the end of an indefinite-length item.
fn read(rest: &mut &[u8]) -> Option<Value> {
    let first = take(rest, 1)[0];
    let (major, info) = (first >> 5, first & 31);
    if first == 0xff {
        return None;
    }
    let endless = info == 31;
    let number = match info {
        0..24 => u64::from(info),
        24..28 => take(rest, 1 << (info - 24))
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        _ => u64::MAX,
    };
    Some(match major {
        0 => Value::Number(number.into()),
        3 if !endless => {
            let bytes = take(rest, usize::try_from(number).unwrap());
            Value::String(String::from_utf8(bytes.to_vec()).unwrap())
        }
        4 => {
            let mut list = Vec::new();
            while endless || (list.len() as u64) < number {
                match read(rest) {
                    Some(value) => list.push(value),
                    None => break,
                }
            }
            Value::Array(list)
        }
        5 => {
            let mut map = Map::new();
            while endless || (map.len() as u64) < number {
                let Some(key) = read(rest) else {
                    break;
                };
                map.insert(key.as_str().unwrap().to_owned(), read(rest).unwrap());
            }
            Value::Object(map)
        }
        7 if info == 20 || info == 21 => Value::Bool(info == 21),
        7 if info == 22 => Value::Null,
        7 if info == 27 => Value::Number(Number::from_f64(f64::from_bits(number)).unwrap()),
        _ => panic!("the SDK is not known to send this: {first:#x}"),
    })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(length);
    *rest = left;
    taken
}

#[test]
fn cbor_round_trip() {
    let value = json!({ "a": [1, 24, 300, 1.5, "x".repeat(40)], "b": { "c": null, "d": true } });
    assert_eq!(decode(&encode(&value)), value);
    // Indefinite-length map and list.
    assert_eq!(
        decode(&[0xbf, 0x61, b'a', 0x9f, 0x01, 0xff, 0xff]),
        json!({ "a": [1] })
    );
}
