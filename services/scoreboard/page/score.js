// The score, as an umpire turns it over.
import { find, number, say } from "./dom.js";

function turn(id, value) {
  const card = find(id);
  const text = number(value);
  if (card.textContent === text) return;
  say(card, text);
  card.style.setProperty("--length", text.length);
}

export function showScore(score) {
  turn("ping", score.ping);
  turn("pong", score.pong);
  const rate = score.rallies_per_second;
  say(find("rate"), rate < 10 ? rate.toFixed(1) : number(Math.round(rate)));
  say(find("rallies-count"), number(score.rallies));
  say(find("strokes"), number(score.strokes));
  say(find("longest"), number(score.longest));
  say(find("draws"), number(score.draws));
  say(find("lets"), number(score.lets));
  document.title = `${number(score.ping)} : ${number(score.pong)} swarm-pong`;
}
