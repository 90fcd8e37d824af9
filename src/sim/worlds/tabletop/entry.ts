import type { WorldEntry } from "../world.js";
import { FACTS } from "./facts.js";
import type { Split } from "./layout.js";

function tabletop(name: string, split: Split): WorldEntry {
  const facts = { ...FACTS, name };
  return {
    facts,
    load: async () => {
      const [{ Tabletop }, { Scene }] = await Promise.all([import("./tabletop.js"), import("./scene.js")]);
      const scene = await Scene.load();
      return (canvas) => new Tabletop(canvas, facts, scene, split);
    },
  };
}

/** Episodes without the held-out combinations of colour and kind. */
export const TABLETOP = tabletop("tabletop", "seen");
/** Episodes whose instructions name held-out combinations. */
export const TABLETOP_UNSEEN = tabletop("tabletop-unseen", "unseen");
