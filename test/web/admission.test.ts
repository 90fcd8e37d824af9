import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { Admission } from "#src/web/admission.js";

const LOCAL = "127.0.0.1:8765";

describe("Admission", () => {
  it.each([
    [undefined],
    ["http://localhost"],
    ["http://localhost:5173"],
    ["https://127.0.0.1:8080"],
    ["http://127.8.9.10"],
    ["http://[::1]:3000"],
    ["http://viewer.localhost:3000"],
  ])("lets in the origin %s", (origin) => {
    expect(new Admission("127.0.0.1", []).refusal({ host: LOCAL, origin })).toBeUndefined();
  });

  it.each([
    ["null"],
    ["https://evil.example"],
    ["https://localhost.evil.example"],
    ["https://127.0.0.1.evil.example"],
    ["http://127.0.0.1@evil.example"],
    ["https://evil.example#localhost"],
    ["http://192.168.1.9"],
    ["file://"],
    ["chrome-extension://abcdefgh"],
    ["data:,localhost"],
    ["localhost"],
    [""],
  ])("refuses the origin %s, and says how to let it in", (origin) => {
    expect(new Admission("127.0.0.1", []).refusal({ host: LOCAL, origin })).toBe(
      `a page of ${origin} may not connect: --allow-origin ${origin} lets it in`,
    );
  });

  it("lets in the origins that are named, exactly", () => {
    const admission = new Admission("127.0.0.1", ["https://viewer.example", "null"]);
    const refusal = (origin: string) => admission.refusal({ host: LOCAL, origin });
    expect(refusal("https://viewer.example")).toBeUndefined();
    expect(refusal("null")).toBeUndefined();
    expect(refusal("http://viewer.example")).toMatch(/may not connect/);
    expect(refusal("https://viewer.example:8443")).toMatch(/may not connect/);
    expect(refusal("https://other.viewer.example")).toMatch(/may not connect/);
    expect(
      new Admission("127.0.0.1", ["*"]).refusal({ host: "any.example", origin: "https://x.example" }),
    ).toBeUndefined();
  });

  it("refuses a name that is not this server's, as a foreign DNS may point at it", () => {
    const local = new Admission("127.0.0.1", ["http://viewer.example"]);
    expect(local.refusal({ host: "rebound.example:8765" })).toBe("rebound.example:8765 is not a name of this server");
    expect(local.refusal({ host: undefined })).toBe("no host is not a name of this server");
    expect(local.refusal({ host: "rebound.example", origin: "http://localhost" })).toMatch(/not a name/);
    for (const host of ["localhost:1", "[::1]:1", "127.0.0.1", "192.168.1.5:8765", `${hostname()}:1`, "viewer.example"])
      expect(local.refusal({ host }), host).toBeUndefined();
  });

  it("lets programs in by any name where the server listens to other machines", () => {
    const open = new Admission("0.0.0.0", []);
    expect(open.refusal({ host: "robot.lab:8765" })).toBeUndefined();
    expect(open.refusal({ host: "robot.lab:8765", origin: "http://robot.lab:8765" })).toMatch(/not a name/);
  });
});
