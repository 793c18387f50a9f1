//! Reasons for which the proxy rejects a request: status, stable code and one sentence each.

use http::StatusCode;

/// Why a request does not reach the app.
///
/// The codes are part of the access log's format: they are never renamed, only added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectReason {
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
    /// A header line without a colon.
    FieldColon,
    /// A header name that is no token, or whitespace before the colon.
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
    /// A field that some parsers take for a framing header.
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
    /// A value that begins or ends with a space, which HTTP/2 forbids.
    FieldSpace,
    /// A pseudo-header that is missing, unknown, repeated or in the wrong place.
    PseudoField,
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
    /// This proxy forwarded the request before.
    ForwardingLoop,
}

impl RejectReason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Self; Self::ForwardingLoop as usize + 1] = [
        Self::BareLf,
        Self::BareCr,
        Self::Nul,
        Self::ControlByte,
        Self::EmptyLines,
        Self::RequestLine,
        Self::MethodSyntax,
        Self::VersionSyntax,
        Self::Version,
        Self::TargetTooLong,
        Self::TargetByte,
        Self::TargetEscape,
        Self::TargetNul,
        Self::TargetFragment,
        Self::TargetForm,
        Self::TargetAuthority,
        Self::FieldColon,
        Self::FieldName,
        Self::FieldFolded,
        Self::HeadTooLarge,
        Self::TooManyFields,
        Self::ContentLength,
        Self::ContentLengthRepeated,
        Self::LengthAndCoding,
        Self::CodingInHttp10,
        Self::Coding,
        Self::CodingUnknown,
        Self::FramingDisguised,
        Self::ChunkSize,
        Self::ChunkExtension,
        Self::ChunkEnd,
        Self::TrailersTooLarge,
        Self::Http2,
        Self::Http2Resets,
        Self::ConnectionField,
        Self::FieldSpace,
        Self::PseudoField,
        Self::HostDisagrees,
        Self::HostMissing,
        Self::HostRepeated,
        Self::HostSyntax,
        Self::Method,
        Self::Expectation,
        Self::BodyTooLarge,
        Self::HeadTimeout,
        Self::BodyTimeout,
        Self::RateLimited,
        Self::Overloaded,
        Self::TooManyConnections,
        Self::ForwardingLoop,
    ];

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
            Self::ForwardingLoop => StatusCode::LOOP_DETECTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The stable code for logs and metrics.
    pub fn code(self) -> &'static str {
        self.entry().0
    }

    /// One sentence for the person who reads the error page or the log.
    pub fn explanation(self) -> &'static str {
        self.entry().1
    }

    /// Whether the connection ends with the response.
    ///
    /// True for everything after which the end of the message, or the good will of its sender, is uncertain;
    /// false where the request was well framed and merely not wanted.
    pub fn closes(self) -> bool {
        !matches!(
            self,
            Self::Method | Self::RateLimited | Self::Overloaded | Self::ForwardingLoop
        )
    }

    fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::BareLf => ("bare-lf", "A line of the request ends without CR."),
            Self::BareCr => ("bare-cr", "CR inside a line of the request."),
            Self::Nul => ("nul", "NUL byte in the request headers."),
            Self::ControlByte => ("control-byte", "Control byte in the request headers."),
            Self::EmptyLines => ("empty-lines", "Too many empty lines before the request."),
            Self::RequestLine => ("request-line", "Invalid request line."),
            Self::MethodSyntax => ("method-syntax", "Invalid method."),
            Self::VersionSyntax => ("version-syntax", "Invalid HTTP version."),
            Self::Version => (
                "version",
                "Unsupported HTTP version; use HTTP/1.1, HTTP/1.0 or HTTP/2.",
            ),
            Self::TargetTooLong => ("target-too-long", "The URL is too long."),
            Self::TargetByte => (
                "target-byte",
                "The URL has a character that must be percent-encoded.",
            ),
            Self::TargetEscape => ("target-escape", "Invalid percent-encoding in the URL."),
            Self::TargetNul => ("target-nul", "Encoded NUL in the URL."),
            Self::TargetFragment => ("target-fragment", "The URL has a fragment."),
            Self::TargetForm => (
                "target-form",
                "The request target has the wrong form for this method.",
            ),
            Self::TargetAuthority => ("target-authority", "The absolute URL has no valid http host."),
            Self::FieldColon => ("field-colon", "A header line has no colon."),
            Self::FieldName => ("field-name", "Invalid header name."),
            Self::FieldFolded => ("field-folded", "A header continues on a second line."),
            Self::HeadTooLarge => ("head-too-large", "The request headers are too large."),
            Self::TooManyFields => ("too-many-fields", "The request has too many headers."),
            Self::ContentLength => ("content-length", "Invalid Content-Length."),
            Self::ContentLengthRepeated => ("content-length-repeated", "Duplicate Content-Length."),
            Self::LengthAndCoding => ("length-and-coding", "Both Content-Length and Transfer-Encoding."),
            Self::CodingInHttp10 => ("coding-in-http10", "Transfer-Encoding in an HTTP/1.0 request."),
            Self::Coding => ("coding", "Transfer-Encoding other than chunked."),
            Self::CodingUnknown => ("coding-unknown", "Unknown transfer coding."),
            Self::FramingDisguised => (
                "framing-disguised",
                "A header looks like Content-Length or Transfer-Encoding.",
            ),
            Self::ChunkSize => ("chunk-size", "Invalid chunk size."),
            Self::ChunkExtension => ("chunk-extension", "Invalid or too long chunk extension."),
            Self::ChunkEnd => ("chunk-end", "Chunk data does not match its size."),
            Self::TrailersTooLarge => ("trailers-too-large", "The request trailers are too large."),
            Self::Http2 => ("http2", "HTTP/2 protocol error."),
            Self::Http2Resets => ("http2-resets", "Too many cancelled requests."),
            Self::ConnectionField => (
                "connection-field",
                "Connection-specific header in an HTTP/2 request.",
            ),
            Self::FieldSpace => ("field-space", "A header value begins or ends with whitespace."),
            Self::PseudoField => (
                "pseudo-field",
                "Missing, unknown, repeated or misplaced pseudo-header.",
            ),
            Self::HostDisagrees => ("host-disagrees", "Host and :authority differ."),
            Self::HostMissing => ("host-missing", "Missing Host header."),
            Self::HostRepeated => ("host-repeated", "Duplicate Host header."),
            Self::HostSyntax => ("host-syntax", "Invalid Host header."),
            Self::Method => ("method", "Method not allowed."),
            Self::Expectation => (
                "expectation",
                "Unsupported expectation; only 100-continue is supported.",
            ),
            Self::BodyTooLarge => ("body-too-large", "The request body is too large."),
            Self::HeadTimeout => ("head-timeout", "The request headers did not arrive in time."),
            Self::BodyTimeout => ("body-timeout", "The request body arrived too slowly."),
            Self::RateLimited => ("rate-limited", "Too many requests from this address."),
            Self::Overloaded => ("overloaded", "The site is busy. Please try again in a moment."),
            Self::TooManyConnections => (
                "too-many-connections",
                "Too many connections. Please try again in a moment.",
            ),
            Self::ForwardingLoop => ("forwarding-loop", "The request came back to its own proxy."),
        }
    }
}

impl std::fmt::Display for RejectReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.explanation())
    }
}

impl std::error::Error for RejectReason {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn reasons_are_in_order_with_unique_codes() {
        for (place, refusal) in RejectReason::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, place, "{refusal:?}");
        }
        let codes: HashSet<_> = RejectReason::ALL.into_iter().map(RejectReason::code).collect();
        assert_eq!(codes.len(), RejectReason::ALL.len());
    }
}
