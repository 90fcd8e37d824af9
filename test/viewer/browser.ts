import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** WebGL without a graphics card. */
const SOFTWARE_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** A name of another site; it leads here, so that the browser sees no network between the two. */
export const ELSEWHERE = "other.example";

/** @param webgl false for a browser that has none */
export function launch(webgl = true): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH,
    args: [
      "--no-sandbox",
      `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`,
      ...(webgl ? SOFTWARE_WEBGL : ["--disable-gpu", "--disable-3d-apis"]),
    ],
  });
}

/** A page, and what its console and its errors said. */
export interface Watched {
  readonly page: Page;
  readonly complaints: string[];
}

/** Opens an address. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  // As long as tests wait for conditions: a busy machine is slow.
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}

/** Drops a file onto the page, as from the desktop. */
export async function drop(page: Page, ...paths: string[]): Promise<void> {
  const files = await Promise.all(
    paths.map(async (path) => ({ content: (await readFile(path)).toString("base64"), name: basename(path) })),
  );
  const transfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { content, name } of files)
      transfer.items.add(new File([Uint8Array.from(atob(content), (character) => character.charCodeAt(0))], name));
    return transfer;
  }, files);
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
}

/** What axe finds against WCAG and its own best practices, as lines; empty where the page is fine. */
export async function violations(page: Page): Promise<string[]> {
  // The page's policy lets no script in but its own; the tester's is not the page's.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document);
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  });
}

/** The pixels of a camera's canvas, as one string to compare. */
export const pixelsOf = (page: Page, camera = "image"): Promise<string> =>
  page
    .locator(`section[aria-label="Camera ${camera}"] canvas`)
    .first()
    .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
