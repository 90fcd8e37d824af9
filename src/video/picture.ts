import sharp from "sharp";
import type { RgbImage } from "../image/image.js";
import type { Frame } from "./frames.js";

/** Pictures of a video, all of one size: that of the first, or `width` pixels wide. */
export class Pictures {
  #size: { readonly width: number; readonly height: number } | undefined;

  constructor(private readonly width: number | undefined) {}

  /** @returns undefined for a picture that is damaged */
  async of({ data, part }: Frame): Promise<RgbImage | undefined> {
    try {
      const whole = sharp(data);
      const { width, height } = await whole.metadata();
      const { index, count } = part ?? { index: 0, count: 1 };
      const wide = Math.floor(width / count);
      const cut = whole.extract({ left: index * wide, top: 0, width: wide, height });
      this.#size ??= sizeOf(wide, height, this.width);
      const size = this.#size;
      // Whole pixels stay visible where a small picture is enlarged.
      const kernel = size.width > wide ? "nearest" : "lanczos3";
      const pixels = await cut
        .resize({ ...size, fit: "fill", kernel })
        .removeAlpha()
        .toColourspace("srgb")
        .raw()
        .toBuffer();
      return { ...size, data: new Uint8Array(pixels) };
    } catch {
      return undefined;
    }
  }
}

const sizeOf = (width: number, height: number, asked: number | undefined) =>
  asked === undefined ? { width, height } : { width: asked, height: Math.max(1, Math.round((height * asked) / width)) };
