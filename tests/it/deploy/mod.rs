//! `stack.yml`, `overlay-net.sh` and `Dockerfile` agree, the script is careful, and the other stacks
//! are fit for a Pi.

mod flags;
mod image;
mod other_stacks;
mod plain_services;
mod script;
mod stack;
mod swarm;
mod systemd;
