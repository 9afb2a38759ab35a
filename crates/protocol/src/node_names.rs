//! What nodes are called where people read it: by name, and by as much of the id as makes distinct
//! those that share one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::event::{RallyResult, Stroke};
use crate::name::Name;
use crate::node::{Node, NodeRef};
use crate::node_trouble::TroubledNode;
use crate::path::{PathList, PathStatus};
use crate::port::{Port, PortStatus};
use crate::snapshot::{
    AwayNode, PlayedStroke, PlayerShare, RecentRally, ShareView, ShownStroke, TaskView,
};
use crate::task::Task;
use crate::timeline::{Timeline, TimelineEntry, TimelineEvent};

/// The nodes among which names are to be distinct.
#[derive(Clone, Debug, Default)]
pub struct NodeNames(HashMap<Name, BTreeSet<Option<Name>>>);

impl NodeNames {
    /// Adds the nodes in something.
    pub fn add(&mut self, nodes: &mut impl HasNodes) {
        nodes.for_each_node(&mut |node| {
            self.0.entry(node.name.clone()).or_default().insert(node.id.clone());
        });
    }

    /// Shortens the ids in something to what makes each node distinct: to nothing, if no other node
    /// has its name. Distinct nodes stay distinct.
    pub fn shorten(&self, nodes: &mut impl HasNodes) {
        nodes.for_each_node(&mut |node| node.id = self.short_id(node));
    }

    fn short_id(&self, node: &Node) -> Option<Name> {
        let id = node.id.as_ref()?;
        let others = self.0.get(&node.name).into_iter().flatten();
        let others = others.filter(|other| other.as_ref() != Some(id));
        // Names are ASCII.
        let shared = |other: &Option<Name>| {
            let other = other.iter().flat_map(|other| other.as_str().bytes());
            id.as_str().bytes().zip(other).take_while(|(one, other)| one == other).count()
        };
        let length = others.map(shared).max()? + 1;
        Some(Name::from_any(&id.as_str()[..length.min(id.as_str().len())]))
    }
}

/// What has nodes in it.
pub trait HasNodes {
    /// Calls a function with each node.
    fn for_each_node(&mut self, each: &mut impl FnMut(&mut Node));
}

impl HasNodes for Node {
    fn for_each_node(&mut self, each: &mut impl FnMut(&mut Self)) {
        each(self);
    }
}

impl HasNodes for NodeRef {
    fn for_each_node(&mut self, each: &mut impl FnMut(&mut Node)) {
        if let Self::Node(node) = self {
            each(node);
        }
    }
}

impl<T: HasNodes> HasNodes for Option<T> {
    fn for_each_node(&mut self, each: &mut impl FnMut(&mut Node)) {
        self.iter_mut().for_each(|item| item.for_each_node(each));
    }
}

impl<K, T: HasNodes> HasNodes for BTreeMap<K, T> {
    fn for_each_node(&mut self, each: &mut impl FnMut(&mut Node)) {
        self.values_mut().for_each(|item| item.for_each_node(each));
    }
}

impl<T: HasNodes> HasNodes for Vec<T> {
    fn for_each_node(&mut self, each: &mut impl FnMut(&mut Node)) {
        self.iter_mut().for_each(|item| item.for_each_node(each));
    }
}

/// Implements [`HasNodes`] for a type by those of its fields that have nodes in them.
macro_rules! has_nodes {
    ($($type:ty: $($($field:ident).+),+;)+) => {
        $(impl HasNodes for $type {
            fn for_each_node(&mut self, each: &mut impl FnMut(&mut Node)) {
                $(self.$($field).+.for_each_node(each);)+
            }
        })+
    };
}

has_nodes! {
    Task: node;
    Stroke: player, manager, proxy;
    RallyResult: manager, proxy;
    TaskView: task.task;
    PlayerShare: player;
    ShownStroke: player, manager, proxy;
    PlayedStroke: player;
    RecentRally: result, played;
    ShareView: players;
    PathStatus: from, to;
    TroubledNode: node;
    Port: node;
    PortStatus: from, port, answered, unreached;
    PathList: scoreboard, troubles, ports, paths;
    AwayNode: node;
    TimelineEntry: event;
    Timeline: scoreboard, entries;
}

impl HasNodes for TimelineEvent {
    fn for_each_node(&mut self, each: &mut impl FnMut(&mut Node)) {
        match self {
            Self::Joined(task) | Self::Replaced(task) | Self::Gone(task) => {
                each(&mut task.task.node)
            }
            Self::Moved { task, from } => {
                each(&mut task.task.node);
                each(from);
            }
            Self::Lost { node } | Self::Left { node } | Self::Back { node } => each(node),
            Self::Path { from, to, .. } => {
                each(from);
                to.for_each_node(each);
            }
            Self::Port { from, port, .. } => {
                each(from);
                port.for_each_node(each);
            }
            Self::Release { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn shown(nodes: &[Node]) -> Vec<String> {
        let mut nodes = nodes.to_vec();
        let mut names = NodeNames::default();
        names.add(&mut nodes);
        names.shorten(&mut nodes);
        nodes.iter().map(Node::to_string).collect()
    }

    #[test]
    fn a_name_that_one_node_has_is_shown_alone_and_others_with_as_much_of_the_id_as_it_takes() {
        let nodes = ["pi1/2kq4", "pi/2kq4", "pi/2kx9", "pi/7", "pi/72", "pi2"];
        let nodes = nodes.map(|node| node.parse().expect("a node"));
        assert_eq!(shown(&nodes), ["pi1", "pi/2kq", "pi/2kx", "pi/7", "pi/72", "pi2"]);
    }

    #[test]
    fn a_node_that_is_not_among_them_is_distinct_too() {
        let mut names = NodeNames::default();
        names.add(&mut "pi/2kq4".parse::<Node>().expect("a node"));
        let mut new: Node = "pi/2kx9".parse().expect("a node");
        names.shorten(&mut new);
        assert_eq!(new.to_string(), "pi/2kx");
    }

    fn node() -> impl Strategy<Value = Node> {
        ("[ab]", prop::option::of("[ab]{1,4}")).prop_map(|(name, id)| Node {
            name: name.parse().expect("a name"),
            id: id.map(|id| id.parse().expect("a name")),
        })
    }

    proptest! {
        #[test]
        fn distinct_nodes_are_shown_distinctly_and_as_briefly_as_possible(
            nodes in prop::collection::hash_set(node(), 1..12)
        ) {
            let nodes: Vec<Node> = nodes.into_iter().collect();
            let texts = shown(&nodes);
            let distinct: HashSet<_> = texts.iter().collect();
            prop_assert_eq!(distinct.len(), nodes.len(), "{:?}", &texts);
            for (node, text) in nodes.iter().zip(&texts) {
                let whole = node.to_string();
                prop_assert!(whole.starts_with(text.as_str()), "{} {}", whole, text);
                let mut shorter = text.clone();
                let fits = |other: &&Node| *other != node && other.name == node.name;
                if shorter.pop().is_some() && text.contains('/') {
                    let shorter = shorter.trim_end_matches('/');
                    let ambiguous =
                        nodes.iter().filter(fits).any(|other| other.to_string().starts_with(shorter));
                    prop_assert!(ambiguous, "{} could be {}: {:?}", text, shorter, &texts);
                }
            }
        }
    }
}
