//! The services together, in this process, over real sockets on ports of their own.

#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod chances;
mod crowd;
mod door;
mod facts;
mod faults;
mod feed;
mod game;
mod gone;
mod reach;
mod spread;
mod stop;
mod stranger;
mod stream;
mod table;
