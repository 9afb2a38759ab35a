// The score, as an umpire turns it over.
import { find, number } from "./dom.js";

// Longer numbers are smaller, so that each has room for a busy year.
function turn(id, text) {
  const card = find(id);
  if (card.textContent === text) return;
  card.textContent = text;
  card.style.setProperty("--length", text.length);
}

export function showScore(score) {
  const rate = score.rallies_per_second;
  turn("rate", rate < 10 ? rate.toFixed(1) : number(Math.round(rate)));
  for (const id of ["ping", "pong", "rallies", "strokes", "longest", "draws", "lets"]) {
    turn(id, number(score[id]));
  }
  document.title = `${number(score.ping)} : ${number(score.pong)} swarm-pong`;
}
