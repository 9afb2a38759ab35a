// What happened and when, the newest first.
import { announce, byId, element, reconcile, setText, taskName } from "./dom.js";
import { causeText, clock, portText } from "./trouble.js";

function text(entry) {
  const { kind, node, from, to, cause, service, release, before, end } = entry;
  const task = entry.task && taskName(entry);
  switch (kind) {
    case "joined": return `${task} joined`;
    case "replaced": return `${task} replaced${release ? `, release ${release}` : ""}`;
    case "moved": return `${task} moved here from ${from}`;
    case "gone": return `${task} is gone`;
    case "lost": return `${node} lost: its last task is gone`;
    case "left": return `${node} left: no tasks any more`;
    case "back": return `${node} is back`;
    case "release": return `${service}: release ${before} → ${release}`;
    case "path": return cause === "loss" ? `${from} → ${to} ${end ? `lost packets until ${clock(end)}` : "loses packets"}` : `${from} → ${to} ${end ? `was broken until ${clock(end)}` : "broken"}: ${causeText(cause)}`;
    case "port": return portText(entry) + (end ? `, until ${clock(end)}` : "");
    default: return kind;
  }
}

let newest;

export function showTimeline(entries) {
  const at = entries[0]?.at ?? 0;
  if (at > newest) announce(text(entries[0]));
  newest = at;
  byId("timeline-empty").hidden = entries.length > 0;
  const key = (entry) => JSON.stringify({ ...entry, end: 0 });
  reconcile(byId("timeline-list"), entries, key, (entry) => {
    const item = element("li", entry.kind);
    item.append(element("time", "", clock(entry.at)), element("span"));
    return item;
  }, (item, entry) => {
    item.classList.toggle("over", !!entry.end);
    setText(item.lastChild, text(entry));
  });
}
