//! Every reason for which the proxy turns a request down before the app sees it.
//!
//! One status, one stable code and one sentence each, so that a log line, a metric and a failure page never disagree. It knows nothing of who
//! finds the fault (the wire scanner, the rules for parsed heads, a limit) or of how the answer is sent.

use http::StatusCode;

/// Why a request does not reach the app.
///
/// The codes are part of the access log's format: they are never renamed, only added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    // How bytes make lines.
    /// A line ended in LF without CR.
    BareLf,
    /// A CR stood inside a line.
    BareCr,
    /// A NUL byte stood in the head.
    Nul,
    /// Another control byte stood in the head.
    ControlByte,
    /// More than a few empty lines came before the request line.
    EmptyLines,

    // The request line.
    /// The request line is not `method SP target SP version`.
    RequestLine,
    /// The method is not a token.
    MethodSyntax,
    /// The version is not spelt `HTTP/d.d`.
    VersionSyntax,
    /// A version other than 1.0 and 1.1.
    Version,
    /// The target is longer than allowed.
    TargetTooLong,
    /// A byte that no request target holds.
    TargetByte,
    /// A percent sign that is not followed by two hexadecimal digits.
    TargetEscape,
    /// An escaped NUL.
    TargetNul,
    /// The target carries a fragment.
    TargetFragment,
    /// The target's form does not belong to the method.
    TargetForm,
    /// An absolute target with a scheme other than http and https, or without a usable authority.
    TargetAuthority,

    // Fields.
    /// A field line without a colon.
    FieldColon,
    /// A field name that is no token, or whitespace before the colon.
    FieldName,
    /// A field continued on the next line.
    FieldFolded,
    /// The head holds more bytes than allowed.
    HeadTooLarge,
    /// The head holds more fields than allowed.
    TooManyFields,

    // Framing.
    /// Content-Length that is not one plain number.
    ContentLength,
    /// More than one Content-Length.
    ContentLengthRepeated,
    /// Content-Length beside Transfer-Encoding.
    LengthAndCoding,
    /// Transfer-Encoding in an HTTP/1.0 request.
    CodingInHttp10,
    /// Transfer-Encoding other than `chunked`.
    Coding,
    /// A transfer coding that nobody registered.
    CodingUnknown,
    /// A field that some parsers take for a framing field.
    FramingDisguised,
    /// A chunk size that is no bounded hexadecimal number.
    ChunkSize,
    /// A chunk extension that is malformed or too long.
    ChunkExtension,
    /// Chunk data that is not followed by CRLF.
    ChunkEnd,
    /// Trailers that are too large or too many.
    TrailersTooLarge,

    // HTTP/2.
    /// A rule of HTTP/2 itself, after which the connection cannot go on.
    Http2,
    /// More requests were begun and cancelled than any client needs.
    Http2Resets,
    /// A field that belongs to one connection, which HTTP/2 forbids.
    ConnectionField,
    /// A Host that is not the `:authority`.
    HostDisagrees,

    // Meaning.
    /// No Host.
    HostMissing,
    /// More than one Host.
    HostRepeated,
    /// A Host that is no host with an optional port.
    HostSyntax,
    /// A method that this site does not serve.
    Method,
    /// An Expect other than `100-continue`.
    Expectation,
    /// A body that is declared, or grew, beyond the limit.
    BodyTooLarge,

    // Time and load.
    /// The head did not arrive in time.
    HeadTimeout,
    /// The body came more slowly than the lowest rate.
    BodyTimeout,
    /// This client sends too many requests.
    RateLimited,
    /// Too many requests are in flight.
    Overloaded,
    /// Too many connections are open.
    TooManyConnections,
}

impl Refusal {
    /// The status that the client is told.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::HeadTimeout | Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::RateLimited | Self::Http2Resets => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadTooLarge | Self::TooManyFields | Self::TrailersTooLarge => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            Self::CodingUnknown => StatusCode::NOT_IMPLEMENTED,
            Self::Overloaded | Self::TooManyConnections => StatusCode::SERVICE_UNAVAILABLE,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The stable code for logs and metrics.
    pub fn code(self) -> &'static str {
        self.entry().0
    }

    /// One sentence for the person who reads the failure page or the log.
    pub fn explanation(self) -> &'static str {
        self.entry().1
    }

    /// Whether the connection ends with the answer.
    ///
    /// True for everything after which the end of the message, or the good will of its sender, is uncertain;
    /// false where the request was well framed and merely not wanted.
    pub fn closes(self) -> bool {
        !matches!(self, Self::Method | Self::RateLimited | Self::Overloaded)
    }

    fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::BareLf => (
                "bare-lf",
                "A line of the request ended without a carriage return.",
            ),
            Self::BareCr => ("bare-cr", "A carriage return stood inside a line of the request."),
            Self::Nul => ("nul", "The request's head held a NUL byte."),
            Self::ControlByte => ("control-byte", "The request's head held a control byte."),
            Self::EmptyLines => ("empty-lines", "Too many empty lines came before the request."),
            Self::RequestLine => (
                "request-line",
                "The request line is not: method, target, version.",
            ),
            Self::MethodSyntax => ("method-syntax", "The request's method is not a word."),
            Self::VersionSyntax => ("version-syntax", "The request's protocol version is misspelt."),
            Self::Version => ("version", "This server speaks HTTP/1.1, HTTP/1.0 and HTTP/2."),
            Self::TargetTooLong => (
                "target-too-long",
                "The address is longer than this server accepts.",
            ),
            Self::TargetByte => (
                "target-byte",
                "The address holds a character that must be percent-encoded.",
            ),
            Self::TargetEscape => ("target-escape", "The address holds an unfinished percent-escape."),
            Self::TargetNul => ("target-nul", "The address holds an escaped NUL."),
            Self::TargetFragment => (
                "target-fragment",
                "The address holds a fragment, which is never sent.",
            ),
            Self::TargetForm => (
                "target-form",
                "The address has a form that this method does not take.",
            ),
            Self::TargetAuthority => (
                "target-authority",
                "The absolute address names no usable http host.",
            ),
            Self::FieldColon => ("field-colon", "A header line has no colon."),
            Self::FieldName => (
                "field-name",
                "A header's name holds a character that names do not have.",
            ),
            Self::FieldFolded => ("field-folded", "A header was continued on a second line."),
            Self::HeadTooLarge => (
                "head-too-large",
                "The request's headers are larger than accepted.",
            ),
            Self::TooManyFields => ("too-many-fields", "The request has more headers than accepted."),
            Self::ContentLength => ("content-length", "Content-Length is not one plain number."),
            Self::ContentLengthRepeated => ("content-length-repeated", "Content-Length was sent twice."),
            Self::LengthAndCoding => (
                "length-and-coding",
                "Content-Length and Transfer-Encoding were sent together.",
            ),
            Self::CodingInHttp10 => ("coding-in-http10", "HTTP/1.0 has no Transfer-Encoding."),
            Self::Coding => ("coding", "Transfer-Encoding is something else than chunked."),
            Self::CodingUnknown => ("coding-unknown", "This transfer coding is unknown here."),
            Self::FramingDisguised => (
                "framing-disguised",
                "A header looks like a disguised body length.",
            ),
            Self::ChunkSize => ("chunk-size", "A chunk's size is not a plain hexadecimal number."),
            Self::ChunkExtension => ("chunk-extension", "A chunk's extension is malformed or too long."),
            Self::ChunkEnd => ("chunk-end", "A chunk is longer or shorter than it claimed."),
            Self::TrailersTooLarge => (
                "trailers-too-large",
                "The request's trailers are larger than accepted.",
            ),
            Self::Http2 => ("http2", "The client broke a rule of HTTP/2 itself."),
            Self::Http2Resets => ("http2-resets", "Too many requests were begun and cancelled."),
            Self::ConnectionField => (
                "connection-field",
                "A header belongs to one connection, which HTTP/2 has no headers for.",
            ),
            Self::HostDisagrees => ("host-disagrees", "The request names two different hosts."),
            Self::HostMissing => ("host-missing", "The request names no host."),
            Self::HostRepeated => ("host-repeated", "The request names its host twice."),
            Self::HostSyntax => (
                "host-syntax",
                "The request's host is no host name with an optional port.",
            ),
            Self::Method => ("method", "This site does not serve that method."),
            Self::Expectation => ("expectation", "The only expectation met here is 100-continue."),
            Self::BodyTooLarge => ("body-too-large", "The request's body is larger than accepted."),
            Self::HeadTimeout => ("head-timeout", "The request's headers did not arrive in time."),
            Self::BodyTimeout => ("body-timeout", "The request's body arrived too slowly."),
            Self::RateLimited => ("rate-limited", "Too many requests came from this address."),
            Self::Overloaded => ("overloaded", "The site is busy; please try again in a moment."),
            Self::TooManyConnections => (
                "too-many-connections",
                "Too many connections are open; please try again in a moment.",
            ),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.explanation())
    }
}

impl std::error::Error for Refusal {}
