// The score.
import { byId, number } from "./dom.js";

// Longer numbers are set smaller, so that each fits its card.
function setNumber(id, text) {
  const target = byId(id);
  if (target.textContent === text) return;
  target.textContent = text;
  target.style.setProperty("--length", text.length);
}

export function showScore(score) {
  const rate = score.rallies_per_second;
  setNumber("rate", rate < 10 ? rate.toFixed(1) : number(Math.round(rate)));
  for (const id of ["ping", "pong", "rallies", "strokes", "longest", "draws", "lets"]) {
    setNumber(id, number(score[id]));
  }
  document.title = `${number(score.ping)} : ${number(score.pong)} swarm-pong`;
}
