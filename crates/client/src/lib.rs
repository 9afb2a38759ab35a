//! Calling other services.
//!
//! | concept | module |
//! |---|---|
//! | the addresses that an option takes | [`targets`] |
//! | looking names up, and keeping endpoints up to date with DNS | [`resolver`], [`discovery`] |
//! | the live tasks of a service, and whose turn it is | [`endpoints`], [`backoff`] |
//! | one task, and the proof that it was the one which answered | [`endpoint`] |
//! | one future for each endpoint | `for_each`: [`Endpoints::for_each`](endpoints::Endpoints::for_each) |
//! | calling a task, and what may go wrong | [`http`], [`fetch`], [`fault`] |
//! | how long to wait for it | `latency`, `own_time` |
//! | subscribing to feeds | [`feed`], [`sse`] |
//! | which rally is shown, for lamps and page alike | [`showcase`] |

pub mod backoff;
pub mod discovery;
pub mod endpoint;
pub mod endpoints;
pub mod fault;
pub mod feed;
pub mod fetch;
mod for_each;
pub mod http;
mod latency;
mod own_time;
pub mod resolver;
pub mod rounds;
pub mod showcase;
pub mod sse;
pub mod targets;
