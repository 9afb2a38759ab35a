// The paths between nodes: one row per node that asks, one column per node that answers.
import { byId, element, reconcile, setText } from "./dom.js";

const time = (value) => (value == null ? "–" : value < 10 ? value.toFixed(2) : value.toFixed(0));

export function showPaths({ nodes, from, to, cells }) {
  const shown = Math.max(from.length, to.length);
  byId("path-more").hidden = nodes <= shown;
  setText(byId("path-more"), `${shown} of ${nodes} nodes, those with problems first. All: swarm-pong paths ${location.origin}`);

  reconcile(byId("path-heads"), ["heads"], String, () => element("tr"), (row) => {
    reconcile(row, ["", ...to], String, (node) => {
      const head = element(node ? "th" : "td", "", node);
      if (node) head.scope = "col";
      return head;
    }, () => {});
  });
  reconcile(byId("path-rows"), from.length ? from : [""], String, () => element("tr"), (row, node) => {
    if (!node) return setText(row, "No measurements in the last minute.");
    reconcile(row, ["", ...to], String, (other) => {
      if (other) return element("td");
      const head = element("th", "", node);
      head.scope = "row";
      return head;
    }, (cell, other) => {
      if (other) showPath(cell, cells[`${node} ${other}`]);
    });
  });
}

function problem({ state, cause, faults, loss }) {
  switch (state) {
    case "broken": return `✕ ${cause?.replaceAll("_", " ") ?? "broken"}`;
    case "loss": return `✕ ${loss}% lost`;
    case "faults": return `✕ ${faults} ${faults === 1 ? "fault" : "faults"}`;
    case "slow": return "▲ slow";
    default: return `? ${state}`;
  }
}

function showPath(cell, path) {
  cell.className = path?.state ?? "";
  const lines = [["b", time(path?.median)]];
  if (path?.p99 != null) lines.push(["small", `p99 ${time(path.p99)}`]);
  if (path?.stroke != null) lines.push(["i", `stroke ${time(path.stroke)}`]);
  if (path && path.state !== "ok") lines.push(["strong", problem(path)]);
  reconcile(cell, lines, (line) => line[0], (line) => element(line[0]), (target, line) => setText(target, line[1]));
}
