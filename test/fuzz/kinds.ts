import { bags } from "./bags/bags.js";
import { images } from "./images/images.js";
import { cards } from "./cards/cards.js";
import type { Kind } from "./kind.js";
import { arms } from "./arms/arms.js";
import { networks } from "./networks/networks.js";

/** Every kind, in the order in which `npm run fuzz` runs them. To add one, add an entry. */
export const KINDS: readonly Kind[] = [networks, arms, bags, images, cards];
