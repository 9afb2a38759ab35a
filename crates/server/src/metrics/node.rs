//! Nodes as labels.
//!
//! A node is two labels, its name and its id, as Docker's own metrics have it: names are what people
//! read, and two nodes with one name are two series. Without an id there is no label for it.

use protocol::node::{Node, NodeRef};

/// Labels of a series, by name.
pub type Labels = Vec<(&'static str, String)>;

/// Returns the labels of a node.
#[must_use]
pub fn node_labels(name: &'static str, id: &'static str, node: &Node) -> Labels {
    let id = node.id.as_ref().map(|value| (id, value.to_string()));
    [(name, node.name.to_string())].into_iter().chain(id).collect()
}

/// Returns the labels of a path: `from_node` and `to_node`, each with its id.
#[must_use]
pub fn node_pair_labels(from: &Node, to: &NodeRef) -> Labels {
    let mut labels = node_labels("from_node", "from_node_id", from);
    match to {
        NodeRef::Node(node) => labels.extend(node_labels("to_node", "to_node_id", node)),
        NodeRef::Address(address) => labels.push(("to_node", address.to_string())),
    }
    labels
}
