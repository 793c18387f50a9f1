//! Requests that parsers disagree about. What a load balancer would call dangerous must not reach the app, and what
//! it would call ambiguous must not keep its connection.

// A model of the way from bytes to an admitted head, and AWS's opinion about the same bytes.
mod judges;
// The probes over real sockets.
mod live;
// The probes against the rules alone.
mod model;
// Raw requests and what is expected of them, read from a file.
mod probes;
// Whatever the bytes and however they are cut.
mod properties;
