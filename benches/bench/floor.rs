//! The floor under every stroke: a bare TCP echo of as many bytes, on one connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

/// About the bytes of a stroke's request, and of its answer.
const BYTES: usize = 160;

/// Returns how long each of `count` echoes took, in microseconds.
pub(crate) fn echoes(count: usize) -> Vec<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let echo = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("a connection");
        connection.set_nodelay(true).expect("no delay");
        let mut bytes = [0; BYTES];
        while connection.read_exact(&mut bytes).is_ok() {
            connection.write_all(&bytes).expect("echoed");
        }
    });
    let mut connection = TcpStream::connect(address).expect("connected");
    connection.set_nodelay(true).expect("no delay");
    let mut bytes = [0; BYTES];
    let times = (0..count)
        .map(|_| {
            let begun = Instant::now();
            connection.write_all(&bytes).expect("sent");
            connection.read_exact(&mut bytes).expect("echoed");
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    drop(connection);
    echo.join().expect("the echo ends with its connection");
    times
}
