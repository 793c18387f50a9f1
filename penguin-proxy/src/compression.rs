//! Response compression for clients that accept it.
//!
//! Short bodies of known length are compressed in one go and sent with their new length. Others are compressed as a
//! stream and flushed whenever the app pauses. Responses that the app has encoded itself pass unchanged. No I/O.

mod body;
mod eligibility;
mod encoders;
mod negotiation;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, IF_NONE_MATCH};
use http::{Method, Response, StatusCode, Version, response};
use http_body::Body;

pub use self::body::{Encoded, EncodedError};
use self::eligibility::ResponseTraits;
pub use self::negotiation::Coding;

/// What an operator decides about compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression {
    /// Whether anything is compressed at all.
    pub enabled: bool,
    /// Bodies of fewer bytes are left alone: they would not gain a packet.
    pub shortest: u64,
    /// Bodies of at most so many bytes are compressed in one go, before the head is sent.
    pub longest_whole: u64,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            enabled: true,
            shortest: 1_000,
            longest_whole: 64 * 1024,
        }
    }
}

/// What a request says about the coding of its response; taken before the request is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedCoding {
    coding: Option<Coding>,
    knows_weak_tag: bool,
    head_only: bool,
}

impl AcceptedCoding {
    /// The coding that the client likes best, if it wants any.
    pub fn coding(self) -> Option<Coding> {
        self.coding
    }
}

impl Compression {
    /// Returns the coding that the client prefers.
    ///
    /// HTTP/1.0 clients are sent no coding: without chunks, a stream of unknown length would end with the
    /// connection, and nobody could tell a whole response from a broken one.
    pub fn negotiate(&self, method: &Method, version: Version, request: &HeaderMap) -> AcceptedCoding {
        let transformable = self.enabled
            && version > Version::HTTP_10
            && !eligibility::has_directive(request, b"no-transform");
        let weak = |value: &HeaderValue| memchr::memmem::find(value.as_bytes(), b"W/").is_some();
        AcceptedCoding {
            coding: transformable.then(|| negotiation::preferred(request)).flatten(),
            knows_weak_tag: request.get_all(IF_NONE_MATCH).iter().any(weak),
            head_only: *method == Method::HEAD,
        }
    }

    /// The response as this client is to have it.
    ///
    /// Waits for the whole body where it is short and of known length, until `timeout` is over; all others are returned at
    /// once.
    ///
    /// # Errors
    /// If a short body ended too soon, or a codec found no memory.
    pub async fn apply<B>(
        self,
        accepted: AcceptedCoding,
        response: Response<B>,
        timeout: impl Future<Output = ()>,
    ) -> Result<Response<Encoded<B>>, EncodedError<B::Error>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (mut head, body) = response.into_parts();
        if !self.enabled {
            return Ok(Response::from_parts(head, Encoded::plain(body)));
        }
        let traits = ResponseTraits::of(&head.headers);
        mark_variant(&mut head, &traits, accepted);
        // The response to HEAD names the length that a GET would have had; its own body is empty.
        let length = traits
            .length
            .or_else(|| body.size_hint().exact().filter(|_| !accepted.head_only));
        let Some(coding) = accepted
            .coding
            .filter(|_| traits.are_eligible(head.status, length, self.shortest))
        else {
            return Ok(Response::from_parts(head, Encoded::plain(body)));
        };
        if accepted.head_only {
            traits.encode_head(&mut head.headers, coding);
            return Ok(Response::from_parts(head, Encoded::plain(body)));
        }
        match length {
            Some(length) if length <= self.longest_whole => {
                Box::pin(compress_whole(coding, head, traits, body, timeout)).await
            }
            _ => {
                traits.encode_head(&mut head.headers, coding);
                let body = Encoded::stream(body, coding, &[]).map_err(EncodedError::Codec)?;
                Ok(Response::from_parts(head, body))
            }
        }
    }
}

/// Tells caches that there are variants, whichever this one is, and answers a revalidation with the validator that
/// the client knows.
fn mark_variant(head: &mut response::Parts, traits: &ResponseTraits, accepted: AcceptedCoding) {
    let not_modified = head.status == StatusCode::NOT_MODIFIED;
    if not_modified || traits.vary(head.status) {
        traits.add_vary(&mut head.headers);
    }
    if not_modified && accepted.knows_weak_tag && accepted.coding.is_some() {
        eligibility::weaken(&mut head.headers);
    }
}

async fn compress_whole<B>(
    coding: Coding,
    mut head: response::Parts,
    traits: ResponseTraits,
    mut body: B,
    timeout: impl Future<Output = ()>,
) -> Result<Response<Encoded<B>>, EncodedError<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut collected = Collected::default();
    let mut timeout = pin!(timeout);
    let whole = poll_fn(|cx| match collected.poll(&mut body, cx) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map(|()| true)),
        // The client is told what is known: the app dawdles.
        Poll::Pending => timeout.as_mut().poll(cx).map(|()| Ok(false)),
    })
    .await
    .map_err(EncodedError::Body)?;
    let Collected { trailers, .. } = &mut collected;
    let trailers = trailers.take();
    let plain = collected.bytes();
    if !whole {
        traits.encode_head(&mut head.headers, coding);
        let body = Encoded::stream(body, coding, &plain).map_err(EncodedError::Codec)?;
        return Ok(Response::from_parts(head, body));
    }
    let compressed = encoders::whole(coding, &plain).map_err(EncodedError::Codec)?;
    let gains = compressed.len() < plain.len();
    let bytes = if gains {
        traits.encode_head(&mut head.headers, coding);
        compressed
    } else {
        plain
    };
    if trailers.is_some() {
        // Trailers travel in chunks, and chunks have no length up front.
        head.headers.remove(CONTENT_LENGTH);
    } else {
        head.headers
            .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
    Ok(Response::from_parts(head, Encoded::whole(bytes, trailers)))
}

/// What has come of a body. The usual one comes in a single piece, which is not copied.
#[derive(Default)]
struct Collected {
    first: Bytes,
    more: BytesMut,
    trailers: Option<HeaderMap>,
}

impl Collected {
    /// Takes pieces until the body ends.
    fn poll<B>(&mut self, body: &mut B, cx: &mut Context<'_>) -> Poll<Result<(), B::Error>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) {
            match frame?.into_data() {
                Ok(data) if self.first.is_empty() => self.first = data,
                Ok(data) => {
                    if self.more.is_empty() {
                        let left = body.size_hint().exact();
                        let room = left.and_then(|left| usize::try_from(left).ok()).unwrap_or(0);
                        self.more.reserve(self.first.len() + data.len() + room);
                        self.more.extend_from_slice(&self.first);
                    }
                    self.more.extend_from_slice(&data);
                }
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn bytes(self) -> Bytes {
        if self.more.is_empty() {
            self.first
        } else {
            self.more.freeze()
        }
    }
}

#[cfg(test)]
mod tests;
