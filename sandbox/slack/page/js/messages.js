// Messages, as a list: grouped by who speaks, with a line for each day.

import { tryAct } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { avatar, h, icon } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { changed, person, repliesTo, store } from "./store.js";
import { clock, dateOf, dayKey, dayTitle, full } from "./time.js";

const GROUP_SECONDS = 300;
const drawn = new Map(); // a message's key → {version, node}: unchanged ones keep their node

export function messageList(channel, messages, inThread = false) {
  const nodes = [];
  let before = null;
  for (const message of messages) {
    const day = dayKey(dateOf(message.ts));
    const isNewDay = !before || dayKey(dateOf(before.ts)) !== day;
    if (isNewDay && !inThread) nodes.push(dayLine(message));
    nodes.push(kept(channel, message, !isNewDay && continues(before, message), inThread));
    before = message;
  }
  return nodes;
}

function continues(before, message) {
  const isClose = Number(message.ts) - Number(before.ts) < GROUP_SECONDS;
  const isSame = before.user === message.user && before.is_ephemeral === message.is_ephemeral;
  return isClose && isSame && !message.blocks && !before.reply_count;
}

function dayLine(message) {
  return h("div", { class: "day" }, h("span", {}, dayTitle(dateOf(message.ts))));
}

function kept(channel, message, isFollowing, inThread) {
  const key = `${store.state.me.id} ${channel.id} ${message.ts} ${inThread}`;
  const version = JSON.stringify([message, isFollowing]);
  const found = drawn.get(key);
  if (found?.version === version) return found.node;
  const node = drawMessage(channel, message, isFollowing, inThread);
  if (found) node.classList.add("fresh");
  drawn.set(key, { version, node });
  return node;
}

function drawMessage(channel, message, isFollowing, inThread) {
  const author = person(message.user);
  const classes = ["message", isFollowing && "following", message.is_ephemeral && "ephemeral"];
  const when = dateOf(message.ts);
  const stamp = h("time", { class: "stamp", title: full(when) }, clock(when));
  return h(
    "article",
    {
      class: classes.filter(Boolean).join(" "),
      "data-ts": message.ts,
      "aria-label": `Message from ${author.real_name}`,
    },
    h("div", { class: "gutter" }, isFollowing ? stamp : avatar(author)),
    h(
      "div",
      { class: "message-main" },
      message.is_ephemeral && onlyYou(),
      !isFollowing && heading(message, author, stamp),
      content(channel, message),
      !inThread && replies(channel, message),
    ),
    !inThread && !message.is_ephemeral && hoverTools(message),
  );
}

function onlyYou() {
  return h("div", { class: "only-you" }, icon("eye", 14), "Only visible to you");
}

function heading(message, author, stamp) {
  return h(
    "div",
    { class: "heading" },
    h("span", { class: "author" }, message.username ?? author.real_name),
    author.is_bot && h("span", { class: "badge" }, "APP"),
    !author.is_bot && author.title && h("span", { class: "role" }, author.title),
    stamp,
  );
}

function content(channel, message) {
  const body = message.blocks
    ? drawBlocks(message.blocks, surfaceOf(channel, message))
    : h("div", { class: "text" }, mrkdwn(message.text));
  const edited = message.edited && !message.blocks && h("span", { class: "edited" }, " (edited)");
  if (edited) body.append(edited);
  return [body, (message.files ?? []).map(file)];
}

function surfaceOf(channel, message) {
  const values = {};
  return {
    values,
    keep: (block, item, raw) => {
      (values[block.block_id] ??= {})[item.action_id] = raw;
    },
    use: (item, block, value) =>
      tryAct("click", {
        channel: channel.id,
        ts: message.ts,
        action_id: item.action_id,
        block_id: block.block_id,
        value,
        values,
      }),
  };
}

function file(item) {
  return h(
    "div",
    { class: "file" },
    h(
      "div",
      { class: "file-head" },
      icon("file"),
      h("strong", {}, item.title),
      h("span", {}, `${item.pretty_type} · ${item.size} bytes`),
    ),
    item.preview && h("pre", {}, item.preview),
  );
}

function replies(channel, message) {
  const count = repliesTo(channel, message.ts).length;
  if (!count) return null;
  const faces = (message.reply_users ?? []).slice(0, 3).map((id) => avatar(person(id), "tiny"));
  const words = `${count} ${count === 1 ? "reply" : "replies"}`;
  return h(
    "button",
    { class: "replies", type: "button", onclick: () => openThread(message.ts) },
    faces,
    words,
  );
}

function hoverTools(message) {
  const open = () => openThread(message.thread_ts ?? message.ts);
  return h(
    "div",
    { class: "tools" },
    h(
      "button",
      {
        class: "icon-btn",
        type: "button",
        "aria-label": "Reply in thread",
        title: "Reply in thread",
        onclick: open,
      },
      icon("reply", 18),
    ),
  );
}

export function openThread(ts) {
  store.place.thread = ts;
  changed("place");
}
