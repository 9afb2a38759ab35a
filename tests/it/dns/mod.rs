//! Discovery against real DNS: the real binary asks the system's resolver, which asks a server of
//! the test's own. Each test has a network of its own, in which that server has port 53.

mod cluster;
mod dead_addresses;
mod disagreement;
mod failures;
mod lookups;
mod scale;
