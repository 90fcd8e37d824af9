import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const json = (name: string) => JSON.parse(read(name));

describe("the ROS 2 package", () => {
  it("has the npm package's name, version, licence and description", () => {
    const npm = json("package.json");
    const xml = read("package.xml");
    for (const key of ["name", "version", "license", "description"]) {
      expect(new RegExp(`<${key}>(.*)</${key}>`).exec(xml)?.[1], key).toBe(npm[key]);
    }
  });

  it("pins the rclnodejs that the npm package allows", () => {
    const pinned = json("ros/package.json").dependencies.rclnodejs;
    expect(json("ros/package-lock.json").packages["node_modules/rclnodejs"].version).toBe(pinned);
    expect(json("package.json").peerDependencies.rclnodejs).toBe(`^${pinned}`);
  });

  it("comments every field of its messages and services", () => {
    for (const room of ["msg", "srv"]) {
      for (const name of readdirSync(new URL(`../../${room}`, import.meta.url))) {
        const fields = read(`${room}/${name}`)
          .split("\n")
          .filter((line) => line !== "" && !line.startsWith("#") && line !== "---");
        expect(fields.length).toBeGreaterThan(0);
        for (const field of fields) expect(field, `${room}/${name}`).toMatch(/^\S+ \S+\s+# \S/);
      }
    }
  });

  it("builds from files that exist", () => {
    const parts = /set\(js_parts ([^)]*)\)/.exec(read("CMakeLists.txt"))![1]!.split(" ");
    expect(parts).toContain("src");
    for (const part of parts) expect(existsSync(new URL(`../../${part}`, import.meta.url)), part).toBe(true);
  });
});
