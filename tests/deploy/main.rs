//! `stack.yml`, `overlay-net.sh` and `Dockerfile` say the same, and the script is careful.

#![cfg(unix)]

mod flags;
mod image;
mod same;
mod script;
mod stack;
mod swarm;
