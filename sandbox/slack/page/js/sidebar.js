// The rail and the sidebar: channels, direct messages, and who you are.

import { people } from "./api.js";
import { avatar, h, icon, redraw } from "./dom.js";
import { go } from "./places.js";
import { popover } from "./popover.js";
import { appChannel, channelTitle, store, unreadIn } from "./store.js";

export function drawRail() {
  const { team } = store.state;
  redraw(
    document.getElementById("rail"),
    h("div", { class: "team-tile", title: team.name }, team.name[0]),
    railItem("home", "Channels", store.place.tab !== "home", () => go({ tab: "messages" })),
    railItem("chat", "App", false, () => go({ channel: appChannel().id, tab: "messages" })),
  );
}

function railItem(name, label, isOn, onclick) {
  return h(
    "button",
    { class: isOn ? "rail-item on" : "rail-item", type: "button", onclick },
    h("span", { class: "rail-icon" }, icon(name)),
    label,
  );
}

export function drawSidebar() {
  const { team, channels } = store.state;
  const rooms = channels.filter((channel) => !channel.im_with);
  const direct = channels.filter((channel) => channel.im_with);
  redraw(
    document.getElementById("sidebar"),
    h(
      "header",
      { class: "side-head" },
      h("h1", {}, team.name),
      h("span", { class: "side-tag" }, "sandbox"),
    ),
    h("div", { class: "side-scroll" }, group("Channels", rooms), group("Apps", direct)),
    personaCard(),
  );
}

function group(title, channels) {
  return h("section", { class: "side-group" }, h("h2", {}, title), channels.map(row));
}

function row(channel) {
  const unread = unreadIn(channel);
  const isHere = store.place.channel === channel.id;
  const classes = ["side-row", isHere && "here", unread && !isHere && "unread"].filter(Boolean);
  const mark = channel.im_with
    ? h("span", { class: "side-app" }, avatar({ is_bot: true }, "tiny"), presenceDot())
    : h("span", { class: "hash" }, "#");
  return h(
    "button",
    {
      class: classes.join(" "),
      type: "button",
      "aria-current": isHere ? "page" : undefined,
      onclick: () => go({ channel: channel.id, tab: "messages" }),
    },
    mark,
    h("span", { class: "side-name" }, channelTitle(channel)),
    unread > 0 && !isHere && h(
      "span",
      { class: "count", "aria-label": `${unread} unread` },
      String(unread),
    ),
  );
}

export function presenceDot() {
  const isOn = store.online && store.state.connections > 0;
  return h("span", { class: isOn ? "dot on" : "dot", title: isOn ? "Connected" : "Not connected" });
}

function personaCard() {
  const { me } = store.state;
  return h(
    "button",
    {
      class: "persona",
      type: "button",
      "aria-haspopup": "menu",
      onclick: (event) => choosePersona(event.currentTarget),
    },
    avatar(me),
    h(
      "span",
      { class: "persona-words" },
      h("span", { class: "persona-hint" }, "You are"),
      h("strong", {}, me.real_name),
      h("span", { class: "persona-role" }, me.title),
    ),
    icon("chevrons", 18),
  );
}

export async function choosePersona(anchor) {
  const choices = (await people()).map((candidate) => ({
    node: [
      avatar(candidate),
      h(
        "span",
        { class: "persona-words" },
        h("strong", {}, candidate.real_name),
        h("span", { class: "persona-role" }, candidate.title),
      ),
      personaMark(candidate),
    ],
    run: () => go({ user: candidate.name, thread: null }),
  }));
  popover(anchor, choices, "personas");
}

function personaMark(candidate) {
  if (candidate.id === store.state.me.id) return icon("check", 18);
  const { unread } = candidate;
  return unread > 0 && h("span", { class: "count", "aria-label": `${unread} unread` }, unread);
}
