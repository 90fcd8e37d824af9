import { InputError } from "../../errors.js";
import type { Parameters } from "../../parameters/parameters.js";
import type { SimulatedSource } from "../../sim/source.js";
import type { SIM_PARAMETERS } from "../parameters/sim-parameters.js";

/** Refuses a speed at which stamps of the wall clock would not fit the simulation. */
export function checkStamps(stamps: string, speed: number): void {
  if (stamps === "wall" && speed !== 1)
    throw new InputError(`speed: found ${speed}, expected 1 where stamps is wall (or stamps:=simulated)`);
}

/** Lets parameters change the speed and condition of a running simulation, and shows its conditions. */
export function steerBy(
  parameters: Parameters<typeof SIM_PARAMETERS>,
  source: Pick<SimulatedSource, "speed" | "condition" | "conditions">,
): void {
  parameters.apply = (changes) => {
    const speed = changes.get("speed") as number | undefined;
    const condition = changes.get("condition") as string | undefined;
    if (speed !== undefined) checkStamps(parameters.get("stamps"), speed);
    const before = source.speed;
    if (speed !== undefined) source.speed = speed;
    try {
      if (condition !== undefined) source.condition = condition || undefined;
    } catch (error) {
      source.speed = before;
      throw error;
    }
  };
  parameters.report([["conditions", source.conditions]]);
}
