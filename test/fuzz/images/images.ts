import fc from "fast-check";
import { kind } from "../kind.js";
import { checkDepth, type DepthCase, depthCases } from "./depth.js";
import { checkFile, type FileCase, fileCases } from "./files.js";
import { checkRaw, type RawCase, rawCases } from "./raw.js";

type ImageCase = { readonly raw: RawCase } | { readonly file: FileCase } | { readonly depth: DepthCase };

export const images = kind<ImageCase>({
  name: "images",
  about: "raw and compressed camera images, against plain decoding",
  cases: fc.oneof(fc.record({ raw: rawCases }), fc.record({ file: fileCases }), fc.record({ depth: depthCases })),
  holds: (made) => {
    if ("raw" in made) return checkRaw(made.raw);
    return "file" in made ? checkFile(made.file) : checkDepth(made.depth);
  },
});
