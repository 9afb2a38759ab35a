//! The services together, in this process, over real sockets on ports of their own.

#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod facts;
mod faults;
mod feed;
mod game;
mod stranger;
mod table;
