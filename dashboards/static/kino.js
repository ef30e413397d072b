// What every page does in the browser: theme, keys, true relative times, tips, copying.
"use strict";

(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // ----- theme: the server reads the cookie, so a page never flashes in the wrong colours -----
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    document.cookie = `kino_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  });

  // ----- relative times -----
  const steps = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  function relative(moment, now) {
    const seconds = (now - moment) / 1000;
    if (Math.abs(seconds) < 45) return "just now";
    const [unit, length] = steps.find(([, length]) => Math.abs(seconds) >= length) || steps[4];
    const count = Math.max(1, Math.floor(Math.abs(seconds) / length));
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return seconds > 0 ? `${words} ago` : `in ${words}`;
  }
  function tellTimes() {
    const now = Date.now();
    for (const time of all("time[datetime]")) time.textContent = relative(Date.parse(time.dateTime), now);
  }
  setInterval(tellTimes, 15000);

  // ----- tips over charts -----
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const over = event.target.closest?.("[data-tip]");
    tip.hidden = !over;
    if (!over) return;
    tip.textContent = over.dataset.tip;
    const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    tip.style.transform = `translate(${left}px, ${event.clientY - 36}px)`;
  });

  // ----- copying -----
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1600);
  });

  // ----- a form that takes a while says so and is sent once -----
  document.addEventListener("submit", (event) => {
    const button = event.target.querySelector("[data-busy]");
    if (!button) return;
    button.textContent = button.dataset.busy;
    setTimeout(() => { button.disabled = true; });
  });

  // A search that answers late must not change the address under a page that is being left.
  addEventListener("beforeunload", () => {
    const field = document.querySelector("[data-search]");
    if (field) window.htmx?.trigger(field, "htmx:abort");
  });

  // ----- keys -----
  let goes = false;
  function move(by) {
    const rows = all("[data-row] .name, [data-row] .open");
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  function find() {
    const field = document.querySelector("[data-search]");
    field?.focus();
    field?.select();
  }
  const showKeys = () => document.getElementById("keys")?.showModal();
  const actions = { "/": find, "?": showKeys, j: () => move(1), k: () => move(-1) };
  const places = { p: "/", r: "/reports", o: "/operations" };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key === "Escape") {
      // Browsers clear a search field on Escape: leaving it must not undo the search.
      if (typing) { event.preventDefault(); typing.blur(); }
      for (const menu of all(".account[open]")) menu.open = false;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    // Only where the page leads, too: not everybody may see everything.
    const place = goes && document.querySelector(`.nav a[href="${places[event.key]}"]`);
    if (place) location.assign(place.href);
    goes = event.key === "g";
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) showKeys();
    for (const menu of all(".account[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  window.kino = { relative, tellTimes };
})();
