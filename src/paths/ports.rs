//! The published ports and virtual addresses as a table.

use protocol::path::PathList;
use protocol::port::{PortProblem, PortStatus};
use protocol::probe::ProbeFailure;

use super::columns::{Head, align, paint};
use super::history::time;

const HEADS: [Head; 5] =
    [("FROM", false), ("PORT", false), ("STATE", false), ("SINCE", false), ("ANSWERED BY", false)];

/// Returns a line that says how many ports are checked and broken.
pub(super) fn count(list: &PathList) -> String {
    let Some(ports) = &list.ports else {
        return "published ports: not configured, see proxy --published\n".to_owned();
    };
    let broken = match list.broken_ports().count() {
        0 => "none".to_owned(),
        broken => broken.to_string(),
    };
    format!("published ports: {} checked, {broken} broken\n", ports.len())
}

/// Renders the ports, the broken ones first; an empty text if there are none.
pub(super) fn table(list: &PathList, color: bool) -> String {
    let mut ports: Vec<&PortStatus> = list.ports.iter().flatten().collect();
    ports.sort_by_key(|port| (port.cause.is_none(), !port.is_stale));
    if ports.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = ports.iter().map(|port| cells(port)).collect();
    let mut text = String::new();
    for (n, line) in align(HEADS, &rows).into_iter().enumerate() {
        let port = n.checked_sub(1).map(|n| ports[n]);
        let color = port.filter(|_| color).and_then(|port| match port.cause {
            Some(_) => Some(91),
            None => port.is_stale.then_some(2),
        });
        text.push_str(&paint(&line, color));
    }
    format!("\n{text}")
}

fn cells(port: &PortStatus) -> [String; 5] {
    let state = match port.cause {
        Some(cause) => format!("BROKEN {cause}"),
        None if port.is_stale => "stale".to_owned(),
        None => "ok".to_owned(),
    };
    let nodes = |nodes: &[protocol::node::Node]| {
        nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let answered = match (nodes(&port.answered), nodes(&port.unreached)) {
        (answered, _) if answered.is_empty() => "-".to_owned(),
        (answered, unreached) if unreached.is_empty() => answered,
        (answered, unreached) => format!("{answered}, not {unreached}"),
    };
    let since = port.since.map_or_else(|| "-".to_owned(), time);
    [port.from.to_string(), port.port.to_string(), state, since, answered]
}

/// Returns what the causes mean, and what to do.
pub(super) fn remedies(list: &PathList) -> String {
    let mut causes: Vec<PortProblem> = list.broken_ports().filter_map(|port| port.cause).collect();
    causes.sort_unstable();
    causes.dedup();
    let remedies = causes.into_iter().map(|cause| format!("\nport {cause}: {}\n", remedy(cause)));
    remedies.collect()
}

/// Returns what a cause means, and what to check and do, the most likely first. `docs/paths.md` says how
/// to prove each.
const fn remedy(cause: PortProblem) -> &'static str {
    match cause {
        PortProblem::Failed(ProbeFailure::Refused) => {
            "the node answers, but nothing listens at the port
  - is it published there? docker service inspect --format '{{json .Endpoint.Ports}}' pong_proxy
  - docker service ps pong_proxy: a host port needs the proxy of that node"
        }
        PortProblem::Failed(ProbeFailure::NoDns) => {
            "the FROM node's DNS does not know the name
  - docker service inspect --format '{{json .Endpoint.VirtualIPs}}' pong_proxy: has it a virtual address?
  - restart the FROM node's tasks: docker service update --force SERVICE"
        }
        PortProblem::Failed(ProbeFailure::WrongService) => {
            "something answers there that is not a proxy
  - what has the port on that node? ss -ltnp
  - is the address another machine's by now? docker node inspect --format '{{.Status.Addr}}' NODE"
        }
        PortProblem::Failed(_) => {
            "the proxies reach each other, but from the FROM node nothing comes back from the port
  - open the TCP port in the firewall of the port's node, also for the addresses of the other nodes
  - iptables -t nat -S on that node: the rules of DOCKER or DOCKER-INGRESS must name the port; if not: systemctl restart docker
  - with ingress: UDP port 4789 and TCP and UDP port 7946 must be open between all nodes"
        }
        PortProblem::WrongNode => {
            "the proxy of another node answers
  - have two machines this address? ip neigh on the FROM node
  - if the port is published with mode ingress: proxy --publish ingress"
        }
        PortProblem::SomeFail => {
            "some connections get an answer, others do not: one of the tasks behind the port is dead, or not reached
  - from the FROM node for a virtual address, from the port's node for ingress: is one of the paths broken, above?
  - docker service update --force pong_proxy gives all of them new addresses; if it stays so: systemctl restart docker on that node"
        }
        PortProblem::Unreached => {
            "the proxies of some nodes answer probes and never answer here: the node's load balancer does not know them
  - docker service update --force pong_proxy gives all of them new addresses
  - if it stays so: systemctl restart docker on the FROM node"
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::path::FORMAT;

    use super::*;

    fn list(ports: &str) -> PathList {
        let json = format!(
            r#"{{"format":{FORMAT},"scoreboard":{{"task":"scoreboard.1","node":"pi1"}},"nodes":3,"pairs":6,
            "measured":6,"broken":0,"lossy":0,"troubles":[],"paths":[],"ports":{ports}}}"#
        );
        serde_json::from_str(&json).expect("paths")
    }

    #[test]
    fn broken_ports_come_first_with_since_when_who_answers_and_what_to_do() {
        let list = list(
            r#"[{"from":"pi1","is_stale":false,"port":{"kind":"published","node":"pi2","address":"10.99.0.2:3000"},
                "cause":null,"answered":["pi2"]},
            {"from":"pi1","is_stale":false,"port":{"kind":"virtual","address":"proxy:3000"},"cause":"unreached",
                "answered":["pi1","pi2"],"unreached":["pi3"],"since":1764170090000},
            {"from":"pi2","is_stale":true,"port":{"kind":"published","address":"[fd00::4]:80"},"cause":null,
                "answered":[]}]"#,
        );
        assert_eq!(count(&list), "published ports: 3 checked, 1 broken\n");
        insta::assert_snapshot!(table(&list, false).trim_start(), @r"
        FROM  PORT                  STATE             SINCE                 ANSWERED BY
        pi1   proxy:3000 (VIP)      BROKEN unreached  2025-11-26T15:14:50Z  pi1, pi2, not pi3
        pi2   [fd00::4]:80          stale             -                     -
        pi1   10.99.0.2:3000 (pi2)  ok                -                     pi2
        ");
        let first = remedies(&list).lines().nth(1).map(str::to_owned).unwrap_or_default();
        assert!(first.starts_with("port unreached: the proxies of some nodes"), "{first}");
        assert!(table(&list, true).contains("\x1b[91mpi1   proxy:3000"));
        assert_eq!(table(&self::list("[]"), true) + &remedies(&self::list("null")), "");
    }

    #[test]
    fn each_cause_has_a_remedy_of_its_own_or_that_of_silence() {
        for cause in PortProblem::all() {
            assert!(remedy(cause).contains("\n  - "), "{cause}");
        }
    }
}
