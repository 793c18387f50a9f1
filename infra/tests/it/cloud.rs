//! The cloud side of the tool, with the real SDK client over real sockets.

// A CloudFormation that takes a step per look.
mod formation;
// The program without AWS, and killed in the middle.
mod program;
// Whole sessions, as a person reads them.
mod sessions;
// What runs a session and writes it down.
mod stage;
// Stacks that are stuck, and the way out of it.
mod stuck;
// The server that speaks AWS' protocols.
mod wire;
