// The side pane: one message and the replies to it.

import { composer } from "./composer.js";
import { h, icon, replace } from "./dom.js";
import { messageList } from "./messages.js";
import { go } from "./places.js";
import { channelTitle, currentChannel, repliesTo, store } from "./store.js";

let threadParts = null;

export function drawThread() {
  const pane = document.getElementById("thread");
  const channel = currentChannel();
  const ts = store.place.thread;
  const root = channel.messages.find((message) => message.ts === ts);
  pane.hidden = !root;
  if (!root) {
    threadParts = null;
    return;
  }
  if (threadParts?.ts !== ts) threadParts = buildThread(pane, channel, ts);
  const replies = repliesTo(channel, ts);
  const words = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`;
  const line = replies.length > 0 && h("div", { class: "reply-line" }, h("span", {}, words));
  replace(
    threadParts.list,
    messageList(channel, [root], true),
    line,
    messageList(channel, replies, true),
  );
}

function buildThread(pane, channel, ts) {
  const list = h("div", { class: "list" });
  const close = h(
    "button",
    {
      class: "icon-btn",
      type: "button",
      "aria-label": "Close thread",
      onclick: () => go({ thread: null }),
    },
    icon("close"),
  );
  const title = h(
    "div",
    { class: "head-words" },
    h("h2", {}, "Thread"),
    h("p", { class: "topic" }, `#${channelTitle(channel)}`),
  );
  replace(
    pane,
    h("header", { class: "main-head" }, h("div", { class: "head-row" }, title, close)),
    list,
    composer(channel, "Reply…", ts),
  );
  return { ts, list };
}
