// Speaks to the workspace: acts go by POST, changes come over one WebSocket.

import { apply, changed, store } from "./store.js";
import { toast } from "./toasts.js";

const RETRY_MS = 1000;

export class Refusal extends Error {
  constructor(body) {
    super(body.message ?? "The workspace did not understand that.");
    this.code = body.error;
    this.errors = body.errors ?? {};
  }
}

export async function act(doing, body) {
  const payload = { ...body, do: doing, user: store.place.user };
  let reply;
  try {
    reply = await fetch("/sandbox/act", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(payload),
    });
  } catch {
    throw new Refusal({ error: "offline", message: "The workspace is not running." });
  }
  const answer = await reply.json();
  if (!answer.ok) throw new Refusal(answer);
  return answer;
}

// The same, with the refusal shown as a toast. True when it went well.
export async function tryAct(doing, body) {
  try {
    await act(doing, body);
    return true;
  } catch (refusal) {
    toast(refusal.message, "error");
    return false;
  }
}

export async function people() {
  return (await fetch("/sandbox/people")).json();
}

let live = null;

export function watch(user) {
  if (live) live.onclose = null;
  live?.close();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/sandbox/live?user=${user}`);
  live = socket;
  socket.onmessage = (event) => {
    store.online = true;
    apply(JSON.parse(event.data));
  };
  socket.onclose = () => {
    store.online = false;
    changed("presence");
    setTimeout(() => live === socket && watch(user), RETRY_MS);
  };
}
