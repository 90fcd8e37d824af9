import type { TokenizerFiles } from "../language/huggingface.js";
import type { Card } from "./card-schema.js";

/** A card, its origin, and the folder that its paths are relative to. */
export interface FoundCard {
  readonly card: Card;
  readonly source: string;
  readonly folder: string;
  /** Files that it was made from, where it was made; its origin is among them. */
  readonly files?: readonly string[];
  /** What the card's tokenizer holds, where it names one. */
  readonly tokenizer?: TokenizerFiles;
  /** What was decided while it was made, one line each. */
  readonly notes?: readonly string[];
}
