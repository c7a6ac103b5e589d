// Starts the page and draws it again when something changes.

import { people, watch } from "./api.js";
import { drawModals, escape } from "./dialogs.js";
import { drawMain } from "./main.js";
import { channelNamed, go, readPlace } from "./places.js";
import { closePopover } from "./popover.js";
import { drawRail, drawSidebar } from "./sidebar.js";
import { onChange, store } from "./store.js";
import { drawThread } from "./thread.js";

let wanted = null; // the channel that the address names, until the state is there
let isDue = false;

function draw() {
  isDue = false;
  if (!store.state) return;
  if (!store.state.channels.some((channel) => channel.id === store.place.channel)) {
    store.place.channel = channelNamed(wanted);
    wanted = null;
  }
  const shell = document.getElementById("shell");
  shell.dataset.pane = store.pane;
  shell.classList.toggle("offline", !store.online);
  drawRail();
  drawSidebar();
  drawMain();
  drawThread();
  drawModals();
}

function schedule() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(draw);
}

onChange((kind) => {
  if (kind === "user") {
    wanted = readPlace().channel;
    store.state = null;
    watch(store.place.user);
  } else {
    schedule();
  }
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closePopover();
  if (!escape() && store.place.thread) go({ thread: null });
});

addEventListener("popstate", () => {
  const place = readPlace();
  if (place.user && place.user !== store.place.user) {
    start(place);
    return;
  }
  store.pane = "main";
  if (store.state) Object.assign(
    store.place,
    { channel: channelNamed(place.channel), tab: place.tab },
  );
  schedule();
});

document.addEventListener("visibilitychange", schedule);

function start(place) {
  wanted = place.channel;
  store.state = null;
  store.place = { user: place.user, channel: null, tab: place.tab, thread: null };
  watch(place.user);
}

const personas = await people();
const place = readPlace();
const isKnown = personas.some((person) => [person.name, person.id].includes(place.user));
start(
  isKnown ? place : { user: "maria", channel: place.channel ?? "approvals", tab: "messages" },
);
