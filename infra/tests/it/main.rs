//! Integration tests of `infra`: one binary, so that it links once.

// The printed docker-compose.yml, against the file in the repository.
mod compose;
// The grammar: what `--help` says, and how misuse is answered.
mod grammar;
