//! One task that is called, and the proof that it was the one which answered.
//!
//! An address out of DNS may belong to somebody else by now (moby/moby#41744, #26733), so a request
//! says which service it is meant for, and a response counts only from that service.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, StatusCode, Uri};
use protocol::headers::{FROM, TO};
use protocol::service::Service;

use crate::fault::Fault;
use crate::http::{read, send};

/// Who is expected to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Any task of swarm-pong.
    Any,
    /// A task of this service.
    Service(Service),
    /// A task of this service, or a server that does not say what it is, such as a player of the
    /// original game of 2016.
    ServiceOrUnnamed(Service),
}

impl Peer {
    /// Returns the name of the service, as logs and metrics have it; `task` for any.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.service() {
            Some(service) => service.name(),
            None => "task",
        }
    }

    const fn service(self) -> Option<Service> {
        match self {
            Self::Any => None,
            Self::Service(service) | Self::ServiceOrUnnamed(service) => Some(service),
        }
    }
}

impl From<Service> for Peer {
    fn from(service: Service) -> Self {
        Self::Service(service)
    }
}

/// A task's address, the URI of its root, and who is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub address: SocketAddr,
    /// `http://ADDRESS/`; without the zone of a link-local IPv6 address, which no URI can name.
    uri: Uri,
    /// The same address, as a header.
    host: HeaderValue,
    peer: Peer,
}

impl Endpoint {
    /// Returns the endpoint at an address.
    ///
    /// # Panics
    ///
    /// Never: every address is a valid host and port.
    #[must_use]
    pub fn new(address: SocketAddr, peer: Peer) -> Self {
        let zoneless = SocketAddr::new(address.ip(), address.port());
        let uri = format!("http://{zoneless}/").try_into().expect("an address is valid in a URI");
        let host = zoneless.to_string().try_into().expect("an address is valid in a header");
        Self { address, uri, host, peer }
    }

    /// Asks for a document by its path, and a query if there is one; returns the response, with a body yet
    /// to be read, if it is from who was expected.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::forward`].
    pub async fn get(&self, path: &str, query: Option<&str>) -> Result<Response<Incoming>, Fault> {
        let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let target = target.try_into().map_err(|_| Fault::Protocol)?;
        self.forward(Method::GET, target, HeaderMap::with_capacity(2)).await
    }

    /// Asks for a stroke; returns the response with a body of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::forward`] and [`read`].
    pub async fn stroke(&self, limit: usize) -> Result<Response<Bytes>, Fault> {
        let headers = HeaderMap::with_capacity(2);
        let mut response = self.call(Method::GET, self.uri.clone(), headers).await?;
        let headers = std::mem::take(response.headers_mut());
        let mut stroke = Response::new(read(response, limit).await?);
        *stroke.headers_mut() = headers;
        Ok(stroke)
    }

    /// Asks who is there, by a request that costs a service nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::forward`].
    pub async fn greet(&self) -> Result<(), Fault> {
        self.call(Method::OPTIONS, self.uri.clone(), HeaderMap::with_capacity(2)).await.map(drop)
    }

    /// Passes on a request without a body; returns the response, with a body yet to be read, if it is
    /// from who was expected. `target` is its path, and its query if it has one.
    ///
    /// # Errors
    ///
    /// [`Fault::WrongService`] when somebody else answered, [`Fault::Status`] when the server
    /// answered without asking its service, and whatever else went wrong.
    pub async fn forward(
        &self,
        method: Method,
        target: PathAndQuery,
        headers: HeaderMap,
    ) -> Result<Response<Incoming>, Fault> {
        let mut uri = self.uri.clone().into_parts();
        uri.path_and_query = Some(target);
        let uri = Uri::from_parts(uri).map_err(|_| Fault::Protocol)?;
        self.call(method, uri, headers).await
    }

    async fn call(
        &self,
        method: Method,
        uri: Uri,
        mut headers: HeaderMap,
    ) -> Result<Response<Incoming>, Fault> {
        headers.insert(HOST, self.host.clone());
        if let Some(service) = self.peer.service() {
            headers.insert(TO, HeaderValue::from_static(service.name()));
        }
        let mut request = Request::new(Empty::new());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let response = send(request).await?;
        let from = response.headers().get(FROM).map(HeaderValue::as_bytes);
        self.check_sender(from, response.status())?;
        Ok(response)
    }

    fn check_sender(&self, from: Option<&[u8]>, status: StatusCode) -> Result<(), Fault> {
        let expected = match (self.peer, from) {
            (Peer::Any, from) => from.is_some(),
            (Peer::ServiceOrUnnamed(_), None) => true,
            (Peer::Service(_), None) => false,
            (Peer::Service(service) | Peer::ServiceOrUnnamed(service), Some(from)) => {
                from == service.name().as_bytes()
            }
        };
        // A server answers a request by itself that it could not read in time, or not at all.
        let by_itself =
            status.is_server_error() || matches!(status.as_u16(), 400 | 408 | 413 | 414 | 431);
        match from {
            _ if expected => Ok(()),
            None if by_itself => Err(Fault::Status(status)),
            _ => Err(Fault::WrongService),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_address_is_a_uri(address: SocketAddr) {
            let uri = Endpoint::new(address, Peer::Any).uri;
            let host = uri.host().expect("a host").trim_matches(['[', ']']);
            prop_assert_eq!(host.parse(), Ok(address.ip()));
            prop_assert_eq!(uri.port_u16(), Some(address.port()));
            prop_assert_eq!(uri.path(), "/");
        }
    }

    #[test]
    fn an_answer_counts_only_from_who_was_meant() {
        let ok = StatusCode::OK;
        let late = StatusCode::REQUEST_TIMEOUT;
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        let wrong = Err(Fault::WrongService);
        let ping = Peer::Service(Service::Ping);
        let original = Peer::ServiceOrUnnamed(Service::Ping);
        for (peer, from, status, checked) in [
            (ping, Some("ping"), ok, Ok(())),
            (ping, Some("ping"), busy, Ok(())),
            (ping, Some("pong"), ok, wrong),
            (ping, Some("pong"), StatusCode::MISDIRECTED_REQUEST, wrong),
            (ping, None, ok, wrong),
            (ping, None, late, Err(Fault::Status(late))),
            (ping, None, busy, Err(Fault::Status(busy))),
            (original, None, ok, Ok(())),
            (original, Some("pong"), ok, wrong),
            (Peer::Any, Some("light"), ok, Ok(())),
            (Peer::Any, None, ok, wrong),
        ] {
            let endpoint = Endpoint::new(([10, 0, 9, 4], 3000).into(), peer);
            let found = endpoint.check_sender(from.map(str::as_bytes), status);
            assert_eq!(found, checked, "{peer:?} {from:?} {status}");
        }
    }
}
