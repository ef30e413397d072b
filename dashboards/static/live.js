// The live channel: a WebSocket that subscribes to this page's topic; when it is away, the page asks every few seconds.
"use strict";

(() => {
  const page = document.querySelector("[data-live-topic]");
  if (!page) return;
  const topic = page.dataset.liveTopic;
  const badge = document.querySelector("[data-live-badge]");
  const feed = document.querySelector("[data-feed]");
  const template = document.getElementById("feed-item");
  const unreadButton = document.querySelector("[data-unread]");
  const pauseButton = document.querySelector("[data-pause]");

  const SHOWN = 100;
  const FIRST_WAIT = 500;
  const LONGEST_WAIT = 15000;
  const POLL_EVERY = 5000;
  const SIGNED_OUT = 4401;
  const words = { live: "Live", waiting: "Reconnecting", polling: "Every 5 seconds", paused: "Paused" };

  let socket = null;
  let state = "waiting";
  let paused = false;
  let wait = FIRST_WAIT;
  let polling = null;
  let held = [];

  function tell(next) {
    state = next;
    if (!badge) return;
    const shown = paused ? "paused" : state;
    badge.dataset.state = shown;
    badge.textContent = words[shown];
  }

  // ----- what a message changes -----
  // Blocks read again from the server wait a little, and not the same little in every open page.
  const due = {};
  function refresh(block, within) {
    due[block] ??= setTimeout(() => {
      delete due[block];
      window.htmx?.trigger(document.body, `kino:${block}`);
    }, within * (0.5 + Math.random() / 2));
  }

  const changed = {
    agent_activity(item) {
      if (feed && item.event_row) show(item);
      if (item.count || item.event_type === "blocker_identified" || item.event_type === "task_completed") refresh("blockers", 400);
      if (item.count) refresh("feed", 1000);
      if (item.count || !seen(item)) refresh("crew", 1500);
      refresh("numbers", 8000);
    },
    commit() { refresh("crew", 3000); refresh("numbers", 8000); },
    pull_request() { refresh("pulls", 1500); refresh("numbers", 8000); },
    project(item) {
      if (item.type === "blocker_resolved") refresh("blockers", 400);
      refresh("numbers", 2000);
    },
  };

  // ----- the agents -----
  // Most news are of agents that the page knows: they need no question to the server.
  function seen(item) {
    const time = [...document.querySelectorAll("[data-seen]")].find((chip) => chip.dataset.seen === item.agent_name)?.querySelector("time");
    if (!time) return false;
    if (Date.parse(item.occurred_at) > Date.parse(time.dateTime)) setTime(time, item.occurred_at);
    return true;
  }
  function setTime(time, moment) {
    time.dateTime = moment;
    time.title = new Date(moment).toUTCString();
    time.textContent = window.kino.relative(Date.parse(moment), Date.now());
  }

  // ----- the feed -----
  function show(item) {
    if (paused) { held.push(item); tellUnread(); return; }
    insert([item]);
  }
  function insert(items) {
    const atTop = feed.scrollTop < 8;
    const before = feed.scrollHeight;
    for (const item of items) {
      if (feed.querySelector(`[data-line="${item.event_row}"]`)) continue;
      const time = Date.parse(item.occurred_at);
      const later = [...feed.children].find((other) => Date.parse(other.querySelector("time")?.dateTime) <= time);
      feed.insertBefore(row(item), later || null);
    }
    document.querySelector("[data-feed-empty]")?.remove();
    while (feed.children.length > SHOWN) feed.lastElementChild.remove();
    // Who scrolled down to read keeps the lines under their eyes.
    if (!atTop) feed.scrollTop += feed.scrollHeight - before;
  }
  const kinds = template ? JSON.parse(template.dataset.kinds) : {};
  function detail(type, data) {
    const text = (key) => (typeof data[key] === "string" && data[key] ? [data[key]] : []);
    const counts = ["passed", "failed", "skipped"].filter((key) => Number.isInteger(data[key])).map((key) => `${data[key]} ${key}`);
    if (type === "test_execution") return [...counts, ...text("suite")].join(" · ");
    if (type === "code_commit") return [...text("sha").map((sha) => sha.slice(0, 7)), ...text("message")].join(" · ");
    if (type === "blocker_identified") return text("description").join();
    return [...text("title"), ...text("summary"), ...text("description")][0] || "";
  }
  function row(item) {
    const made = template.content.firstElementChild.cloneNode(true);
    const data = item.data || {};
    const done = item.event_type === "blocker_identified" && data.resolved === true;
    const [icon, verb] = done ? ["check", "is no longer blocked on"] : kinds[item.event_type] || ["info", "reported on"];
    made.dataset.line = item.event_row;
    made.dataset.type = item.event_type;
    made.dataset.icon = icon;
    made.classList.add("new");
    made.querySelector("use").setAttribute("href", `#i-${icon}`);
    made.querySelector("[data-agent]").textContent = item.agent_name;
    made.querySelector("[data-verb]").textContent = ` ${verb} `;
    made.querySelector("[data-task]").textContent = item.task_id;
    made.querySelector(".detail").textContent = detail(item.event_type, data).slice(0, 300);
    setTime(made.querySelector("time"), item.occurred_at);
    return made;
  }
  function tellUnread() {
    if (!unreadButton) return;
    unreadButton.hidden = held.length === 0;
    unreadButton.textContent = `Show ${held.length} new ${held.length === 1 ? "event" : "events"}`;
  }
  function release() {
    insert(held);
    held = [];
    tellUnread();
  }
  unreadButton?.addEventListener("click", release);
  pauseButton?.addEventListener("click", () => {
    paused = !paused;
    pauseButton.setAttribute("aria-pressed", String(paused));
    pauseButton.querySelector("use").setAttribute("href", paused ? "#i-play" : "#i-pause");
    pauseButton.setAttribute("aria-label", paused ? "Resume the feed" : "Pause the feed");
    if (!paused) release();
    tell(state);
  });

  // ----- the connection -----
  function catchUp() {
    if (!paused) window.htmx?.trigger(document.body, "kino:feed");
    refresh("blockers", 1000);
    refresh("pulls", 1000);
    refresh("crew", 1000);
    // Numbers follow the lake, which needs some seconds itself, and cost more to read.
    refresh("numbers", polling ? 30000 : 5000);
  }
  // A server without its live channel accepts and hangs up: only a subscription that it confirms is live.
  function begin(again) {
    wait = FIRST_WAIT;
    clearInterval(polling);
    polling = null;
    tell("live");
    if (again) catchUp();
  }
  function connect(again) {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket.addEventListener("open", () => socket.send(JSON.stringify({ subscribe: [topic] })));
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.kind === "subscribed") begin(again);
      changed[message.kind]?.(message.item || {});
    });
    socket.addEventListener("close", (event) => {
      if (event.code === SIGNED_OUT) { location.reload(); return; }
      if (leaving) return;
      setTimeout(() => connect(true), wait * (0.5 + Math.random() / 2));
      wait = Math.min(LONGEST_WAIT, wait * 2);
      if (wait >= 2000 && !polling) polling = setInterval(catchUp, POLL_EVERY);
      tell(polling ? "polling" : "waiting");
    });
  }
  let leaving = false;
  addEventListener("pagehide", () => { leaving = true; socket?.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { leaving = false; connect(true); } });
  tell("waiting");
  connect(false);
})();
