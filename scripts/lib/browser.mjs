// Chromium without a window, for the tests and the screenshots.
import { chromium as playwright } from "playwright-core";

// It reaches this machine and nothing else, whatever a page asks for or a proxy of the environment would let through.
const args = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--no-proxy-server"];

/** Starts the browser at `executablePath`; Playwright's `Browser`. */
export async function openBrowser(executablePath) {
  const launch = (chromiumSandbox) => playwright.launch({ executablePath, args, chromiumSandbox });
  if (process.getuid() === 0) return launch(false); // root cannot have the sandbox
  try {
    return await launch(true);
  } catch (error) {
    if (!error.message.includes("sandboxing failed")) throw error;
    // Many containers deny it to all users; the pages are our own.
    return launch(false);
  }
}
