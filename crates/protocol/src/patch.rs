//! JSON merge patches (RFC 7396): what turns one JSON object into another.

use serde_json::{Map, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

/// Returns the patch that turns one object into another, which must not contain null: in a patch,
/// null removes.
#[must_use]
pub fn diff(before: &Object, after: &Object) -> Object {
    let removed = before.keys().filter(|name| !after.contains_key(*name));
    let removed = removed.map(|name| (name.clone(), Value::Null));
    let changed = after.iter().filter_map(|(name, value)| {
        let change = match (before.get(name), value) {
            (Some(before), _) if before == value => return None,
            (Some(Value::Object(before)), Value::Object(after)) => {
                Value::Object(diff(before, after))
            }
            _ => value.clone(),
        };
        Some((name.clone(), change))
    });
    removed.chain(changed).collect()
}

/// Applies a patch to an object.
pub fn apply(target: &mut Object, patch: Object) {
    for (name, change) in patch {
        match (change, target.get_mut(&name)) {
            (Value::Null, _) => drop(target.remove(&name)),
            (Value::Object(patch), Some(Value::Object(target))) => apply(target, patch),
            (Value::Object(patch), _) => {
                let mut created = Object::new();
                apply(&mut created, patch);
                target.insert(name, created.into());
            }
            (value, _) => drop(target.insert(name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else { panic!("an object") };
        object
    }

    /// Any object without null, of few names, so that two have some in common.
    fn objects() -> impl Strategy<Value = Object> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            prop::collection::vec(0..3, 0..3).prop_map(Value::from),
        ];
        let names = prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
        let value = leaf.prop_recursive(4, 32, 3, move |inner| {
            let entries = prop::collection::btree_map(names.clone(), inner, 0..4);
            entries.prop_map(|entries| entries.into_iter().collect::<Object>().into())
        });
        value.prop_filter_map("an object", |value| value.as_object().cloned())
    }

    #[test]
    fn patches_are_applied_as_in_the_appendix_of_the_rfc() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"a": ["b"]}), json!({"a": {"c": 1}}), json!({"a": {"c": 1}})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut target = object(target);
            apply(&mut target, object(patch));
            assert_eq!(Value::from(target), result);
        }
    }

    #[test]
    fn a_patch_has_only_what_differs() {
        let before = object(json!({"a": {"b": 1, "c": {"d": 2}, "e": 3}, "f": [1]}));
        let after = object(json!({"a": {"b": 1, "c": {"d": 4}}, "f": [1], "g": 5}));
        let patch = json!({"a": {"c": {"d": 4}, "e": null}, "g": 5});
        assert_eq!(Value::from(diff(&before, &after)), patch);
        assert_eq!(diff(&after, &after), Object::new());
    }

    proptest! {
        #[test]
        fn patches_applied_in_order_lead_to_the_last_state(states in prop::collection::vec(objects(), 1..6)) {
            let mut state = states[0].clone();
            for two in states.windows(2) {
                apply(&mut state, diff(&two[0], &two[1]));
                prop_assert_eq!(&state, &two[1]);
            }
        }
    }
}
