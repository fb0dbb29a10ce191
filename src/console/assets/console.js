// What makes the pages handier. Without it they do the same, but for the live list.
"use strict";

// Buttons that copy the text of another element.
for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Browsers hand the clipboard to secure pages only: then the text is selected, ready for the keyboard.
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// Fields that belong to one choice of another field are shown with it alone, and sent with it alone.
for (const field of document.querySelectorAll("[data-for]")) {
  const [name, values] = field.dataset.for.split("=");
  const inputs = field.querySelectorAll("input, select, textarea");
  const chooser = inputs[0].form.elements[name];
  const show = () => {
    field.hidden = !values.split(",").includes(chooser.value);
    for (const input of inputs) input.disabled = field.hidden;
  };
  chooser.addEventListener("change", show);
  show();
}

// Keys: to search, through the rows of the first list of links, and help.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, select, textarea, dialog[open]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("main [role=search] input");
  const links = [...document.querySelectorAll("main tbody tr")].flatMap((row) => row.querySelector("a") ?? []);
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const keys = {
    "/": () => search?.focus(),
    "?": () => document.getElementById("keys").showModal(),
    j: () => links[Math.min(at + 1, links.length - 1)]?.focus(),
    k: () => links[Math.max(at - 1, 0)]?.focus(),
  };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});

// What is wrong with a form is read first.
document.querySelector(".summary")?.focus();

// Requests as they arrive: asks for the rows of newer ones, which are answered as soon as there are any.
const live = document.getElementById("live");
if (live) follow(live);

function follow(live) {
  const rows = document.getElementById("rows");
  const text = live.querySelector("[data-live-text]");
  const toggle = live.querySelector("[data-live-toggle]");
  const limit = 200;
  let latest = Number(live.dataset.latest);
  let asking = null;

  const state = (isOn, words) => {
    live.classList.toggle("on", isOn);
    text.textContent = words;
    toggle.textContent = isOn ? "Pause" : "Go on";
  };

  const insert = (html) => {
    rows.insertAdjacentHTML("afterbegin", html);
    for (const row of rows.children) {
      if (Number(row.dataset.sequence) <= latest) break;
      row.classList.add("fresh");
    }
    latest = Number(rows.firstElementChild.dataset.sequence);
    while (rows.children.length > limit) rows.lastElementChild.remove();
    rows.parentElement.hidden = false;
    document.querySelector("[data-live-empty]").hidden = true;
  };

  const ask = async () => {
    const asked = new AbortController();
    asking = asked;
    state(true, "Live");
    while (asking === asked) {
      const query = new URLSearchParams(location.search);
      query.set("since", latest);
      try {
        const answer = await fetch(`${live.dataset.url}?${query}`, { signal: asked.signal });
        if (answer.redirected || (answer.status !== 200 && answer.status !== 204)) throw new Error(answer.status);
        if (answer.status === 200) insert(await answer.text());
      } catch {
        if (asking !== asked) return;
        asking = null;
        state(false, "Not live: the emulator does not answer.");
      }
    }
  };

  const stop = () => {
    const asked = asking;
    asking = null;
    asked?.abort();
    state(false, "Paused");
  };

  live.hidden = false;
  toggle.addEventListener("click", () => (asking ? stop() : ask()));
  ask();
}
