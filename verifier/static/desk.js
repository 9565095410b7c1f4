// Live updates: reload when the state changes, count minutes down, clear the screen in time, print.
// Without this file the page reloads by itself every few seconds.
const state = document.getElementById("state");
if (state && "EventSource" in window) {
  const events = new EventSource(state.dataset.events);
  events.addEventListener("state", (event) => {
    if (JSON.parse(event.data) !== state.dataset.seen) {
      events.close();
      location.reload();
    }
  });
}
const left = document.getElementById("left");
if (left) {
  const until = Date.parse(left.dataset.until);
  setInterval(() => {
    const minutes = Math.max(0, Math.ceil((until - Date.now()) / 60000));
    left.textContent = left.dataset.words.split("|")[minutes] ?? left.textContent;
  }, 5000);
}
const forget = document.getElementById("forget");
if (forget && forget.dataset.until) {
  const wait = Date.parse(forget.dataset.until) - Date.now() + 1000;
  setTimeout(() => location.reload(), Math.max(1000, wait));
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
