// The part of `npm run screenshots` that needs Node 22: pages of the demo organization, in light, in dark, and on a phone.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { openBrowser } from "./browser.mjs";
import { adminApi, demoOrganization } from "./demo.mjs";
import { openWorker, schema } from "./local-worker.mjs";
import { root } from "./paths.mjs";
import { main, Problem, step } from "./run.mjs";

// The name of the picture, and the address; {organization} is the id of the demo organization.
const PAGES_FOR_ANYBODY = [["sign-in", "/console/sign-in"]];
const PAGES = [
  ["organizations", "/console/organizations"],
  ["keys", "/console/organizations/{organization}/keys"],
];

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const LOOKS = [
  ["", { colorScheme: "light", viewport: DESK }],
  ["-dark", { colorScheme: "dark", viewport: DESK }],
  ["-phone", { colorScheme: "light", viewport: PHONE, isMobile: true, hasTouch: true }],
];

const FOLDER = join(root, "docs/screenshots");
const LARGEST = 150_000; // bytes; every clone of the repository has each picture that there ever was

await main(async () => {
  const data = mkdtempSync(join(tmpdir(), "scim-edge-screenshots-"));
  const token = randomBytes(32).toString("hex");
  const worker = await openWorker({ folder: data, bindings: { ADMIN_TOKEN: token } });
  const browser = await openBrowser(process.argv[2]);
  try {
    await worker.db.prepare(schema()).run();
    const organization = await demoOrganization(adminApi(worker.url, token));
    const pictures = []; // written when all of them are there
    for (const [suffix, look] of LOOKS) {
      const context = await browser.newContext({ ...look, baseURL: worker.url, deviceScaleFactor: 2 });
      const tab = await context.newPage();
      const takeAll = async (pages) => {
        for (const [page, path] of pages) {
          const name = `${page}${suffix}.png`;
          pictures.push({ name, png: await step(name, () => take(tab, path.replace("{organization}", organization))) });
        }
      };
      await takeAll(PAGES_FOR_ANYBODY);
      await signIn(tab, token);
      await takeAll(PAGES);
      await context.close();
    }
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const { name, png } of pictures) writeFileSync(join(FOLDER, name), png);
  } finally {
    await browser.close();
    await worker.close();
    rmSync(data, { recursive: true });
  }
});

/** A picture of the page at that address. */
async function take(tab, address) {
  const response = await tab.goto(address);
  if (!response.ok()) throw new Problem(`${address} answered ${response.status()}: ${await response.text()}`);
  const picture = await tab.screenshot({ animations: "disabled" });
  // A page has few colours, and most of them smooth the edges of letters: that many are not needed.
  const png = await sharp(picture).png({ palette: true, quality: 70, dither: 0, effort: 10 }).toBuffer();
  if (png.length <= LARGEST) return png;
  throw new Problem(`The picture of ${address} has ${png.length} bytes, and the most it may have is ${LARGEST}.`);
}

async function signIn(tab, token) {
  await tab.goto("/console/sign-in");
  await tab.fill("[name=token]", token);
  await tab.press("[name=token]", "Enter");
  await tab.waitForURL((url) => url.pathname !== "/console/sign-in");
}
