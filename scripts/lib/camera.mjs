// Pictures of the console's pages, for the documents.
import sharp from "sharp";
import { Problem } from "./run.mjs";

const LARGEST = 150_000; // bytes; every clone of the repository has each picture that there ever was
const MARGIN = { x: 16, y: 8 }; // pixels of a page around the part that is pictured

/**
 * A picture of the page at that address, as far as the window shows it. With `[first, last]` it is a part of the page:
 * from the top of the first selector's element to the bottom of the last one's, in the width of the page.
 */
export async function take(tab, address, part) {
  await open(tab, address);
  const clip = part && (await area(tab, ...part));
  const picture = await tab.screenshot({ animations: "disabled", fullPage: clip !== undefined, clip });
  // A page has few colours, most of which smooth the edges of letters: fewer are enough.
  const png = await sharp(picture).png({ palette: true, quality: 70, dither: 0, effort: 10 }).toBuffer();
  if (png.length <= LARGEST) return png;
  throw new Problem(`The picture of ${address} has ${png.length} bytes, and the most it may have is ${LARGEST}.`);
}

export async function signIn(tab, token) {
  await tab.goto("/console/sign-in");
  await tab.fill("[name=token]", token);
  await tab.press("[name=token]", "Enter");
  await tab.waitForURL((url) => url.pathname !== "/console/sign-in");
}

/** Without an address, the page that is open already. */
async function open(tab, address) {
  if (address === undefined) return;
  const response = await tab.goto(address);
  if (!response.ok()) throw new Problem(`${address} answered ${response.status()}: ${await response.text()}`);
}

async function area(tab, first, last = first) {
  const box = async (selector) => {
    const found = await tab.locator(selector).first().boundingBox();
    if (!found) throw new Problem(`${tab.url()} has no ${selector}.`);
    return found;
  };
  const [top, bottom] = [await box(first), await box(last)];
  const x = Math.max(0, top.x - MARGIN.x);
  const y = Math.max(0, top.y - MARGIN.y);
  return { x, y, width: top.width + 2 * MARGIN.x, height: bottom.y + bottom.height + MARGIN.y - y };
}
