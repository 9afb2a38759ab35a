//! `stack.yml`, `overlay-net.sh` and `Dockerfile` say the same, the script is careful, and what is
//! deployed beside the match is fit for a Pi.

#![cfg(unix)]

mod beside;
mod flags;
mod image;
mod same;
mod script;
mod stack;
mod swarm;
