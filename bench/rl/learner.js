// V-trace learners on random trajectories: ours, and the peer's. See README.md beside this file.
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { clipFactor, gradientNorm } from "#src/train/network/adam.js";
import { sharedFloats } from "#src/train/network/parameters.js";
import { RmsProp } from "#src/train/network/rms-prop.js";
import { Team } from "#src/train/team/team.js";
import { agentOf } from "#src/train/vtrace/agents.js";
import { vtraceRecipe } from "#src/train/vtrace/recipes.js";
import { vtraceStep } from "#src/train/vtrace/step.js";

/** What the peer is asked for, as JSON. */
export function learnerSetup(world, name, updates, threads) {
  const { picture, actions } = worldNamed(world).facts;
  const { frames, network, vtrace } = vtraceRecipe(world, name);
  const { channels, height, width } = picture;
  const images = [frames * channels, height, width];
  return { updates, threads, vtrace, network, picture: images, actions: actions.names.length, gates: "joint" };
}

/** Steps of trajectories that our learner learns a second, after two updates that are not timed. */
export async function ourLearner(world, name, updates, threads) {
  const { facts } = worldNamed(world);
  const recipe = vtraceRecipe(world, name);
  const { worlds, unroll, rate, decay, epsilon, gradientNorm: most } = recipe.vtrace;
  const agent = agentOf(facts, recipe);
  const { layout } = agent;
  const parameters = sharedFloats(layout.size);
  agent.initialise(parameters, random(0));
  const step = vtraceStep(agent, worlds / threads, recipe.vtrace);
  const script = new URL("learner-worker.js", import.meta.url);
  const team = await Team.start(script, layout, threads, { parameters, step, world, name });
  const optimiser = new RmsProp(layout.size, decay, epsilon);
  const update = async () => {
    await team.ask(() => ({ kind: "learn" }));
    const norm = threads * gradientNorm(team.gradients, 0, layout.size);
    optimiser.step(parameters, team.gradients, rate, threads * clipFactor(norm, most));
  };
  for (let i = 0; i < 2; i++) await update();
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < updates; i++) await update();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - begin) / 1000;
  await team.close();
  const done = updates * worlds * unroll;
  return { rate: done / seconds, cpuRate: (1e6 * done) / (user + system), parameters: layout.size };
}
