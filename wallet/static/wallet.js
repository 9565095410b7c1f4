// Leaves at once, reads aloud with voices of this device alone, and warns before the wallet locks.
// Without this file all pages work; leaving then shows in the browser's way back.

// A page that the browser kept in memory is asked for again: the wallet may be locked by now.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

const leave = document.getElementById("leave");
if (leave) {
  leave.addEventListener("submit", (event) => {
    event.preventDefault();
    document.body.hidden = true;
    fetch("/leave", { method: "POST", redirect: "manual" }).finally(() => location.replace("/blank"));
  });
}

const aloud = document.getElementById("aloud");
const speech = window.speechSynthesis;
if (aloud && speech) {
  // A voice that is not local would send the words of a record to somebody else.
  const voice = () =>
    speech.getVoices().find((v) => v.localService && v.lang.toLowerCase().startsWith(document.documentElement.lang));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "hp-bar__button";
  const rest = () => (button.textContent = aloud.dataset.read);
  const offer = () => {
    if (voice() && !button.isConnected) {
      rest();
      aloud.append(button);
    }
  };
  button.addEventListener("click", () => {
    if (speech.speaking) {
      speech.cancel();
      rest();
      return;
    }
    const words = new SpeechSynthesisUtterance(document.getElementById("maincontent").innerText);
    words.voice = voice();
    words.lang = words.voice.lang;
    words.onend = rest;
    button.textContent = aloud.dataset.stop;
    speech.speak(words);
  });
  speech.addEventListener?.("voiceschanged", offer);
  window.addEventListener("pagehide", () => speech.cancel());
  offer();
}

const idle = document.getElementById("idle");
const seconds = Number(document.body.dataset.idle || 0);
if (idle && seconds) {
  let timers = [];
  const wait = () => {
    timers.forEach(clearTimeout);
    idle.hidden = true;
    timers = [
      setTimeout(() => (idle.hidden = false), (seconds - 60) * 1000),
      // The lock button takes along what is filled in, and brings it back after unlocking.
      setTimeout(() => document.getElementById("lock").click(), seconds * 1000),
    ];
  };
  document.getElementById("stay").addEventListener("click", () => {
    fetch("/stay").finally(wait);
  });
  wait();
}
