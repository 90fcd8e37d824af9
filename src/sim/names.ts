import { taskNames } from "./tasks/tasks.js";
import { worldNames } from "./worlds/worlds.js";

/** Names of everything that can be simulated: tasks of arms, then worlds. */
export const simulatedNames: readonly string[] = [...taskNames, ...worldNames];
