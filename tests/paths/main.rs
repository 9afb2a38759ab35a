//! The knock-up of real processes: every path measured, each trouble named by its cause and cleared
//! when it is over, and nothing that a peer says does harm.

#![cfg(unix)]

#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod cluster;
mod command;
mod hostile;
mod named;
mod peer;
mod whole;
