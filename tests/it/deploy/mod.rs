//! `stack.yml`, `overlay-net.sh`, `kubernetes/` and `Dockerfile` agree, the script is careful, and the other stacks
//! are fit for a Pi.

mod by_hand;
mod flags;
mod image;
mod kubernetes;
mod other_stacks;
mod plain_services;
#[cfg(unix)]
mod release;
mod script;
mod stack;
mod swarm;
mod systemd;
