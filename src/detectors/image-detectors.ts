import { percent } from "../numbers/format.js";
import { own } from "../own.js";
import type { Detector } from "./detector.js";
import { ofCamera } from "./each.js";
import { misplaced } from "./misplaced.js";
import { ago, type Moment, wayOf } from "./moment.js";
import { outside } from "./reference.js";
import { behind, repeated } from "./repeated.js";
import { leastWay } from "./still.js";

/** Ticks that a picture stays the same before it counts as frozen. */
const FROZEN_TICKS = 6;

/** Different actions that change the picture in good runs; one alone may have come to an end of its way. */
const FROZEN_MOVES = 3;

/** Actions over the last ticks, without the newest, that change the picture in good runs. */
function movesOf({ ticks, reference }: Moment, count: number): Set<string> {
  const moving = reference?.told?.moving;
  const chosen = ticks.slice(ticks.length - 1 - count, -1).flatMap(({ told }) => (told ? [told.chosen] : []));
  return new Set(chosen.filter((action) => moving?.has(action)));
}

/** What camera, driver and lens do to a picture. */
export const IMAGE_DETECTORS = {
  black: {
    about: "image",
    words: "the image is black",
    hint: "check the camera, its exposure and its cable",
    find: ofCamera((_, { name, look: { mean }, reference }) =>
      mean < 5 && (reference?.dark ?? 255) > 10
        ? { score: 5 / Math.max(mean, 0.5), text: `${name}: mean brightness ${mean.toFixed(0)} of 255` }
        : undefined,
    ),
  },
  overexposed: {
    about: "image",
    words: "the image is overexposed",
    hint: "check exposure and gain of the camera, and the light",
    find: ofCamera((_, { name, look: { bright }, reference }) => {
      const usual = reference?.bright ?? 0.2;
      return bright > usual + 0.3
        ? { score: bright / (usual + 0.3), text: `${name}: ${percent(bright)} of the samples are at their limit` }
        : undefined;
    }),
  },
  frozen: {
    about: "image",
    words: "the image stays the same while the arm moves",
    hint: "check that the camera's driver goes on, and what its stamps are of",
    find: ofCamera((moment, { name, look: { hash }, reference }) => {
      const { ticks } = moment;
      let [same, way] = [0, 0];
      for (let k = 1; k < ticks.length; k++) {
        const [now, before] = [ago(moment, k - 1)!, ago(moment, k)!];
        if (own(before.looks, name)?.hash !== hash) break;
        same++;
        way += wayOf(before, now);
      }
      const moved = movesOf(moment, same);
      if (same >= FROZEN_TICKS && moved.size >= FROZEN_MOVES)
        return {
          score: moved.size / FROZEN_MOVES,
          since: same - 1,
          text: `${name}: the same picture for ${same + 1} ticks, after ${[...moved].join(", ")}, which change it in good runs`,
        };
      const least = leastWay(reference);
      if (same < FROZEN_TICKS || way < least) return undefined;
      return {
        score: way / least,
        since: same - 1,
        text: `${name}: the same picture for ${same + 1} ticks, in which the joints moved by ${way.toFixed(2)} rad`,
      };
    }),
  },
  late: {
    about: "image",
    words: "the image is late",
    hint: "compare the image's stamp with the time at which it was taken; look for buffers between camera and policy",
    find: ofCamera((moment, { name, reference }) => {
      const least = leastWay(reference);
      const again = repeated(moment, name);
      if (!again || again.way < least)
        return name === moment.reference?.pose?.camera ? behind(moment, name) : undefined;
      return {
        score: again.way / least,
        since: again.count - 1,
        text: `${name}: the picture of ${again.late} ticks before comes again, while the joints go on`,
      };
    }),
  },
  blurred: {
    about: "image",
    words: "the image is blurred",
    hint: "check focus and lens",
    needsReference: true,
    hold: 2,
    find: ofCamera((_, { name, look: { sharpness, mean }, reference }) => {
      if (!reference || mean < 5 || sharpness >= 0.6 * reference.sharpness) return undefined;
      return {
        score: (0.6 * reference.sharpness) / sharpness,
        text: `${name}: edges ${percent(sharpness / reference.sharpness)} as sharp as in the least sharp good run`,
      };
    }),
  },
  occluded: {
    about: "image",
    words: "something is before the camera",
    hint: "look at the picture: something uniform covers a part of it",
    needsReference: true,
    hold: 2,
    find: ofCamera((_, { name, look, reference }) => {
      if (!reference || reference.novel > 0.5) return undefined;
      const cells = outside(look.cells, reference);
      const part = (3 * cells.length) / look.cells.length;
      const least = 1.2 * reference.novel + 0.03;
      if (part < least || uniformPart(look.cells, cells) < 0.7) return undefined;
      return { score: part / least, text: `${name}: ${percent(part)} of the picture is covered by one colour` };
    }),
  },
  shifted: {
    about: "image",
    words: "the image is shifted",
    hint: "check where the camera stands, and how the image is cut and resized",
    needsReference: true,
    // A late image of a moving arm may look like it for a tick.
    hold: 2,
    find: ofCamera((moment, camera) => misplaced(moment, camera, "shift")),
  },
  cropped: {
    about: "image",
    words: "the image shows a part of what it should",
    hint: "check how the image is cut and resized, and the lens",
    needsReference: true,
    // A late image of a moving arm may look like it for a tick.
    hold: 2,
    find: ofCamera((moment, camera) => misplaced(moment, camera, "zoom")),
  },
} as const satisfies Readonly<Record<string, Detector>>;

/** Largest part of some cells that have about the same colour. */
function uniformPart(cells: Float32Array, chosen: readonly number[]): number {
  const count = new Map<string, number>();
  for (const cell of chosen) {
    const key = [0, 1, 2].map((c) => Math.round(cells[3 * cell + c]! / 8)).join();
    count.set(key, (count.get(key) ?? 0) + 1);
  }
  return Math.max(0, ...count.values()) / chosen.length;
}
