import type { Image } from "../image/image.js";
import { pixelsOf } from "../image/pixel-formats.js";
import { areActions } from "../outputs/kinds.js";
import { put } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { Observation } from "./observation.js";

/** Zeros for every input, an empty instruction, and importance 1 for every output, of actions for the one that is taken: to warm up, or to fill in by a spread. */
export function blankObservation({ outputs, modalities, language }: Policy): Observation {
  const images: Record<string, Image> = {};
  const values: Record<string, Float64Array> = {};
  for (const modality of modalities) {
    if (modality.kind === "values") {
      if (!(modality.isTold && language)) put(values, modality.name, new Float64Array(modality.size));
    } else {
      const { name, width, height, encoding } = modality;
      put(images, name, {
        width,
        height,
        encoding,
        data: new Uint8Array(width * height * pixelsOf(encoding).bytes),
        frameId: "",
      });
    }
  }
  return {
    tick: 0,
    stamp: 0n,
    images,
    values,
    ...(language && { instruction: "" }),
    joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
    importance: areActions(outputs) ? new Float64Array(0) : new Float64Array(outputs.length).fill(1),
    flags: [],
    transforms: [],
  };
}
