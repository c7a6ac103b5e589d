"use strict";

// Follows a running session: puts in what has come since the page was made, until it has ended.
{
  const NEAR_THE_END = 120;
  const place = document.querySelector("[data-live]");
  const entries = place.querySelector("[data-live-entries]");
  const status = place.querySelector("[data-live-status]");
  const again = place.querySelector("[data-live-again]");
  const trail = document.querySelector("[data-live-trail]");
  const decision = document.querySelector("[data-live-decision]");
  const source = new EventSource(place.dataset.live);

  const say = (words, over) => {
    status.textContent = words;
    place.classList.toggle("over", over);
    again.hidden = !over;
  };
  const drawn = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };
  const put = (at, html) => {
    const entry = drawn(html), old = entries.children[at];
    if (!old) return entries.append(entry);
    const folds = [...entry.querySelectorAll("details")];
    old.querySelectorAll("details").forEach((fold, order) => {
      if (folds[order]) folds[order].open = fold.open;
    });
    old.replaceWith(entry);
  };
  const atTheEnd = () =>
    document.documentElement.scrollHeight - scrollY - innerHeight < NEAR_THE_END;

  source.addEventListener("open", () => say("Running. What comes is shown here.", false));
  source.addEventListener("entries", ({ data }) => {
    const follow = atTheEnd();
    for (const [at, html] of JSON.parse(data)) put(at, html);
    if (follow) scrollTo(0, document.documentElement.scrollHeight);
  });
  source.addEventListener("trail", ({ data }) => (trail.innerHTML = JSON.parse(data)));
  source.addEventListener("decision", ({ data }) => {
    decision.textContent = JSON.parse(data);
    decision.className = `badge ${decision.textContent}`;
  });
  source.addEventListener("large", () => say("Running. The rest is too large to show before it has ended.", false));
  source.addEventListener("over", () => {
    source.close();
    say("This session has ended.", true);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) say("This page is no longer up to date.", true);
    else say("Connecting…", false);
  });
}
