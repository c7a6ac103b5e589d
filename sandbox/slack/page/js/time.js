// Timestamps as people read them.

const LOCALE = "en-US";

function format(date, options) {
  return new Intl.DateTimeFormat(LOCALE, options).format(date);
}

export function dateOf(ts) {
  return new Date(Number(ts) * 1000);
}

export function clock(date, withSeconds = false) {
  const seconds = withSeconds ? { second: "2-digit" } : {};
  return format(date, { hour: "numeric", minute: "2-digit", ...seconds });
}

export function dayKey(date) {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

function relativeDay(date) {
  const days = Math.round((startOfDay(date) - startOfDay(new Date())) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

function capital(word) {
  return word && word[0].toUpperCase() + word.slice(1);
}

export function dayTitle(date) {
  return capital(relativeDay(date)) ?? format(
    date,
    { weekday: "long", month: "long", day: "numeric" },
  );
}

export function full(date) {
  return format(date, { dateStyle: "full", timeStyle: "medium" });
}

const LONG = { weekday: "long", year: "numeric", month: "long", day: "numeric" };
const SHORT = { year: "numeric", month: "short", day: "numeric" };
const MIDDLE = { year: "numeric", month: "long", day: "numeric" };

const TOKENS = {
  date: (d) => format(d, MIDDLE),
  date_num: (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`,
  date_short: (d) => format(d, SHORT),
  date_long: (d) => format(d, LONG),
  date_pretty: (d) => relativeDay(d) ?? format(d, MIDDLE),
  date_short_pretty: (d) => relativeDay(d) ?? format(d, SHORT),
  date_long_pretty: (d) => relativeDay(d) ?? format(d, LONG),
  time: (d) => clock(d),
  time_secs: (d) => clock(d, true),
  ago: (d) => ago(d),
};

function pad(number) {
  return String(number).padStart(2, "0");
}

function ago(date) {
  const minutes = Math.round((date - Date.now()) / 60_000);
  const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
  if (Math.abs(minutes) < 60) return relative.format(minutes, "minute");
  if (Math.abs(minutes) < 60 * 36) return relative.format(Math.round(minutes / 60), "hour");
  return relative.format(Math.round(minutes / 1440), "day");
}

// Slack's `<!date^…>` templates.
export function template(seconds, text) {
  const date = dateOf(seconds);
  if (Number.isNaN(date.getTime())) return null;
  return text.replace(/\{(\w+)\}/g, (whole, token) => TOKENS[token]?.(date) ?? whole);
}
