//! Fields of requests and responses, one table each.

use super::*;

fn flaw(role: Role, part: Part, fields: &[(&str, &str)]) -> Option<Flaw> {
    let mut message = Message::new(role, part);
    for (name, value) in fields {
        message.field(Class::of(role, name.as_bytes(), value.as_bytes()));
    }
    message.flaw()
}

const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];

fn with(field: (&'static str, &'static str)) -> Option<Flaw> {
    let fields = [&GET[..], &[field]].concat();
    flaw(Role::Requests, Part::Head, &fields)
}

#[test]
fn ordinary_fields() {
    for field in [
        ("x-token_!#$%&'*+-.^`|~9", "a\tb \u{e9}"),
        ("te", "trailers"),
        ("content-length", "5"),
        ("x", ""),
    ] {
        assert_eq!(with(field), None, "{field:?}");
    }
    for (field, expected) in [
        (("", "1"), Flaw::Name),
        (("X-upper", "1"), Flaw::Name),
        (("a b", "1"), Flaw::Name),
        (("a:", "1"), Flaw::Name),
        (("a\u{e9}", "1"), Flaw::Name),
        (("a\0", "1"), Flaw::Name),
        (("x", "a\0b"), Flaw::Nul),
        (("x", "a\rb"), Flaw::ControlByte),
        (("x", "a\nb"), Flaw::ControlByte),
        (("x", "a\x7fb"), Flaw::ControlByte),
        (("x", "\x1f"), Flaw::ControlByte),
        (("x", " a"), Flaw::OuterSpace),
        (("x", "a\t"), Flaw::OuterSpace),
        (("connection", "close"), Flaw::ConnectionField),
        (("proxy-connection", "x"), Flaw::ConnectionField),
        (("keep-alive", "1"), Flaw::ConnectionField),
        (("transfer-encoding", "chunked"), Flaw::ConnectionField),
        (("upgrade", "x"), Flaw::ConnectionField),
        (("te", "gzip"), Flaw::ConnectionField),
        (("content-length", ""), Flaw::ContentLength),
        (("content-length", "+5"), Flaw::ContentLength),
        ((":status", "200"), Flaw::PseudoUnknown),
        ((":protocol", "websocket"), Flaw::PseudoUnknown),
        ((":", "x"), Flaw::PseudoUnknown),
        ((":path", "/"), Flaw::PseudoOrder),
    ] {
        assert_eq!(with(field), Some(expected), "{field:?}");
    }
    let spaced = [(":status", "200"), ("grpc-message", "no such thing: ")];
    assert_eq!(flaw(Role::Responses, Part::Head, &spaced), None);
}

#[test]
fn pseudo_fields_of_requests() {
    let changed = |index: usize, value: &'static str| {
        let mut fields = GET;
        fields[index].1 = value;
        flaw(Role::Requests, Part::Head, &fields)
    };
    for (index, value, expected) in [
        (0, "PURGE", None),
        (0, "", Some(Flaw::Method)),
        (0, "GE T", Some(Flaw::Method)),
        (0, "GET\n", Some(Flaw::Method)),
        (0, "CONNECT", Some(Flaw::PseudoUnknown)),
        (1, "", Some(Flaw::Authority)),
        (1, "ht:tp", Some(Flaw::Authority)),
        (1, "h2+x-1.0", None),
        (2, "*", None),
        (2, "/a?b=%20", None),
        (2, "/\u{e9}", None),
        (2, "", Some(Flaw::Path)),
        (2, "?a", None),
        (2, "a", Some(Flaw::Path)),
        (2, "**", Some(Flaw::Path)),
        (2, "/a b", Some(Flaw::Path)),
        (2, "/\0", Some(Flaw::Path)),
        (2, "/a#b", Some(Flaw::Fragment)),
        (3, "", Some(Flaw::Authority)),
        (3, "a b", Some(Flaw::Authority)),
    ] {
        assert_eq!(changed(index, value), expected, "{value:?}");
    }
    assert_eq!(
        Class::of(Role::Requests, b":path", b"/\xff"),
        Class::Malformed(Flaw::Path)
    );
    for missing in 0..3 {
        let mut fields = GET.to_vec();
        fields.remove(missing);
        assert_eq!(
            flaw(Role::Requests, Part::Head, &fields),
            Some(Flaw::PseudoMissing),
            "{missing}"
        );
    }
    assert_eq!(
        flaw(Role::Requests, Part::Head, &GET[..3]),
        None,
        "Host may do instead"
    );
    let connect = [(":method", "CONNECT"), (":authority", "a:1")];
    assert_eq!(flaw(Role::Requests, Part::Head, &connect), None);
    assert_eq!(
        flaw(Role::Requests, Part::Head, &connect[..1]),
        Some(Flaw::PseudoMissing)
    );
    let late = [&[("x", "1")], &GET[..]].concat();
    assert_eq!(flaw(Role::Requests, Part::Head, &late), Some(Flaw::PseudoOrder));
}

#[test]
fn responses_and_trailers() {
    for (status, expected) in [
        ("200", None),
        ("103", None),
        ("999", None),
        ("101", Some(Flaw::Status)),
        ("099", Some(Flaw::Status)),
        ("20", Some(Flaw::Status)),
        ("2000", Some(Flaw::Status)),
        ("2x0", Some(Flaw::Status)),
        ("", Some(Flaw::Status)),
    ] {
        assert_eq!(
            flaw(Role::Responses, Part::Head, &[(":status", status)]),
            expected,
            "{status}"
        );
    }
    assert_eq!(
        flaw(Role::Responses, Part::Head, &[("x", "1")]),
        Some(Flaw::PseudoMissing)
    );
    assert_eq!(
        flaw(Role::Responses, Part::Head, &[(":status", "200"), (":path", "/")]),
        Some(Flaw::PseudoUnknown)
    );
    for role in [Role::Requests, Role::Responses] {
        assert_eq!(flaw(role, Part::Trailers, &[("grpc-status", "0")]), None);
        assert_eq!(flaw(role, Part::Trailers, &[]), None);
        assert_eq!(
            flaw(role, Part::Trailers, &[("x", "a\nb")]),
            Some(Flaw::ControlByte)
        );
        assert_eq!(flaw(role, Part::Unknown, &[("x", "1")]), None);
        assert_eq!(
            flaw(role, Part::Unknown, &[("x", "a\nb")]),
            Some(Flaw::ControlByte)
        );
    }
    assert_eq!(
        flaw(Role::Responses, Part::Trailers, &[(":status", "200")]),
        Some(Flaw::PseudoUnknown)
    );
    assert_eq!(
        flaw(Role::Requests, Part::Trailers, &[(":path", "/")]),
        Some(Flaw::PseudoUnknown)
    );
}
