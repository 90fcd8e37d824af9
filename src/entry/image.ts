export { encodeJpeg, encodePng } from "../image/encode.js";
export type { ImageInput } from "../image/framing.js";
export { ImageError, type ImageProblem } from "../image/image-error.js";
export { decodeFile } from "../image/image-file.js";
