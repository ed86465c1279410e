// Conveniences of the pages, which work without JavaScript, too.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copy it by hand";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}

// Times in the reader's zone, with UTC on hover. The page has them in UTC, which is left where that is the zone.
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const LOCAL = new Intl.DateTimeFormat("en", {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

const localizeTimes = (root) => {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const part = Object.fromEntries(LOCAL.formatToParts(at).map(({ type, value }) => [type, value]));
    time.title = time.textContent;
    const clock = `${part.hour}:${part.minute}:${part.second}`;
    time.textContent = `${part.year}-${part.month}-${part.day} ${clock}\u00a0${part.timeZoneName}`;
  }
};
localizeTimes(document);

// Days of the reader's zone: what is sent are the instants at which the first one begins and the last one ends.
const twoDigits = (number) => String(number).padStart(2, "0");
for (const field of document.querySelectorAll("input[type=date][data-edge]")) {
  const isEnd = field.dataset.edge === "end";
  const parameter = field.id;
  for (const zone of field.labels[0]?.querySelectorAll(".zone") ?? []) zone.textContent = `(${ZONE})`;
  if (field.dataset.instant) {
    const at = new Date(new Date(field.dataset.instant).getTime() - (isEnd ? 1 : 0));
    field.value = `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;
  }
  field.form.addEventListener("formdata", ({ formData }) => {
    const [year, month, day] = field.value.split("-").map(Number);
    formData.delete(field.name);
    // The calendar of the browser knows how long the day is.
    if (day) formData.set(parameter, new Date(year, month - 1, day + (isEnd ? 1 : 0)).toISOString());
  });
}

// Countries by their names in the reader's language.
for (const country of document.querySelectorAll("[data-country]")) {
  try {
    country.textContent = new Intl.DisplayNames(undefined, { type: "region" }).of(country.dataset.country);
  } catch {
    // What Cloudflare calls T1, the Tor network, is no region. The code stays.
  }
}

// The key / leads to the search of the page.
const search = document.querySelector("main input[type=search], main form[method=get] input:not([type=hidden])");
if (search) {
  search.setAttribute("aria-keyshortcuts", "/");
  search.title ||= "Press / to search";
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    event.preventDefault();
    search.focus();
    search.select?.();
  });
}

// Follows the log: requests what is newer than all that was seen, and puts it at the top.
const tail = document.getElementById("tail");
if (tail) {
  const status = document.getElementById("tail-status");
  const usual = status.textContent;
  const entries = document.getElementById("entries");
  // The place behind the newest entry. Of an empty log it is the beginning.
  let newest = entries.dataset.newest ?? "0~0";
  let timer;

  const load = async () => {
    const address = new URL(location.href);
    address.searchParams.set("after", newest);
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw answer.status;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  const look = async () => {
    const list = entries.querySelector(".deeds");
    try {
      let further;
      let added = 0;
      do {
        const page = await load();
        // More than a page in so short a time: the rest is on the next ones.
        further = page.querySelector("a[rel=prev]")?.getAttribute("href");
        newest = further
          ? new URL(further, location.href).searchParams.get("after")
          : (page.getElementById("entries").dataset.newest ?? newest);
        const fresh = [...page.querySelectorAll("#entries .deeds > li")];
        // The end of a long deed that is shown already.
        const others = fresh.filter(({ dataset }) => !list.querySelector(`:scope > [data-id="${dataset.id}"]`));
        list.prepend(...others);
        localizeTimes(list);
        added += others.length;
      } while (further);
      if (added > 0) document.querySelector("main > .empty")?.remove();
      status.textContent = `Looked at ${new Date().toLocaleTimeString()}.`;
    } catch (error) {
      if (error === 401) return stop("You are signed out. Load the page again.");
      status.textContent = "The log cannot be read at the moment. Trying again.";
    }
    wait();
  };

  // A hidden page is not updated.
  const wait = () => {
    if (!isOn()) return;
    timer = setTimeout(() => (document.hidden ? wait() : look()), 3000);
  };

  const isOn = () => tail.getAttribute("aria-pressed") === "true";

  const stop = (why) => {
    clearTimeout(timer);
    tail.setAttribute("aria-pressed", "false");
    tail.textContent = "Follow";
    status.textContent = why;
  };

  tail.parentElement.hidden = false;
  tail.addEventListener("click", () => {
    if (isOn()) return stop(usual);
    tail.setAttribute("aria-pressed", "true");
    tail.textContent = "Stop following";
    look();
  });
}

// Shows what an identity provider was answered last, on the page of its set-up.
const connection = document.getElementById("connection");
if (connection) {
  let known;
  const look = async () => {
    try {
      const answer = document.hidden ? undefined : await fetch("/console/setup?part=connection");
      if (answer?.status === 401) return;
      if (answer?.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("connection-state");
        // What is as it was is not read out again.
        if (fresh && fresh.innerHTML !== known) {
          known = fresh.innerHTML;
          const state = document.getElementById("connection-state");
          state.replaceChildren(...fresh.childNodes);
          localizeTimes(state);
        }
      }
    } catch {
      // Tried again below.
    }
    setTimeout(look, 3000);
  };
  setTimeout(look, 3000);
}

// Carries on an undo or a change of many people, one step after another, as its button does.
const run = document.getElementById("run");
if (run?.dataset.status === "running") {
  const goOn = async () => {
    const form = document.getElementById("run-step");
    if (!form) return;
    const button = form.querySelector("button");
    const body = new URLSearchParams({ action: button.value });
    try {
      const answer = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "text/html" } });
      if (answer.status === 401) return say("You are signed out. Load the page again.");
      if (answer.ok) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        document.querySelector("main").replaceChildren(...next.querySelector("main").childNodes);
        localizeTimes(document);
        const now = document.getElementById("run");
        if (now?.dataset.status !== "running") {
          now?.setAttribute("tabindex", "-1");
          return now?.focus();
        }
        return setTimeout(goOn, 0);
      }
    } catch {
      // Tried again below.
    }
    say("The step failed. Trying again.");
    setTimeout(goOn, 3000);
  };
  const say = (text) => {
    const status = document.getElementById("run-status");
    if (status) status.textContent = text;
  };
  goOn();
}
