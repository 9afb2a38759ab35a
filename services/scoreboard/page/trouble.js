// What is wrong, in one sentence each: the bar above everything, the worst first.
import { byId, element, reconcile, setText } from "./dom.js";

// More do not fit into the first screen of a phone.
const MAX_SENTENCES = 10;
// More paths than this are told of by node.
const MAX_SINGLE_PATHS = 3;
const CAUSES = {
  no_dns: "not in DNS", stale_dns: "stale DNS", lost: "not heard any more",
  unreachable: "no route", timeout: "nothing comes back", large_packets: "large packets lost",
};

export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
export const causeText = (cause) => CAUSES[cause] ?? cause?.replaceAll("_", " ") ?? "unknown cause";

export const portText = ({ from, port: { node, address }, cause }) =>
  `${from} → port ${address}${node ? ` of ${node}` : ""}: ${causeText(cause)}`;

// Returns the paths that are not ok, with their ends.
export function badPaths({ from, to, cells }) {
  const all = from.flatMap((one) => to.map((other) => ({ from: one, to: other, ...cells[`${one} ${other}`] })));
  return all.filter(({ state }) => state && state !== "ok");
}

// Splits paths into those of a node that has many of them, and the rest.
function byNode(paths) {
  const groups = [];
  while (paths.length > MAX_SINGLE_PATHS) {
    const counts = new Map();
    for (const { from, to } of paths) for (const node of new Set([from, to])) counts.set(node, (counts.get(node) ?? 0) + 1);
    const [node, count] = [...counts].reduce((most, next) => (next[1] > most[1] ? next : most));
    if (count < 3) break;
    const isOf = ({ from, to }) => from === node || to === node;
    groups.push({ node, paths: paths.filter(isOf) });
    paths = paths.filter((path) => !isOf(path));
  }
  return { groups, rest: paths };
}

function pathTroubles(paths, state, level, describe) {
  const { groups, rest } = byNode(paths.filter((path) => path.state === state));
  const since = (paths) => Math.min(...paths.map((path) => path.since ?? Infinity));
  const word = { faults: "with faults", loss: "loses packets" }[state] ?? state;
  const what = (paths) => [...new Set(paths.map(describe))].slice(0, 2).join(" or ");
  return [
    ...groups.map(({ node, paths }) => ({
      kind: state, level, key: node, nodes: [node], since: since(paths),
      text: `${node}: ${paths.length} paths ${word}: ${what(paths)}`,
    })),
    ...rest.map((path) => ({
      kind: state, level, key: `${path.from} ${path.to}`, nodes: [path.from, path.to], since: since([path]),
      text: `${path.from} → ${path.to} ${word}: ${describe(path)}`,
    })),
  ];
}

function nodeTrouble({ node, trouble, addresses, seconds }) {
  switch (trouble) {
    case "shared_name":
      return `several nodes are called ${node}, with proxies at ${addresses.join(", ")}: their paths are not told apart; give each a --node-id`;
    case "clock_off":
      return `${node}: its clock is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} most others`;
    case "no_prober":
      return `${node}: tasks run there and no proxy is heard, so its paths are not measured`;
    default:
      return `${node}: ${trouble}`;
  }
}

// Returns all that is wrong.
export function findTroubles({ missing, troubles, away, paths, ports }) {
  const bad = badPaths(paths);
  const isKnown = (node) => away.some((one) => one.node === node && one.is_lost);
  return [
    ...missing.map((service) => ({
      kind: "missing", level: "bad", key: service, nodes: [], service,
      text: `no ${service === "manager" ? "managers" : `${service} players`}: start some with `,
    })),
    ...away.filter((one) => one.is_lost).map(({ node, at }) => ({
      kind: "lost", level: "bad", key: node, nodes: [node], text: `${node}: no tasks, last seen ${clock(at)}`,
    })),
    ...troubles.map((one) => ({
      kind: "trouble", level: "bad", key: `${one.node} ${one.trouble}`, nodes: [one.node], text: nodeTrouble(one),
    })),
    // Of a node that is lost, that is said.
    ...pathTroubles(bad.filter(({ from, to }) => !isKnown(from) && !isKnown(to)), "broken", "bad", ({ cause }) => causeText(cause)),
    ...pathTroubles(bad, "loss", "bad", ({ loss }) => `${loss} %`),
    ...(ports?.broken ?? []).map((one) => ({
      kind: "port", level: "bad", key: portText(one), nodes: [one.from], since: one.since, text: portText(one),
    })),
    ...pathTroubles(bad, "faults", "warn", ({ faults }) => `${faults} ${faults === 1 ? "stroke" : "strokes"} unanswered in the last minute`),
    ...pathTroubles(bad, "slow", "warn", () => "far slower than the others"),
    ...away.filter((one) => !one.is_lost).map(({ node, at }) => ({
      kind: "left", level: "warn", key: node, nodes: [node], text: `${node}: no tasks since ${clock(at)}, stopped in order`,
    })),
  ];
}

function lasting(since) {
  if (!Number.isFinite(since)) return "";
  const seconds = Math.max(0, (Date.now() - since) / 1000);
  const [value, unit] = seconds < 5400 ? [seconds / 60, "min"] : [seconds / 3600, "h"];
  return value < 1 ? "" : `, for ${Math.floor(value)} ${unit}`;
}

// Shows troubles; `well` is what is said when there are none.
export function showBar(troubles, well) {
  const bar = byId("bar");
  bar.className = troubles.some(({ level }) => level === "bad") ? "bad" : troubles.length ? "warn" : "well";
  const shown = troubles.length ? troubles.slice(0, MAX_SENTENCES) : [{ kind: "well", key: "", level: "well", text: well }];
  const more = troubles.length - shown.length;
  if (more > 0) shown.push({ kind: "more", key: "", level: "warn", text: `and ${more} more, below` });
  reconcile(byId("sentences"), shown, ({ kind, key }) => `${kind} ${key}`, create, (item, { level, text, since, service }) => {
    item.className = level;
    setText(item.querySelector("span"), text);
    // No reason to be read out again.
    setText(item.querySelector("time"), service ? "" : lasting(since));
  });
}

function create({ kind, service }) {
  const item = element("li");
  item.dataset.kind = kind;
  item.append(element("span"));
  if (service) {
    item.append(
      element("code", "", `docker service scale pong_${service}=2`), " (stack) or ",
      element("code", "", `docker service scale ${service}=2`), " (plain services) or ",
      element("code", "", `swarm-pong ${service === "manager" ? service : `player --side ${service}`}`),
    );
  }
  const time = element("time");
  time.setAttribute("aria-hidden", "true");
  item.append(time);
  return item;
}
