import { describe, expect, it } from "vitest";
import { tokenFor } from "#src/web/token.js";

describe("tokenFor", () => {
  it.each(["127.0.0.1", "localhost", "::1", "LOCALHOST"])("needs none on %s", (host) => {
    expect(tokenFor(host, undefined)).toBeUndefined();
  });

  it.each(["0.0.0.0", "::", "192.168.1.5", "robot.lab", "0"])("makes a new random one on %s", (host) => {
    const [first, second] = [tokenFor(host, undefined), tokenFor(host, undefined)];
    expect(first).toMatch(/^[\w-]{22}$/);
    expect(second).not.toBe(first);
  });

  it("takes the one that is given", () => {
    expect(tokenFor("0.0.0.0", "robot-7_lab")).toBe("robot-7_lab");
    expect(tokenFor("127.0.0.1", "robot-7_lab")).toBe("robot-7_lab");
  });

  it.each(["", "short", "with space", "semi;colon", "a&b=cdefgh", "x".repeat(129), "größer-als"])(
    "refuses %j",
    (given) => {
      expect(() => tokenFor("0.0.0.0", given)).toThrow("token: expected 8 to 128 letters, digits, - or _");
    },
  );
});
