//! Size limits of a request head, for HTTP/1 and HTTP/2 alike.

/// Bytes of a request head; beyond it 431.
pub(crate) const HEAD_LIMIT: usize = 32 * 1024;
/// Headers of a request; beyond it 431.
pub(crate) const FIELD_LIMIT: usize = 100;
/// Bytes of a request target; beyond it 414.
pub(crate) const TARGET_LIMIT: usize = 16 * 1024;
