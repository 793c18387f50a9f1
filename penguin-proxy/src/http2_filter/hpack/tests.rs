//! Blocks of the specification, the dynamic table and its limits, malformed blocks.

use super::*;

/// The newest entry of the dynamic table, as an indexed field.
const NEWEST: u8 = 0x80 + 62;

type Fields = Vec<(String, String)>;

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, HpackError> {
    let mut fields = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("ASCII in these tests");
    decoder.decode(block, |field| fields.push((text(field.name), text(field.value))))?;
    Ok(fields)
}

fn fields(expected: &[(&str, &str)]) -> Fields {
    expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn rfc_7541_requests() {
    // Appendix C.3 without, C.4 with Huffman coding: three requests of one connection each.
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let huffman = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, huffman] {
        let mut decoder = Decoder::new(Role::Requests);
        let first = [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "www.example.com"),
        ];
        assert_eq!(decode(&mut decoder, &bytes(blocks[0])), Ok(fields(&first)));
        let second = [&first[..], &[("cache-control", "no-cache")]].concat();
        assert_eq!(decode(&mut decoder, &bytes(blocks[1])), Ok(fields(&second)));
        let third = [
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/index.html"),
            (":authority", "www.example.com"),
            ("custom-key", "custom-value"),
        ];
        assert_eq!(decode(&mut decoder, &bytes(blocks[2])), Ok(fields(&third)));
        assert_eq!((decoder.entries.len(), decoder.size), (3, 164));
    }
}

#[test]
fn rfc_7541_responses_with_eviction() {
    // Appendix C.6, in a table of 256 bytes.
    let mut decoder = Decoder::new(Role::Responses);
    decoder.max_size = 256;
    let first = [
        (":status", "302"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("location", "https://www.example.com"),
    ];
    let block = "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
    assert_eq!(decode(&mut decoder, &bytes(block)), Ok(fields(&first)));
    assert_eq!(decoder.size, 222);
    let mut second = first;
    second[0].1 = "307";
    assert_eq!(
        decode(&mut decoder, &bytes("4883 640e ffc1 c0bf")),
        Ok(fields(&second))
    );
    assert_eq!((decoder.entries.len(), decoder.size), (4, 222));
}

#[test]
fn size_updates_empty_and_bound_the_table() {
    let entry = [&[0x40, 1, b'a', 1][..], b"b"].concat();
    let mut decoder = Decoder::new(Role::Requests);
    decode(&mut decoder, &entry).unwrap();
    assert_eq!(decode(&mut decoder, &[NEWEST]), Ok(fields(&[("a", "b")])));
    decode(&mut decoder, &[0x20]).unwrap();
    assert_eq!(decode(&mut decoder, &[NEWEST]), Err(HpackError::Invalid));
    decode(&mut decoder, &entry).unwrap();
    assert!(
        decoder.entries.is_empty(),
        "an entry too large for the table is not kept"
    );
    // To 34, which is one entry, and to 4096.
    decode(&mut decoder, &[&[0x3f, 3][..], &entry, &entry].concat()).unwrap();
    assert_eq!((decoder.entries.len(), decoder.size), (1, 34));
    decode(&mut decoder, &[&[0x3f, 0xe1, 0x1f][..], &entry].concat()).unwrap();
    assert_eq!(decoder.entries.len(), 2);
    assert_eq!(
        decode(&mut decoder, &[0x3f, 0xe2, 0x1f]),
        Err(HpackError::Invalid),
        "4097"
    );
    assert_eq!(
        decode(&mut decoder, &[0x82, 0x20]),
        Err(HpackError::Invalid),
        "after a field"
    );
}

#[test]
fn invalid_hpack_is_rejected() {
    for block in [
        &[0x80][..],
        &[0xbe],
        &[0xff],
        &[0xff, 0x80, 0x80, 0x80, 0x80, 1],
        &[0x40],
        &[0x40, 1],
        &[0x40, 1, b'a'],
        &[0x40, 1, b'a', 2, b'b'],
        &[0x7e, 1, b'b'],
        &[0, 0x81, 0, 1, b'b'],
    ] {
        let mut decoder = Decoder::new(Role::Requests);
        assert_eq!(
            decode(&mut decoder, block),
            Err(HpackError::Invalid),
            "{block:x?}"
        );
    }
}

#[test]
fn header_bomb_is_rejected() {
    let mut decoder = Decoder::new(Role::Requests);
    let large = [&[0x40, 1, b'a'][..], &[0x7f, 0xa9, 0x1e], &[b'x'; 4008]].concat();
    decode(&mut decoder, &large).unwrap();
    assert_eq!(decoder.entries.len(), 1);
    assert!(decode(&mut decoder, &[NEWEST; 60]).is_ok());
    assert_eq!(decode(&mut decoder, &[NEWEST; 70]), Err(HpackError::TooLarge));
}

#[test]
fn literals_are_decoded_to_what_was_encoded() {
    for length in [0, 1, 126, 127, 128, 254, 255, 300, 20_000] {
        let value = "v".repeat(length);
        let mut block = Vec::new();
        encode_literal(b"name", value.as_bytes(), &mut block);
        let mut decoder = Decoder::new(Role::Requests);
        assert_eq!(decode(&mut decoder, &block), Ok(fields(&[("name", &value)])));
        assert!(decoder.entries.is_empty());
    }
}
