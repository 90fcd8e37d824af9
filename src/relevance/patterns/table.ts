import { activation } from "./activation.js";
import { normalisation } from "./normalisation.js";
import type { Recognise } from "./pattern.js";
import { softArgmax } from "./soft-argmax.js";

/** Every pattern; the first recogniser that knows a node decides. Adding one is adding an entry. */
export const RECOGNISERS: readonly Recognise[] = [softArgmax, normalisation, activation];
