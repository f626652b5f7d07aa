// The desk's own script: it shortens the way, and nothing needs it. It writes no markup, and sends nothing but drafts.
"use strict";
(() => {
  const root = document.documentElement;
  const language = navigator.languages.find((one) => one.split("-")[0] === root.lang.split("-")[0]) || root.lang || "en";
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Times in the reader's own zone.
  const today = new Date().toDateString();
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const year = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  const whole = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
  for (const time of all("time")) {
    const at = new Date(time.dateTime);
    const isNear = Math.abs(Date.now() - at) < 180 * 86400e3;
    const isShort = time.closest(".when");
    const date = at.toDateString() === today ? "" : (isNear ? day : year).format(at);
    time.textContent = isShort && date ? date : [date, clock.format(at)].filter(Boolean).join(", ");
    time.title = whole.format(at);
  }

  // One box for all rows.
  const bulk = one("#bulk");
  const boxes = () => all('input[name="thread"]', bulk || document);
  const chooseAll = one("#all");
  if (chooseAll) {
    chooseAll.closest("label").hidden = false;
    chooseAll.addEventListener("change", () => boxes().forEach((box) => { box.checked = chooseAll.checked; }));
  }

  // Drafts are kept while one types, and when one leaves.
  const reply = one("form.reply");
  if (reply) {
    const text = one("textarea", reply);
    const told = one("#draft-state");
    let saved = text.value;
    let waiting = 0;
    const body = () => new URLSearchParams({ csrf: reply.elements.csrf.value, text: text.value });
    const save = async () => {
      clearTimeout(waiting);
      const typed = text.value;
      if (typed === saved) return;
      try {
        const answer = await fetch(reply.dataset.draft, { method: "POST", body: body(), redirect: "manual" });
        if (answer.status >= 400) throw new Error("not kept");
        saved = typed;
        told.textContent = told.dataset.saved;
      } catch {
        told.textContent = told.dataset.unsaved;
        waiting = setTimeout(save, 10000);
      }
    };
    text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(save, 1500); });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && text.value !== saved) navigator.sendBeacon(reply.dataset.draft, body());
    });
    reply.addEventListener("submit", () => { clearTimeout(waiting); saved = text.value; });
    text.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey)) return;
      if (event.key === "Enter") { event.preventDefault(); reply.requestSubmit(one("button.main", reply)); }
      if (event.key === "s") { event.preventDefault(); save(); }
    });
  }
  const refused = one("#refused");
  if (refused) refused.focus();

  // Keys. They can be switched off (WCAG 2.1.4), and never act while one types.
  const dialog = one("#keys");
  const isOn = () => localStorage.getItem("keys") !== "off";
  const toggle = one("#keys-on");
  if (toggle) {
    toggle.checked = isOn();
    toggle.addEventListener("change", () => localStorage.setItem("keys", toggle.checked ? "on" : "off"));
  }
  const goes = { r: "response-needed", w: "waiting", s: "sent", n: "not-delivered", d: "drafts", a: "all" };
  const rows = () => all(".rows .to, .timeline .card");
  const step = (by) => {
    const list = rows();
    if (!list.length) return;
    const here = list.findIndex((row) => row.contains(document.activeElement) || row.closest("li")?.contains(document.activeElement));
    const next = here < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, here + by));
    list[next].focus();
    list[next].scrollIntoView({ block: "nearest" });
  };
  const focused = () => document.activeElement?.closest(".rows li");
  const press = (key) => {
    const found = one(`[data-key="${key}"]`);
    if (!found) return false;
    if (found.tagName === "TEXTAREA") { found.focus(); found.scrollIntoView({ block: "center" }); } else found.click();
    return true;
  };
  const keys = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    o: () => focused() && one(".to", focused()).click(),
    x: () => { const box = focused() && one('input[type="checkbox"]', focused()); if (box) box.checked = !box.checked; },
    u: () => press("u"), z: () => press("z"), "!": () => press("!"),
    r: () => { if (focused()) location.assign(`${one(".to", focused()).href}#text`); else press("r"); },
    e: () => {
      if (!bulk) { press("e"); return; }
      const box = focused() && one('input[name="thread"]', focused());
      if (box && !boxes().some((other) => other.checked)) box.checked = true;
      if (boxes().some((other) => other.checked)) bulk.requestSubmit(one("#exempt"));
    },
    "?": () => dialog?.showModal(),
  };
  let leader = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog?.open) return;
    const typing = event.target.closest?.('textarea, input:not([type="checkbox"]), select, [contenteditable]');
    if (typing) { if (event.key === "Escape") event.target.blur(); return; }
    if (event.key !== "?" && !isOn()) return;
    if (leader && Date.now() - leader < 1500 && goes[event.key]) {
      leader = 0;
      one(`[data-view="${goes[event.key]}"]`)?.click();
      return;
    }
    leader = event.key === "g" ? Date.now() : 0;
    const act = keys[event.key];
    if (act && !(event.key.startsWith("Arrow") && event.target.closest("summary, .scroll"))) { event.preventDefault(); act(); }
  });
  if (location.hash === "#text") press("r");
})();
