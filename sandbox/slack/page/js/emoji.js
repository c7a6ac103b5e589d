// The shortcodes that messages of this app and its people use. Others stay as they are written.

const EMOJI = {
  alarm_clock: "⏰", arrow_backward: "◀️", arrow_forward: "▶️", arrow_left: "⬅️", arrow_right: "➡️",
  ballot_box_with_check: "☑️", bell: "🔔", black_circle: "⚫", black_square_for_stop: "⏹️",
  blue_circle: "🔵", book: "📖", bookmark: "🔖", bug: "🐛", bulb: "💡", bust_in_silhouette: "👤",
  busts_in_silhouette: "👥", chart_with_upwards_trend: "📈", checkered_flag: "🏁", clipboard: "📋",
  clock1: "🕐", clock3: "🕒", closed_lock_with_key: "🔐", computer: "💻", construction: "🚧",
  detective: "🕵️", door: "🚪", double_vertical_bar: "⏸️", exclamation: "❗", eyes: "👀",
  face_with_monocle: "🧐", file_folder: "📁", fire: "🔥", gear: "⚙️", green_circle: "🟢",
  hand: "✋", handshake: "🤝", heart: "❤️", heavy_check_mark: "✔️", heavy_multiplication_x: "✖️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", inbox_tray: "📥", information_source: "ℹ️",
  key: "🔑", label: "🏷️", large_blue_circle: "🔵", large_green_circle: "🟢", large_orange_circle: "🟠",
  large_red_circle: "🔴", large_yellow_circle: "🟡", link: "🔗", lock: "🔒", mag: "🔍",
  mailbox: "📫", memo: "📝", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑",
  ok_hand: "👌", orange_circle: "🟠", outbox_tray: "📤", package: "📦", page_facing_up: "📄",
  pause_button: "⏸️", pencil2: "✏️", play_or_pause_button: "⏯️", point_right: "👉", pray: "🙏",
  pushpin: "📌", question: "❓", raised_hand: "✋", receipt: "🧾", red_circle: "🔴", repeat: "🔁",
  robot_face: "🤖", rocket: "🚀", rotating_light: "🚨", scroll: "📜", see_no_evil: "🙈",
  shield: "🛡️", smile: "😄", sparkles: "✨", speech_balloon: "💬", stop_sign: "🛑", stopwatch: "⏱️",
  tada: "🎉", test_tube: "🧪", thinking_face: "🤔", thumbsdown: "👎", thumbsup: "👍", "+1": "👍",
  "-1": "👎", timer_clock: "⏲️", triangular_flag_on_post: "🚩", unlock: "🔓", wastebasket: "🗑️",
  warning: "⚠️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", wrench: "🔧", x: "❌",
  yellow_circle: "🟡", zap: "⚡",
};

export function emoji(name) {
  return EMOJI[name.replace(/::skin-tone-\d$/, "")];
}
