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

// Carries on an undo, one step after another, as its button does.
const undo = document.getElementById("undo");
if (undo?.dataset.status === "running") {
  const goOn = async () => {
    const form = document.getElementById("undo-step");
    if (!form) return;
    const button = form.querySelector("button");
    const body = new URLSearchParams({ action: button.value });
    try {
      const answer = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "text/html" } });
      if (answer.status === 401) return say("You are signed out. Load the page again.");
      if (answer.ok) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        document.querySelector("main").replaceChildren(...next.querySelector("main").childNodes);
        const now = document.getElementById("undo");
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
    const status = document.getElementById("undo-status");
    if (status) status.textContent = text;
  };
  goOn();
}
