import { type Document, isScalar, visit } from "yaml";
import { visible } from "../text/visible.js";

/**
 * Puts strings with characters that a terminal would obey in double quotes, where an escape such as `\u202e` means the
 * character: what is shown of the document then is the same document.
 */
export function quoteInvisible(document: Document): void {
  visit(document, {
    Scalar: (_key, scalar) => {
      if (isScalar(scalar) && typeof scalar.value === "string" && visible(scalar.value) !== scalar.value)
        scalar.type = "QUOTE_DOUBLE";
    },
  });
}
