//! Compresses responses for clients that want it, and leaves everything else alone.
//!
//! Short bodies of known length are compressed in one go and sent with their new length; others are compressed as
//! they pass, flushed whenever the app pauses, so that nothing is held back. What the app has encoded itself
//! (brotli, for instance) passes untouched. It must not know of sockets or of the app.

mod body;
mod eligibility;
mod encoders;
mod negotiation;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, IF_NONE_MATCH};
use http::{Method, Response, StatusCode, Version, response};
use http_body::Body;

pub use self::body::{Encoded, EncodedError};
use self::eligibility::Facts;
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
pub struct Wish {
    coding: Option<Coding>,
    knows_weak_tag: bool,
    head_only: bool,
}

impl Wish {
    /// The coding that the client likes best, if it wants any.
    pub fn coding(self) -> Option<Coding> {
        self.coding
    }
}

impl Compression {
    /// Reads a client's wish.
    ///
    /// HTTP/1.0 clients are sent no coding: without chunks, a stream of unknown length would end with the
    /// connection, and nobody could tell a whole answer from a broken one.
    pub fn wish(&self, method: &Method, version: Version, request: &HeaderMap) -> Wish {
        let transformable = self.enabled
            && version > Version::HTTP_10
            && !eligibility::has_directive(request, b"no-transform");
        let weak = |value: &HeaderValue| memchr::memmem::find(value.as_bytes(), b"W/").is_some();
        Wish {
            coding: transformable.then(|| negotiation::preferred(request)).flatten(),
            knows_weak_tag: request.get_all(IF_NONE_MATCH).iter().any(weak),
            head_only: *method == Method::HEAD,
        }
    }

    /// The response as this client is to have it.
    ///
    /// Waits for the whole body where it is short and of known length; all others are returned at once.
    ///
    /// # Errors
    /// If a short body ended too soon, or a codec found no memory.
    pub async fn apply<B>(
        self,
        wish: Wish,
        response: Response<B>,
    ) -> Result<Response<Encoded<B>>, EncodedError<B::Error>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (mut head, body) = response.into_parts();
        if !self.enabled {
            return Ok(Response::from_parts(head, Encoded::plain(body)));
        }
        let facts = Facts::of(&head.headers);
        mark_variant(&mut head, &facts, wish);
        // The answer to HEAD names the length that a GET would have had; its own body is empty.
        let length = facts
            .length
            .or_else(|| body.size_hint().exact().filter(|_| !wish.head_only));
        let Some(coding) = wish
            .coding
            .filter(|_| facts.are_eligible(head.status, length, self.shortest))
        else {
            return Ok(Response::from_parts(head, Encoded::plain(body)));
        };
        if wish.head_only {
            facts.encode_head(&mut head.headers, coding);
            return Ok(Response::from_parts(head, Encoded::plain(body)));
        }
        match length {
            Some(length) if length <= self.longest_whole => {
                Box::pin(compress_whole(coding, head, facts, body)).await
            }
            _ => {
                facts.encode_head(&mut head.headers, coding);
                let body = Encoded::stream(body, coding).map_err(EncodedError::Codec)?;
                Ok(Response::from_parts(head, body))
            }
        }
    }
}

/// Tells caches that there are variants, whichever this one is, and answers a revalidation with the validator that
/// the client knows.
fn mark_variant(head: &mut response::Parts, facts: &Facts, wish: Wish) {
    let not_modified = head.status == StatusCode::NOT_MODIFIED;
    if not_modified || facts.vary(head.status) {
        facts.add_vary(&mut head.headers);
    }
    if not_modified && wish.knows_weak_tag && wish.coding.is_some() {
        eligibility::weaken(&mut head.headers);
    }
}

async fn compress_whole<B>(
    coding: Coding,
    mut head: response::Parts,
    facts: Facts,
    body: B,
) -> Result<Response<Encoded<B>>, EncodedError<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (plain, trailers) = collect(body).await.map_err(EncodedError::Body)?;
    let compressed = encoders::whole(coding, &plain).map_err(EncodedError::Codec)?;
    let gains = compressed.len() < plain.len();
    let bytes = if gains {
        facts.encode_head(&mut head.headers, coding);
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

/// All of a body. The usual one comes in a single piece, which is not copied.
async fn collect<B>(mut body: B) -> Result<(Bytes, Option<HeaderMap>), B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let mut trailers = None;
    while let Some(frame) =
        std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await
    {
        match frame?.into_data() {
            Ok(data) if first.is_empty() => first = data,
            Ok(data) => {
                if more.is_empty() {
                    let room = body
                        .size_hint()
                        .exact()
                        .and_then(|left| usize::try_from(left).ok())
                        .unwrap_or(0);
                    more.reserve(first.len() + data.len() + room);
                    more.extend_from_slice(&first);
                }
                more.extend_from_slice(&data);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Ok((if more.is_empty() { first } else { more.freeze() }, trailers))
}

#[cfg(test)]
mod tests;
