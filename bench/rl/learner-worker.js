// A worker of our learner: the gradients of its part of a batch of random trajectories.
import { parentPort, workerData } from "node:worker_threads";
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { Step } from "#src/train/network/step.js";
import { answerRequests } from "#src/train/team/answer-requests.js";
import { agentOf } from "#src/train/vtrace/agents.js";
import { vtraceRecipe } from "#src/train/vtrace/recipes.js";
import { allocateTrajectories, feedsOfTrajectories } from "#src/train/vtrace/trajectories.js";

const { world, name, step: model, parameters, gradient, worker } = workerData;
const recipe = vtraceRecipe(world, name);
const agent = agentOf(worldNamed(world).facts, recipe);
const step = await Step.create(model, agent.layout, "cpu");
const trajectories = allocateTrajectories(agent, recipe.vtrace.unroll, model.batch);
const source = random(0, worker);
const { width } = agent.head;
trajectories.image.data.forEach((_, i, bytes) => {
  bytes[i] = source.integer(256);
});
for (const tensor of [trajectories.keeps, trajectories.goesOn]) tensor.data.fill(1);
for (const tensor of [trajectories.actions, trajectories.previous_action])
  for (let row = 0; row < tensor.data.length; row += width) tensor.data[row + source.integer(width)] = 1;
trajectories.rewards.data.forEach((_, i, rewards) => {
  rewards[i] = source.uniform();
});
trajectories.logProbability.data.fill(-Math.log(width));
const feeds = feedsOfTrajectories(trajectories);
const learn = () => ({ answer: async () => [await step.run(feeds, parameters, gradient)] });
answerRequests(parentPort, { learn }, undefined, step.session);
