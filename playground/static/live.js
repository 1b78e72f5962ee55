// The page's two roads to the playground: a WebSocket that tells what happens, and POSTs.

import { emit, receive, state } from "./store.js";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

let socket = null;
let timer = null;
let wait = FIRST_WAIT_MS;

/** Opens the live feed as this user, closing the one before. Reconnects until told otherwise. */
export function connect(user) {
  clearTimeout(timer);
  if (socket) {
    socket.onclose = null;
    socket.onmessage = null;
    socket.close();
  }
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/page/live?user=${encodeURIComponent(user)}`);
  socket.onmessage = ({ data }) => {
    if (state.link !== "open") setLink("open");
    wait = FIRST_WAIT_MS;
    receive(JSON.parse(data));
  };
  socket.onclose = () => {
    setLink("lost");
    timer = setTimeout(() => connect(user), wait);
    wait = Math.min(wait * 1.6, LONGEST_WAIT_MS);
  };
}

function setLink(link) {
  state.link = link;
  emit("link");
}

/** POSTs to the page's API. Answers the JSON; a failure becomes {ok: false, error: sentence}. */
export async function post(path, body) {
  try {
    const answer = await fetch(`/page/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const json = await answer.json().catch(() => null);
    if (json && typeof json.ok === "boolean") return json;
    return { ok: false, error: `The playground answered ${answer.status}. Is it still running?` };
  } catch {
    return { ok: false, error: "The playground does not answer. Is it still running?" };
  }
}

/** Like post, and says it where it fails. Answers null then. */
export async function ask(path, body) {
  const answer = await post(path, body);
  if (answer.ok) return answer;
  say(answer.error || "That did not work.", "problem");
  return null;
}

/** A short line above the composer, read out politely. */
export function say(text, kind = "note") {
  emit("say", { text, kind });
}
