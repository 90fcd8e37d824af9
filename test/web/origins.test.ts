import { describe, expect, it } from "vitest";
import { isLoopback, originOf } from "#src/web/origins.js";

describe("originOf", () => {
  it.each([
    ["https://viewer.example", "https://viewer.example"],
    ["https://Viewer.example:443/", "https://viewer.example"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["file://", "file://"],
    ["null", "null"],
    ["*", "*"],
    ["viewer.example", undefined],
    ["https://viewer.example/path", undefined],
    ["", undefined],
  ])("reads %s as %s", (text, origin) => expect(originOf(text)).toBe(origin));
});

it.each([
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["::1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.0.1", false],
  ["127.evil.example", false],
])("%s is loopback: %s", (name, expected) => expect(isLoopback(name)).toBe(expected));
