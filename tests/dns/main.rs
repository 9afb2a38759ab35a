//! Discovery against real DNS: the real binary asks the system's resolver, which asks a server of
//! the test's own. Each test has a network of its own, in which that server has port 53.

#[path = "../support/alone.rs"]
mod alone;
#[path = "../support/dns.rs"]
mod dns;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod cluster;
mod dead;
mod scale;
mod trouble;
