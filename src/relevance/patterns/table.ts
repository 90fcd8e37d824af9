import type { RecognisePattern } from "../contract/recognise.js";
import { activation } from "./activation.js";
import { normalisation } from "./normalisation.js";
import { softArgmax } from "./soft-argmax.js";

/** Every pattern; the first recogniser that knows a node decides. To add one, add an entry. */
export const RECOGNISERS: readonly RecognisePattern[] = [softArgmax, normalisation, activation];
