// What makes the pages handier. They work without it.
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

// The log goes on by itself: what is newer than its first row is asked for, and put above it.
const tail = document.getElementById("tail");
if (tail) {
  const status = document.getElementById("tail-status");
  let timer;

  const look = async () => {
    const rows = document.querySelector("#entries tbody");
    const address = new URL(location.href);
    const newest = rows.querySelector("tr[data-id]");
    if (newest) address.searchParams.set("after", newest.dataset.id);
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = [...page.querySelectorAll("#entries tbody tr")];
      rows.prepend(...fresh);
      if (fresh.length > 0) document.querySelector("main > .empty")?.remove();
      status.textContent = `Following, last looked at ${new Date().toLocaleTimeString()}`;
    } catch {
      status.textContent = "The log cannot be read at the moment. Trying again.";
    }
    timer = setTimeout(look, 3000);
  };

  tail.hidden = false;
  tail.addEventListener("click", () => {
    const on = tail.getAttribute("aria-pressed") !== "true";
    tail.setAttribute("aria-pressed", String(on));
    tail.textContent = on ? "Stop" : "Follow";
    clearTimeout(timer);
    if (on) look();
    else status.textContent = "";
  });
}
