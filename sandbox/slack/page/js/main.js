// The middle of the window: a channel, or the app with its Messages and Home tabs.

import { act } from "./api.js";
import { drawBlocks } from "./blocks.js";
import { composer } from "./composer.js";
import { avatar, h, icon, redraw, replace } from "./dom.js";
import { messageList } from "./messages.js";
import { go } from "./places.js";
import { choosePersona, presenceDot } from "./sidebar.js";
import { changed, currentChannel, person, store, topLevel } from "./store.js";
import { toast } from "./toasts.js";

const NEAR_END = 80;
let parts = null; // the frame that stays while the messages in it change
let homeAsked = null;

export function drawMain() {
  const channel = currentChannel();
  const key = `${store.state.me.id} ${channel.id} ${store.place.tab}`;
  if (parts?.key !== key) parts = build(channel, key);
  redraw(parts.head, head(channel));
  if (store.place.tab === "home") drawHome(parts.list);
  else drawMessages(channel, parts);
}

function build(channel, key) {
  const list = h("div", { class: "list", role: "log", "aria-label": "Messages", tabindex: 0 });
  const header = h("header", { class: "main-head" });
  const isHome = store.place.tab === "home";
  const hint = `Message ${channel.im_with ? store.state.app.name : `#${channel.name}`}`;
  const writing = isHome ? [] : [composer(channel, hint)];
  replace(document.getElementById("main"), header, list, ...writing);
  if (isHome && homeAsked !== key) askForHome();
  homeAsked = isHome ? key : null;
  return { key, head: header, list, isNew: true };
}

function head(channel) {
  const { me } = store.state;
  const back = h(
    "button",
    { class: "icon-btn back", type: "button", "aria-label": "Channels", onclick: showSidebar },
    icon("back"),
  );
  const mine = h(
    "button",
    {
      class: "head-me",
      type: "button",
      "aria-label": `You are ${me.real_name}. Switch person`,
      onclick: (e) => choosePersona(e.currentTarget),
    },
    avatar(me, "small"),
  );
  return h(
    "div",
    { class: "head-row" },
    back,
    channel.im_with ? appTitle() : channelHead(channel),
    mine,
  );
}

function channelHead(channel) {
  const faces = channel.members.map(person).filter((p) => !p.is_bot).slice(0, 4).map(
    (p) => avatar(p, "tiny"),
  );
  return [
    h(
      "div",
      { class: "head-words" },
      h("h2", {}, h("span", { class: "hash" }, "# "), channel.name),
      h("p", { class: "topic" }, channel.topic),
    ),
    h(
      "span",
      { class: "faces", title: `${channel.members.length} members` },
      faces,
      h("span", {}, String(channel.members.length)),
    ),
  ];
}

function appTitle() {
  const tab = (name, label) =>
    h(
      "button",
      {
        class: store.place.tab === name ? "tab on" : "tab",
        type: "button",
        role: "tab",
        "aria-selected": String(store.place.tab === name),
        onclick: () => go({ tab: name }),
      },
      label,
    );
  return [
    h(
      "div",
      { class: "head-words app" },
      avatar({ is_bot: true }, "small"),
      h("h2", {}, store.state.app.name),
      presenceDot(),
    ),
    h("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", "Messages")),
  ];
}

function showSidebar() {
  store.pane = "sidebar";
  changed("place");
}

function drawMessages(channel, { list, isNew }) {
  const isNearEnd = isNew || list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END;
  parts.isNew = false;
  replace(list, beginning(channel), messageList(channel, topLevel(channel)));
  if (isNearEnd) list.scrollTop = list.scrollHeight;
  markRead(channel);
}

function beginning(channel) {
  const isApp = Boolean(channel.im_with);
  return h(
    "div",
    { class: "beginning" },
    isApp ? avatar({ is_bot: true }, "large") : h("span", { class: "big-hash" }, "#"),
    h("h3", {}, isApp ? store.state.app.name : `Welcome to #${channel.name}`),
    h(
      "p",
      {},
      isApp
        ? "This is between you and the app. Nobody else sees it."
        : `${channel.topic}. This is where it begins.`,
    ),
  );
}

function markRead(channel) {
  const last = channel.messages.at(-1);
  if (!last || last.ts <= channel.last_read || document.hidden) return;
  channel.last_read = last.ts;
  act("read", { channel: channel.id, ts: last.ts }).catch(() => {});
}

function askForHome() {
  act("open_home", { tab: "home" }).catch((refusal) => toast(refusal.message, "error"));
}

function drawHome(list) {
  const { home } = store.state;
  if (!home) {
    replace(
      list,
      h(
        "div",
        { class: "beginning" },
        avatar({ is_bot: true }, "large"),
        h("h3", {}, "Nothing here yet"),
        h("p", {}, "The app has not published a Home tab for you."),
      ),
    );
    return;
  }
  const surface = {
    use: async (item, block, value) => {
      try {
        await act(
          "click",
          { view_id: home.id, action_id: item.action_id, block_id: block.block_id, value },
        );
        return true;
      } catch (refusal) {
        toast(refusal.message, "error");
        return false;
      }
    },
  };
  replace(list, h("div", { class: "home" }, drawBlocks(home.blocks, surface)));
}
