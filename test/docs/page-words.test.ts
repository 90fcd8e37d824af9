import { expect, test } from "vitest";
import { METHODS, methodNamed } from "#src/relevance/methods.js";
import { cannotContrast } from "../../viewer/src/ui/words.js";

test.each(METHODS.map(({ name }) => name))("the page knows whether %s can contrast", (name) => {
  expect(cannotContrast(name)).toBe(methodNamed(name).contrasts !== true);
});
