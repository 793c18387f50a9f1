//! How long an answer may be kept. There are three ways, and no others.

/// An asset under its hashed address: its meaning never changes.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Pages and everything else that may change: keep it, but ask whether it is still true.
pub const REVALIDATE: &str = "no-cache";

/// Health and failures: true for the moment only.
pub const NEVER: &str = "no-store";
