// The conversation, asked and answered without leaving its page. Without this script each question
// is a page of its own; with it, the same pieces of HTML come as server-sent events.
"use strict";

(() => {
  const KEPT = "massilia.conversations";
  const MOST_KEPT = 100;
  const talk = document.getElementById("conversation");
  const composer = document.querySelector(".composer");
  const form = document.querySelector("form.ask");
  if (!form) return;
  const announcer = document.getElementById("announcer");
  const words = talk.dataset;
  const home = `/${words.language}/`;
  const page = Math.random().toString(36).slice(2);
  const welcome = form.closest(".welcome");
  let numbered = 1;
  let running = null;
  let current = null;
  let shown = location.pathname + location.search;
  // The turn that the page was made with, if it wasn't made to welcome.
  const first = talk.querySelector(":scope > .turn");

  const make = (id) => document.getElementById(id).content.cloneNode(true).firstElementChild;
  const listTurns = () => [...talk.querySelectorAll(":scope > .turn")];
  const listShown = () => listTurns().filter((turn) => !turn.hidden);
  const listNumbers = () => listShown().map((turn) => turn.number);
  const say = (text) => { announcer.textContent = text; };

  function parse(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  }

  // Asking

  async function* readEvents(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (text + value).split("\n\n");
      text = events.pop();
      for (const event of events) {
        const lines = event.split("\n");
        const named = lines.find((line) => line.startsWith("event: "));
        const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
        if (named) yield [named.slice(7), data.join("\n")];
      }
    }
  }

  function makeTurn(query) {
    const turn = document.createElement("article");
    turn.className = "turn";
    const heading = document.createElement("h2");
    heading.className = "asked";
    heading.tabIndex = -1;
    heading.textContent = query.get("q").trim();
    turn.append(heading, make("searching"));
    turn.query = query;
    numbered += 1;
    turn.number = numbered;
    return turn;
  }

  // What the answer is told by comes in the order in which it stands on the page.
  function show(turn, name, data) {
    const searching = turn.querySelector(":scope > .searching");
    if (name === "turn") {
      const told = parse(data).firstElementChild;
      const focused = turn.contains(document.activeElement);
      turn.replaceChildren(...told.childNodes, searching);
      for (const { name: attribute, value } of told.attributes) turn.setAttribute(attribute, value);
      if (focused) turn.querySelector(".asked").focus({ preventScroll: true });
    } else if (name === "scope") {
      turn.querySelector(".turn-scope").replaceChildren(parse(data));
    } else if (name === "quote") {
      [...turn.querySelectorAll(":scope > .quotes")].pop().append(parse(data));
      performance.mark("massilia-quote");
    } else if (name === "piece") {
      searching.before(parse(data));
    } else if (name === "next") {
      turn.following = data;
    }
  }

  async function load(turn) {
    const control = new AbortController();
    running = control;
    turn.control = control;
    turn.ariaBusy = "true";
    try {
      const address = `${home}turns/${turn.number}?${turn.query}`;
      const response = await fetch(address, { signal: control.signal });
      if (response.status === 422) return { refused: await response.text() };
      if (!response.ok) return {};
      for await (const [name, data] of readEvents(response)) {
        if (name === "end") return { found: data };
        if (name === "failed") return { failed: data };
        show(turn, name, data);
      }
      return {};
    } catch (error) {
      return { stopped: error.name === "AbortError" };
    } finally {
      turn.ariaBusy = null;
      if (running === control) running = null;
    }
  }

  // The answer stands below the last turn, or in its place where that is `again`.
  async function ask(query, { from = null, again = null } = {}) {
    if (running) running.abort();
    const replaced = again && again === listShown().at(-1) ? again : null;
    form.querySelector(".alert")?.remove();
    const field = form.elements.q;
    const asked = field.value;
    const entering = !document.body.classList.contains("talking");
    const moved = entering || !composer.contains(document.activeElement);
    cutForward();
    const turn = makeTurn(query);
    if (from === form) field.value = "";
    enter();
    if (replaced) hide(replaced, true);
    talk.append(turn);
    turn.scrollIntoView();
    let reading = false;
    const read = () => { reading = true; };
    addEventListener("wheel", read, { once: true, passive: true });
    addEventListener("touchmove", read, { once: true, passive: true });
    if (moved) turn.querySelector(".asked").focus({ preventScroll: true });
    performance.mark("massilia-ask");
    say(words.asking);
    const outcome = await load(turn);
    // Unless the reader has left for another turn meanwhile.
    if (outcome.found === undefined && replaced && !turn.hidden) hide(replaced, false);
    if (outcome.refused) {
      turn.remove();
      if (entering && !listTurns().length) leave();
      refuse(outcome.refused, asked || query.get("q"));
    } else if (outcome.found === undefined) {
      giveUp(turn, outcome, () => { turn.remove(); ask(query, { again }); });
    } else {
      finish(turn);
      // Now it is long enough to stand at the top, unless it is being read already.
      if (!reading) turn.scrollIntoView();
      follow(turn);
      history.pushState({ page, turns: listNumbers() }, "", turn.dataset.address);
      document.title = turn.dataset.title;
      point();
      remember(turn, replaced);
      say(outcome.found);
    }
  }

  function finish(turn) {
    turn.querySelector(":scope > .searching").remove();
  }

  function refuse(html, asked) {
    const field = form.elements.q;
    form.prepend(parse(html));
    const alert = form.querySelector(".alert");
    alert.id = `${field.id}-error`;
    field.value = asked;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", alert.id);
    field.addEventListener("input", () => {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-errormessage");
    }, { once: true });
    field.focus();
    say("");
  }

  function giveUp(turn, outcome, retry) {
    const told = make(outcome.stopped ? "stopped" : "failure");
    if (outcome.failed) told.querySelector("p").replaceWith(parse(outcome.failed));
    const focused = turn.querySelector(".searching").contains(document.activeElement);
    turn.querySelector(".searching").replaceWith(told);
    told.querySelector(".retry").addEventListener("click", retry);
    if (focused) told.querySelector(".retry").focus();
    if (!running) say(outcome.stopped ? words.stopped : "");
  }

  // The form goes from the welcome to below the conversation, and back.

  const heading = document.createElement("h1");
  heading.className = "unseen";
  heading.textContent = words.heading;
  const alone = {
    label: form.querySelector("label").textContent,
    button: form.querySelector("button span").textContent,
    hint: form.querySelector(".hint").textContent,
  };
  const leaning = { label: words.next, button: words.follow, hint: words.hint };

  function label({ label, button, hint }) {
    form.querySelector("label").textContent = label;
    form.querySelector("button span").textContent = button;
    form.querySelector(".hint").textContent = hint;
  }

  function enter() {
    document.body.classList.add("talking");
    if (!welcome || composer.contains(form)) return;
    composer.append(form);
    talk.prepend(heading);
    label(leaning);
  }

  function leave() {
    document.body.classList.remove("talking");
    if (!welcome) return;
    welcome.append(form);
    heading.remove();
    label(alone);
    form.querySelector(".fields").replaceChildren();
  }

  function follow(turn) {
    form.querySelector(".fields").innerHTML = turn.following;
    label(form.elements.h ? leaning : alone);
    // The page's own may be hidden.
    if (first) document.querySelector(".skip").setAttribute("href", `#${turn.querySelector(".asked").id}`);
  }

  function hide(turn, hidden) {
    turn.hidden = hidden;
    if (turn !== first) return;
    // Without the page's own first heading, the conversation needs one.
    if (hidden) talk.prepend(heading);
    else heading.remove();
  }

  // Once another way is gone, the turns that lay ahead can't be come back to.
  function cutForward() {
    const newest = Math.max(0, ...history.state.turns);
    listTurns().filter((turn) => turn.hidden && turn.number > newest).forEach((turn) => turn.remove());
  }

  function point() {
    const other = document.querySelector("a.switch");
    other.href = `/${other.hreflang}${location.pathname.slice(3)}${location.search}`;
    shown = location.pathname + location.search;
  }

  addEventListener("popstate", ({ state }) => {
    const turns = listTurns();
    const asked = location.pathname + location.search;
    if (!state && asked === shown) {
      // A link to a part of the page was followed.
      history.replaceState({ page, turns: listNumbers() }, "");
      return;
    }
    const numbers = turns.map((turn) => turn.number);
    if (!state || state.page !== page || !state.turns.every((each) => numbers.includes(each))) {
      location.reload();
      return;
    }
    if (running) running.abort();
    turns.forEach((turn) => hide(turn, !state.turns.includes(turn.number)));
    const last = listShown().at(-1);
    if (last) {
      enter();
      follow(last);
      document.title = last.dataset.title;
      last.scrollIntoView();
    } else {
      leave();
      document.title = title;
    }
    point();
  });

  // The conversations that this browser keeps, the newest first

  function readKept() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT) || "[]");
      return kept.filter((each) => each.turns.length);
    } catch {
      return [];
    }
  }

  function writeKept(kept) {
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept.slice(0, MOST_KEPT)));
    } catch {
      // Full, or refused by the browser: then nothing is kept.
    }
  }

  function remember(turn, replaced) {
    const told = listShown();
    const last = replaced || told[told.indexOf(turn) - 1];
    const { asked, address } = turn.dataset;
    const turns = current ? current.turns : [];
    const place = turns.findIndex((each) => each.address === last?.dataset.address);
    const kept = place < 0 ? turns.length : place + (replaced ? 0 : 1);
    current = current || { id: page, language: words.language };
    current.turns = [...turns.slice(0, kept), { asked, address }];
    current.at = Date.now();
    writeKept([current, ...readKept().filter((each) => each.id !== current.id)]);
  }

  function recall(turn) {
    const { asked, address } = turn.dataset;
    const earlier = [...document.querySelectorAll(".thread li a")].map((link) => ({
      asked: link.textContent,
      address: link.getAttribute("href"),
    }));
    const kept = readKept();
    const last = earlier.at(-1)?.address;
    const same = kept.find((each) => each.turns.some((one) => one.address === address));
    current = same || kept.find((each) => each.turns.at(-1).address === last) || null;
    if (!same) {
      current = current || { id: page, language: words.language, turns: earlier };
      current.turns = [...current.turns, { asked, address }];
    }
    current.at = Date.now();
    writeKept([current, ...kept.filter((each) => each.id !== current.id)]);
    const place = current.turns.findIndex((each) => each.address === address);
    if (place > 0) offer(turn, current.turns.slice(0, place));
  }

  // What was answered before isn't kept: it is asked again, and quoted as it stands today.
  function offer(turn, earlier) {
    const offered = make("restore");
    const button = offered.querySelector("button");
    button.querySelector("span").textContent = button.dataset.label;
    turn.before(offered);
    button.addEventListener("click", async () => {
      offered.remove();
      document.querySelector(".thread")?.remove();
      for (const { address } of earlier) {
        const again = makeTurn(new URL(address, location.href).searchParams);
        turn.before(again);
        const outcome = await load(again);
        if (outcome.found === undefined) giveUp(again, outcome, () => location.reload());
        else finish(again);
      }
      history.replaceState({ page, turns: listNumbers() }, "");
      listTurns()[0].querySelector(".asked").focus();
    });
  }

  function tellAge(at) {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);
    const written = new Intl.RelativeTimeFormat(words.language, { numeric: "auto" });
    return days < 60 ? written.format(-days, "day") : written.format(-Math.round(days / 30), "month");
  }

  function fill(dialog) {
    const kept = readKept();
    dialog.querySelector(".none").hidden = kept.length > 0;
    dialog.querySelector(".all").hidden = !kept.length;
    dialog.querySelector(".talks").replaceChildren(...kept.map((each) => {
      const item = make("talk");
      const link = item.querySelector("a");
      link.href = each.turns.at(-1).address;
      item.querySelector(".talk-title").textContent = each.turns[0].asked;
      const count = each.turns.length > 1 ? ` · ${each.turns.length}` : "";
      item.querySelector(".talk-when").textContent = tellAge(each.at) + count;
      const button = item.querySelector(".forget");
      button.ariaLabel = `${button.dataset.label} ${each.turns[0].asked}`;
      button.addEventListener("click", () => {
        forget(each.id);
        const place = [...item.parentNode.children].indexOf(item);
        fill(dialog);
        const left = dialog.querySelectorAll(".forget");
        (left[Math.min(place, left.length - 1)] || dialog.querySelector(".close")).focus();
      });
      return item;
    }));
  }

  function forget(id) {
    writeKept(id ? readKept().filter((each) => each.id !== id) : []);
    if (!id || (current && current.id === id)) current = null;
  }

  function openPast() {
    const dialog = make("past");
    document.body.append(dialog);
    fill(dialog);
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.querySelector(".forget-all").addEventListener("click", () => {
      forget();
      fill(dialog);
      dialog.querySelector(".close").focus();
    });
    dialog.addEventListener("click", ({ target }) => { if (target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }

  // Copying

  async function copy(button, source) {
    try {
      await navigator.clipboard.writeText(source.textContent);
      say(words.copied);
      button.textContent = words.copied;
    } catch {
      getSelection().selectAllChildren(source);
      say(words.uncopied);
    }
  }

  function addCopying(details) {
    for (const name of details.querySelectorAll("dt")) {
      if (name.querySelector("button")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = words.copy;
      button.ariaLabel = `${words.copy} (${name.textContent})`;
      button.addEventListener("click", () => copy(button, name.nextElementSibling));
      name.append(" ", button);
    }
  }

  // Judging

  async function judge(form, button) {
    const fields = new URLSearchParams(new FormData(form, button));
    try {
      const response = await fetch(form.action, { method: "POST", body: fields });
      if (!response.ok) throw new Error(response.statusText);
      const thanks = document.createElement("p");
      thanks.className = "thanks";
      thanks.textContent = words.thanks;
      thanks.tabIndex = -1;
      const details = form.closest("details");
      const others = [...details.parentNode.querySelectorAll(":scope > .judging")];
      details.replaceWith(thanks);
      others.forEach((each) => each.remove());
      thanks.focus();
    } catch {
      say(words.unkept);
      form.querySelector("p").textContent = words.unkept;
    }
  }

  // What is done with the page

  const title = document.title;
  // It isn't there where nothing could be kept.
  const past = document.querySelector(".past");
  try {
    localStorage.getItem(KEPT);
    past.hidden = false;
    past.addEventListener("click", openPast);
  } catch {
    past.hidden = true;
  }
  if (first) {
    first.number = numbered;
    document.body.classList.add("talking");
    first.following = form.querySelector(".fields").innerHTML;
    recall(first);
  }
  history.replaceState({ page, turns: listNumbers() }, "");
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-judge]")) {
      event.preventDefault();
      judge(event.target, event.submitter);
    }
    if (!event.target.matches("[data-ask]")) return;
    event.preventDefault();
    ask(new URLSearchParams(new FormData(event.target)), { from: event.target });
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest(".stop")) event.target.closest(".turn").control.abort();
    const link = event.target.closest("a:is([data-ask], [data-again])");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const again = link.matches("[data-again]") ? link.closest(".turn") : null;
    ask(new URL(link.href).searchParams, { again });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && running) running.abort();
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.citing") && event.target.open) addCopying(event.target);
  }, true);
})();
