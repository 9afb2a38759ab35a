//! The manifests in `kubernetes/base` are the services of `stack.yml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::stack::{stack, text};
use super::swarm::ROOT;

/// Returns the objects of a manifest by their kinds.
fn objects(file: &str) -> BTreeMap<String, Value> {
    let text = text(file);
    let parse = |object| serde_saphyr::from_str(object).unwrap_or_else(|e| panic!("{file}: {e}"));
    let objects = text.split("\n---\n").map(parse);
    objects.map(|object: Value| (object["kind"].as_str().expect("a kind").into(), object)).collect()
}

/// Returns every service: its name, that of the stack, and the objects of its manifest.
fn services() -> Vec<(String, Value, BTreeMap<String, Value>)> {
    let Value::Object(services) = stack(&[])["services"].take() else { panic!("no services") };
    let with_objects = |(name, service): (String, Value)| {
        let objects = objects(&format!("kubernetes/base/{name}.yaml"));
        (name, service, objects)
    };
    services.into_iter().map(with_objects).collect()
}

fn workload(objects: &BTreeMap<String, Value>) -> &Value {
    objects.get("Deployment").or(objects.get("DaemonSet")).expect("a workload")
}

/// Returns an environment with the names that Kubernetes gives services and tasks.
fn environment(of_stack: &Value) -> BTreeMap<String, Value> {
    // Which ports there are, and how they are published, is Swarm's own.
    let of_swarm = ["PONG_PUBLISHED", "PONG_PUBLISH", "PONG_VIP"];
    let set = of_stack.as_object().expect("an environment").iter();
    set.filter(|(name, _)| !of_swarm.contains(&name.as_str()))
        .map(|(name, value)| {
            let field = |path: &str| json!({ "fieldRef": { "fieldPath": path } });
            let value = match name.as_str() {
                "PONG_NODE" | "PONG_NODE_ID" => field("spec.nodeName"),
                "PONG_TASK" => field("metadata.name"),
                _ => plain(value).replace("tasks.", "").into(),
            };
            (name.clone(), value)
        })
        .collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn the_pods_are_the_tasks_of_the_stack() {
    for (name, service, objects) in services() {
        let workload = workload(&objects);
        let pod = &workload["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert_eq!(container["image"], service["image"], "{name}");
        assert_eq!(container["args"], service["command"], "{name}");
        let variables = container["env"].as_array().expect("an environment").iter();
        let mut set: BTreeMap<String, Value> = variables
            .map(|variable| {
                let value = variable.get("value").unwrap_or(&variable["valueFrom"]);
                (plain(&variable["name"]), value.clone())
            })
            .collect();
        // The default has Swarm's names.
        let targets = set.remove("PONG_TASK_TARGETS");
        assert_eq!(targets.is_some(), name == "scoreboard", "{name}");
        assert_eq!(set, environment(&service["environment"]), "{name}");

        let security = &container["securityContext"];
        assert_eq!(security["readOnlyRootFilesystem"], service["read_only"], "{name}");
        assert_eq!(security["capabilities"]["drop"], service["cap_drop"], "{name}");
        let user = service["user"].as_str().unwrap_or("65534:65534").split(':').next();
        assert_eq!(user, Some(plain(&pod["securityContext"]["runAsUser"]).as_str()), "{name}");
        let seconds = plain(&pod["terminationGracePeriodSeconds"]) + "s";
        assert_eq!(service["stop_grace_period"], seconds, "{name}");
        let memory = |of: &Value| plain(&of["memory"]).trim_end_matches('i').to_owned();
        let resources = &service["deploy"]["resources"];
        assert_eq!(memory(&container["resources"]["limits"]), memory(&resources["limits"]));
        let requested = memory(&container["resources"]["requests"]);
        assert_eq!(requested, memory(&resources["reservations"]), "{name}");
        let host_port = &container["ports"][0]["hostPort"];
        let published = service["ports"][0]["published"].as_str().map(str::to_owned);
        let published =
            published.or(service["ports"][0]["published"].as_u64().map(|n| n.to_string()));
        assert_eq!(host_port.as_u64().map(|port| port.to_string()), published, "{name}");
        check_volumes(&name, &service, pod);
    }
}

/// Checks that what the stack mounts is mounted from the same places.
fn check_volumes(name: &str, service: &Value, pod: &Value) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mounts = list(&pod["containers"][0]["volumeMounts"]);
    let volumes = list(&service["volumes"]);
    assert_eq!(mounts.len(), volumes.len(), "{name}");
    for (mount, volume) in mounts.iter().zip(volumes) {
        assert_eq!(mount["mountPath"], volume["target"], "{name}");
        let of_pod = list(&pod["volumes"]);
        let from = of_pod.iter().find(|of| of["name"] == mount["name"]).expect("a volume");
        if volume["type"] == "bind" {
            assert_eq!(from["hostPath"]["path"], volume["source"], "{name}");
        }
    }
}

#[test]
fn replicas_updates_and_names_are_those_of_the_stack() {
    for (name, service, objects) in services() {
        let workload = workload(&objects);
        let is_global = service["deploy"]["mode"] == "global";
        assert_eq!(workload["kind"], if is_global { "DaemonSet" } else { "Deployment" });
        let spec = &workload["spec"];
        if is_global {
            assert_eq!(service["deploy"]["update_config"]["order"], "stop-first", "{name}");
        } else {
            assert_eq!(plain(&spec["replicas"]), plain(&service["deploy"]["replicas"]), "{name}");
            let start_first = json!({ "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } });
            assert_eq!(spec["strategy"], start_first, "{name}");
            let budget = &objects["PodDisruptionBudget"];
            assert_eq!(budget["spec"]["selector"], spec["selector"], "{name}");
        }
        let service = &objects["Service"];
        assert_eq!(service["metadata"]["name"], name);
        assert_eq!(service["spec"]["clusterIP"], "None", "{name}");
        assert_eq!(service["spec"]["publishNotReadyAddresses"], true, "{name}");
        assert_eq!(service["spec"]["selector"], spec["selector"]["matchLabels"], "{name}");
        assert_eq!(spec["template"]["metadata"]["labels"], spec["selector"]["matchLabels"]);
    }
}

#[test]
fn scoreboards_ask_every_service_who_its_tasks_are() {
    let scoreboard = &objects("kubernetes/base/scoreboard.yaml")["Deployment"].to_string();
    for (name, ..) in services() {
        assert!(scoreboard.contains(&format!("{name}:3001")), "{name}");
    }
}

/// A Service `pong` would set `PONG_PORT` in every pod.
#[test]
fn no_pod_is_told_of_services_or_given_a_token() {
    let mut pods = Vec::new();
    for (name, _, objects) in services() {
        pods.push((name, workload(&objects)["spec"]["template"]["spec"].clone()));
    }
    pods.push(("pod".into(), objects("kubernetes/light/pod.yaml")["Pod"]["spec"].clone()));
    let deployment = &objects("kubernetes/light/deployment.yaml")["Deployment"];
    pods.push(("deployment".into(), deployment["spec"]["template"]["spec"].clone()));
    assert_eq!(pods[6].1, pods[7].1, "the same light, alone");
    for (name, pod) in pods {
        assert_eq!(pod["enableServiceLinks"], false, "{name}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
    }
}

#[test]
fn every_manifest_is_part_of_the_base() {
    let kustomization: Value =
        serde_saphyr::from_str(&text("kubernetes/base/kustomization.yaml")).expect("YAML");
    let listed = kustomization["resources"].as_array().expect("resources");
    let files = fs::read_dir(Path::new(ROOT).join("kubernetes/base")).expect("a folder");
    assert_eq!(files.count(), listed.len() + 1);
    for (name, ..) in services() {
        assert!(listed.contains(&format!("{name}.yaml").into()), "{name}");
    }
}
