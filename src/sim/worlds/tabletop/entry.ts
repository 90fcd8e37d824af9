import type { WorldEntry, WorldFacts } from "../world.js";
import { FACTS } from "./facts.js";
import type { Split } from "./layout.js";

function tabletop(split: Split, named: Partial<WorldFacts> = {}): WorldEntry {
  const facts = { ...FACTS, ...named };
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
export const TABLETOP = tabletop("seen");
/** Episodes whose instructions name held-out combinations. */
export const TABLETOP_UNSEEN = tabletop("unseen", { name: `${FACTS.name}-unseen`, unseenOf: FACTS.name });
