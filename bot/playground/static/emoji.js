// The emoji names that the bot writes, and a few that people do. Others stay `:name:`.

const NAMES = {
  red_circle: "🔴", large_orange_circle: "🟠", orange_circle: "🟠", large_yellow_circle: "🟡",
  yellow_circle: "🟡", large_green_circle: "🟢", green_circle: "🟢", large_blue_circle: "🔵",
  blue_circle: "🔵", large_purple_circle: "🟣", white_circle: "⚪", black_circle: "⚫",
  large_brown_circle: "🟤", warning: "⚠️", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌",
  no_entry: "⛔", hourglass: "⌛", hourglass_flowing_sand: "⏳", bell: "🔔", no_bell: "🔕",
  zzz: "💤", mag: "🔍", seedling: "🌱", herb: "🌿", sunflower: "🌻", eyes: "👀", lock: "🔒",
  unlock: "🔓", key: "🔑", information_source: "ℹ️", question: "❓", exclamation: "❗",
  arrow_right: "➡️", arrow_up: "⬆️", arrow_down: "⬇️", arrow_upper_right: "↗️", repeat: "🔁",
  arrows_counterclockwise: "🔄", rewind: "⏪", chart_with_upwards_trend: "📈",
  chart_with_downwards_trend: "📉", bar_chart: "📊", clipboard: "📋", memo: "📝", link: "🔗",
  page_facing_up: "📄", file_folder: "📁", inbox_tray: "📥", calendar: "📅", clock1: "🕐",
  raised_hand: "✋", hand: "✋", wave: "👋", "+1": "👍", thumbsup: "👍", "-1": "👎",
  thumbsdown: "👎", tada: "🎉", rocket: "🚀", fire: "🔥", bug: "🐛", wrench: "🔧",
  hammer_and_wrench: "🛠️", gear: "⚙️", robot_face: "🤖", speech_balloon: "💬", bulb: "💡",
  pushpin: "📌", no_entry_sign: "🚫", new: "🆕", sparkles: "✨", heart: "❤️", smile: "😄",
};

export const emojiOf = (name) => (Object.hasOwn(NAMES, name) ? NAMES[name] : null);
