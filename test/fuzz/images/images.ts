import fc from "fast-check";
import { kind } from "../kind.js";
import { checkFile, type FileCase, fileCases } from "./files.js";
import { checkRaw, type RawCase, rawCases } from "./raw.js";

type ImageCase = { readonly raw: RawCase } | { readonly file: FileCase };

export const images = kind<ImageCase>({
  name: "images",
  about: "raw and compressed camera images, against plain decoding",
  cases: fc.oneof(fc.record({ raw: rawCases }), fc.record({ file: fileCases })),
  holds: (made) => ("raw" in made ? checkRaw(made.raw) : checkFile(made.file)),
});
