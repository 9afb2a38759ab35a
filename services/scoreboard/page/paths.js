// The paths between nodes: one row per node that asks, one column per node that answers.
import { byId, byName, element, reconcile, setText } from "./dom.js";

const MAX_NODES = 16;

const time = (value) => (value == null ? "–" : value < 10 ? value.toFixed(2) : value.toFixed(0));

// Returns the nodes at one end of the paths; of too many, those with problems are shown first.
function ends(paths, end) {
  const bad = new Set(paths.filter((path) => path.state !== "ok").map((path) => path[end]));
  const all = [...new Set(paths.map((path) => path[end]))].sort(byName);
  const worstFirst = [...all.filter((node) => bad.has(node)), ...all.filter((node) => !bad.has(node))];
  return { all, shown: worstFirst.slice(0, MAX_NODES).sort(byName) };
}

export function showPaths(paths) {
  const [from, to] = [ends(paths, "from"), ends(paths, "to")];
  const byEnds = new Map(paths.map((path) => [`${path.from} ${path.to}`, path]));
  const count = Math.max(from.all.length, to.all.length);
  byId("path-more").hidden = count <= MAX_NODES;
  setText(byId("path-more"), `${MAX_NODES} of ${count} nodes, those with problems first. All: swarm-pong paths ${location.origin}`);

  reconcile(byId("path-heads"), ["heads"], String, () => element("tr"), (row) => {
    reconcile(row, ["", ...to.shown], String, (node) => {
      const head = element(node ? "th" : "td", "", node);
      if (node) head.scope = "col";
      return head;
    }, () => {});
  });
  reconcile(byId("path-rows"), from.shown.length ? from.shown : [""], String, () => element("tr"), (row, node) => {
    if (!node) return setText(row, "No measurements in the last minute.");
    reconcile(row, ["", ...to.shown], String, (other) => {
      if (other) return element("td");
      const head = element("th", "", node);
      head.scope = "row";
      return head;
    }, (cell, other) => {
      if (other) showPath(cell, byEnds.get(`${node} ${other}`));
    });
  });
}

function problem({ state, cause, strokes }) {
  switch (state) {
    case "broken": return `✕ ${cause?.replaceAll("_", " ") ?? "broken"}`;
    case "faults": return `✕ ${strokes?.faults} ${strokes?.faults === 1 ? "fault" : "faults"}`;
    case "slow": return "▲ slow";
    default: return `? ${state}`;
  }
}

function showPath(cell, path) {
  cell.className = path?.state ?? "";
  const lines = [["b", time(path?.probes?.median)]];
  if (path?.probes) lines.push(["small", `p99 ${time(path.probes.p99)}`]);
  if (path?.strokes) lines.push(["i", `stroke ${time(path.strokes.median)}`]);
  if (path && path.state !== "ok") lines.push(["strong", problem(path)]);
  reconcile(cell, lines, (line) => line[0], (line) => element(line[0]), (target, line) => setText(target, line[1]));
}
