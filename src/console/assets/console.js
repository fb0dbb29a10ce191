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
  const list = document.getElementById("list");
  const text = live.querySelector("[data-live-text]");
  const toggle = live.querySelector("[data-live-toggle]");
  let latest = Number(live.dataset.latest);
  let asking = null;

  const state = (isOn, words) => {
    live.classList.toggle("on", isOn);
    text.textContent = words;
    toggle.textContent = asking ? "Pause" : "Go on";
  };

  const show = (html) => {
    const focused = list.contains(document.activeElement) && document.activeElement.textContent;
    const path = document.activeElement.pathname;
    list.innerHTML = html;
    const rows = [...list.querySelectorAll("[data-sequence]")];
    for (const row of rows) row.classList.toggle("fresh", Number(row.dataset.sequence) > latest);
    latest = Number(rows[0]?.dataset.sequence ?? 0);
    const links = [...list.querySelectorAll("a")];
    const isSame = (link) => link.textContent === focused && link.pathname === path;
    if (focused) (links.find(isSame) ?? links[0])?.focus();
  };

  const ask = async () => {
    const asked = new AbortController();
    asking = asked;
    let isLost = false;
    state(true, "Live");
    while (asking === asked) {
      const query = new URLSearchParams(location.search);
      query.set("since", isLost ? 0 : latest);
      query.delete("page");
      query.set("instance", live.dataset.instance);
      try {
        const answer = await fetch(`${live.dataset.url}?${query}`, { signal: asked.signal });
        // Another instance answers, which has other requests: the emulator was started again.
        if (answer.status === 205 || answer.status === 404 || answer.redirected) return location.reload();
        if (answer.status === 200) show(await answer.text());
        else if (answer.status !== 204) throw new Error(answer.status);
        isLost = false;
        state(true, "Live");
      } catch {
        if (asking !== asked) return;
        if (!isLost) state(false, "Not live: the emulator does not answer. Trying again.");
        isLost = true;
        await new Promise((done) => { setTimeout(done, 1000); });
      }
    }
  };

  const stop = () => {
    asking?.abort();
    asking = null;
    state(false, "Paused");
  };

  live.hidden = false;
  toggle.addEventListener("click", () => (asking ? stop() : ask()));
  ask();
}
