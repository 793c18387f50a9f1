//! The cloud side of the tool, with the real SDK client over real sockets.

// What people ask day after day: status, logs, releases, pipelines.
mod daily;
// Destructions: order and consent.
mod destroying;
// Deployments that fail, and what is said of it.
mod failing;
// A CloudFormation that takes a step per look.
mod formation;
// Ctrl-C, once and twice.
mod interrupting;
// A region where nothing of ours is.
mod nothing_there;
// The program without AWS, and killed in the middle.
mod program;
// Whole sessions, as a person reads them.
mod sessions;
// A sign-in that is over, or never was.
mod signing_in;
// What runs a session and writes it down.
mod stage;
// Stacks that are stuck, and the way out of it.
mod stuck;
// All of AWS but CloudFormation, as a test lays it out.
mod world;
// The server that speaks AWS' protocols.
mod wire;
