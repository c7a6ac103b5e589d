"use strict";

// Shows the entries of a session one after the other, in the rhythm in which they came.
{
  const SHORTEST = 350, LONGEST = 2500, USUAL = 900;
  const player = document.querySelector("[data-player]");
  const steps = [...document.querySelectorAll("[data-step]")];
  const find = (name) => player.querySelector(`[data-${name}]`);
  const play = find("play"), scrub = find("scrub"), place = find("place"), speed = find("speed");
  let timer = 0;

  const bar = document.querySelector("[data-timeline]"), cursor = bar?.querySelector("[data-cursor]");
  const whole = Number(bar?.dataset.timeline), WIDE = 1000;
  // What was asked has no time of its own: it was there when the session began.
  const times = steps.map((step) => Number(step.dataset.at ?? 0));

  const point = (count) => {
    if (!bar) return;
    const at = count < steps.length ? times[count - 1] ?? 0 : whole;
    cursor.setAttribute("x", Math.min(WIDE - 2, Math.round((WIDE * at) / whole)));
    cursor.setAttribute("visibility", count < steps.length ? "visible" : "hidden");
  };
  const show = (count) => {
    point(count);
    steps.forEach((step, at) => {
      step.classList.toggle("later", at >= count);
      step.classList.toggle("now", at === count - 1 && count < steps.length);
    });
    scrub.value = count;
    place.textContent = `${count} / ${steps.length}`;
  };
  const pause = () => {
    clearTimeout(timer);
    timer = 0;
    play.textContent = "▶";
    play.setAttribute("aria-label", "Play");
  };
  const wait = (at) => {
    const [before, next] = [steps[at - 1], steps[at]].map((step) => step?.dataset.at);
    const gap = before && next ? next - before : USUAL;
    return Math.min(LONGEST, Math.max(SHORTEST, gap)) / Number(speed.value);
  };
  const advance = () => {
    const count = Number(scrub.value) + 1;
    show(count);
    steps[count - 1].scrollIntoView({ block: "center" });
    if (count < steps.length) timer = setTimeout(advance, wait(count));
    else pause();
  };
  play.addEventListener("click", () => {
    if (timer) return pause();
    if (Number(scrub.value) >= steps.length) show(0);
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "Pause");
    timer = setTimeout(advance, SHORTEST / Number(speed.value));
  });
  scrub.addEventListener("input", () => {
    pause();
    show(Number(scrub.value));
  });
  const seek = (at) => {
    pause();
    const count = times.filter((time) => time <= at).length;
    show(count);
    steps[count - 1]?.scrollIntoView({ block: "center" });
  };
  for (const moment of document.querySelectorAll("[data-seek]")) {
    moment.disabled = false;
    moment.addEventListener("click", () => seek(Number(moment.dataset.seek)));
  }
  bar?.addEventListener("click", ({ clientX }) => {
    const { left, width } = bar.getBoundingClientRect();
    seek((whole * (clientX - left)) / width);
  });
  player.hidden = steps.length < 2;
}
