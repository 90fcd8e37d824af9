import { describe, expect, it } from "vitest";
import { engineAddress } from "#src/fleet/engine/address.js";

const SECRET = "s3cret";

describe("the address of an engine", () => {
  it("is the URL that is given, else that of the environment", () => {
    const environment = { TORQUELENS_ENGINE: "rediss://lab:p%40ss@redis.lab:7000/3" };
    expect(engineAddress(undefined, {})).toBeUndefined();
    expect(engineAddress(undefined, environment)).toEqual({
      name: "rediss://redis.lab:7000/3",
      options: {
        host: "redis.lab",
        port: 7000,
        db: 3,
        username: "lab",
        password: "p@ss",
        tls: { servername: "redis.lab" },
      },
    });
    expect(engineAddress("redis://[::1]", environment)).toEqual({
      name: "redis://[::1]:6379",
      options: { host: "::1", port: 6379 },
    });
  });

  it("takes user and password from the environment, none from a command line", () => {
    const environment = { TORQUELENS_REDIS_USERNAME: "lab", TORQUELENS_REDIS_PASSWORD: SECRET };
    expect(engineAddress("redis://host", environment)!.options).toMatchObject({ username: "lab", password: SECRET });
    expect(() => engineAddress(`redis://lab:${SECRET}@host`, {})).toThrow(
      /^redis:\/\/host:6379: a password on the command line is shown to all .* TORQUELENS_REDIS_PASSWORD$/,
    );
  });

  it.each([
    "http://host",
    "host:6379",
    `redis:///${SECRET}`,
    `redis://${SECRET}@host/a`,
    `redis://x:${SECRET}@[host`,
    "",
  ])("%s: is refused without a word of what may be secret", (url) => {
    let message = "";
    try {
      engineAddress(url, {});
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/expected/);
    expect(message).not.toContain(SECRET);
  });
});
