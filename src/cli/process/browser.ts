import { spawn } from "node:child_process";

/** Program that opens an address, by `process.platform`; none of them is a shell. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [program: string, ...before: string[]]>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Opens an address in the user's browser. @param failed called with one line where that cannot be done */
export function openBrowser(url: string, failed: (line: string) => void): void {
  const [program, ...before] = OPENERS[process.platform] ?? ["xdg-open"];
  const fail = (why: string) => failed(`--open: ${program} ${why}; open ${url} in a browser`);
  const child = spawn(program, [...before, url], { stdio: "ignore", detached: true });
  child.once("error", ({ message, code }: NodeJS.ErrnoException) => fail(code === "ENOENT" ? "is not there" : message));
  child.once("exit", (code) => {
    if (code !== 0 && code !== null) fail(`ended with ${code}`);
  });
  // The browser may outlive this process, and does not keep it alive.
  child.unref();
}
