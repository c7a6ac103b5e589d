"use strict";

// Shows the entries of a session one after the other, in the rhythm in which they came.
{
  const SHORTEST = 350, LONGEST = 2500, USUAL = 900;
  const player = document.querySelector("[data-player]");
  const steps = [...document.querySelectorAll("[data-step]")];
  const find = (name) => player.querySelector(`[data-${name}]`);
  const play = find("play"), scrub = find("scrub"), place = find("place"), speed = find("speed");
  let timer = 0;

  const show = (count) => {
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
  player.hidden = steps.length < 2;
}
