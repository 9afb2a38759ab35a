//! A resolver between a container and Docker's: it leaves an address out of each answer.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Child;

use crate::proxies::Proxy;
use crate::swarm::cluster_command;

/// Where it listens in the container's network.
const LISTENS: &str = "127.0.0.1:5353";

/// A lying resolver for a proxy; the truth is back once it is stopped.
pub(crate) struct LyingDns<'a> {
    proxy: &'a Proxy,
    process: Child,
}

/// Returns the rule that leads a container's lookups to the liar.
fn rule(change: &str) -> String {
    format!(
        "'-t nat {change} OUTPUT -d 127.0.0.11 -p udp --dport 53 -j DNAT --to-destination {LISTENS}'"
    )
}

impl<'a> LyingDns<'a> {
    /// Has a proxy's lookups answered without an address.
    pub(crate) async fn start(proxy: &'a Proxy, without: &str) -> Self {
        // Docker's resolver listens on another port, to which Docker's own rule leads.
        let rules = proxy.iptables("'-t nat -S DOCKER_OUTPUT'").await;
        let port = rules.lines().filter(|rule| rule.contains("-p udp")).find_map(|rule| {
            rule.split_once("--to-destination ").map(|(_, to)| to.trim().to_owned())
        });
        let port = port.expect("Docker's rule for its resolver");
        let program = std::env::current_exe().expect("this program");
        let program = program.to_str().expect("a plain path");
        let lie = ["enter", proxy.node, &proxy.pid, program, "lie", &port, without];
        let mut command = cluster_command(&lie);
        let process = command.kill_on_drop(true).stdin(Stdio::piped()).spawn().expect("the liar");
        proxy.iptables(&rule("-I")).await;
        Self { proxy, process }
    }

    /// Has the proxy hear the truth again.
    pub(crate) async fn stop(mut self) {
        self.proxy.iptables(&rule("-D")).await;
        // It ends with its input.
        drop(self.process.stdin.take());
        self.process.wait().await.expect("it ends");
    }
}

/// Answers lookups with what a DNS answers, without an address, until its input ends.
pub(crate) fn serve(dns: &str, without: &str) {
    let input = std::thread::spawn(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    let without: Ipv4Addr = without.parse().expect("an address");
    let asked = UdpSocket::bind(LISTENS).expect("a free port");
    let second = Some(Duration::from_secs(1));
    asked.set_read_timeout(second).expect("a timeout");
    let mut buffer = [0; 1500];
    while !input.is_finished() {
        let Ok((length, from)) = asked.recv_from(&mut buffer) else { continue };
        let asking = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        asking.set_read_timeout(second).expect("a timeout");
        asking.send_to(&buffer[..length], dns).expect("it listens");
        if let Ok(length) = asking.recv(&mut buffer) {
            let _ = asked.send_to(&leave_out(&buffer[..length], without), from);
        }
    }
}

/// Returns an answer (RFC 1035, section 4.1) without the records that are an address.
fn leave_out(answer: &[u8], without: Ipv4Addr) -> Vec<u8> {
    let number = |at: usize| usize::from(u16::from_be_bytes([answer[at], answer[at + 1]]));
    let after_name = |mut at: usize| loop {
        match answer[at] {
            0 => return at + 1,
            label if label >= 0xc0 => return at + 2,
            label => at += 1 + usize::from(label),
        }
    };
    let mut at = 12;
    for _ in 0..number(4) {
        at = after_name(at) + 4;
    }
    let mut kept = answer[..at].to_vec();
    let mut count = 0_u16;
    for _ in 0..number(6) {
        let name = after_name(at);
        let end = name + 10 + number(name + 8);
        if answer[name + 10..end] != without.octets() {
            kept.extend(&answer[at..end]);
            count += 1;
        }
        at = end;
    }
    kept.extend(&answer[at..]);
    kept[6..8].copy_from_slice(&count.to_be_bytes());
    kept
}
