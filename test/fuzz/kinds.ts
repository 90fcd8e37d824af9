import { arms } from "./arms/arms.js";
import { bags } from "./bags/bags.js";
import { cards } from "./cards/cards.js";
import { commands } from "./commands/commands.js";
import { images } from "./images/images.js";
import type { Kind } from "./kind.js";
import { messages } from "./messages/messages.js";
import { damagedModels } from "./networks/damaged.js";
import { networks } from "./networks/networks.js";
import { urdf } from "./urdf/urdf.js";

/** Every kind, in the order in which `npm run fuzz` runs them. To add one, add an entry. */
export const KINDS: readonly Kind[] = [networks, damagedModels, arms, bags, images, cards, urdf, messages, commands];
