import { expect, test } from "vitest";
import { Session } from "#src/runtime/session.js";
import { agentOf } from "#src/train/vtrace/agents.js";
import { actingModel, vtraceStep } from "#src/train/vtrace/step.js";
import { relativeError } from "../../evaluate.js";
import { batch, type Case, cases, facts, floats, network, steps } from "./golden.js";

const agent = agentOf(facts, { frames: 1, network });
const { layout, head, image, state } = agent;

const parametersOf = ({ parameters }: Case) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, numbers]) => [name, floats(numbers, layout.slots.get(name)!.shape)]),
  );

/** What is seen in the first rows of a case. */
const seenOf = (given: Case, rows: number) => {
  const first = (numbers: readonly number[], width: number) => numbers.slice(0, rows * batch * width);
  const pixels = image[0] * image[1] * image[2];
  return {
    image: {
      dtype: "uint8" as const,
      shape: [rows * batch, ...image],
      data: Uint8Array.from(first(given.image, pixels)),
    },
    previous_action: floats(first(given.previous_action, head.width), [rows * batch, head.width]),
    previous_reward: floats(first(given.previous_reward, 1), [rows * batch, 1]),
    ...Object.fromEntries(
      Object.entries(given.carried).map(([name, numbers]) => [name, floats(numbers, [batch, ...state[name]!])]),
    ),
  };
};

const run = async (bytes: Uint8Array, feeds: Parameters<Session["run"]>[0]) => {
  const session = await Session.create(bytes, { threads: 1 });
  const found = await session.run(feeds);
  await session.release();
  return (name: string) => found[name]!.data as Float32Array;
};

test.each(cases)("losses and all gradients over the steps are PyTorch's: $name", async (wanted) => {
  expect([...layout.slots.keys()].sort()).toEqual(Object.keys(wanted.parameters).sort());
  const found = await run(vtraceStep(agent, batch, wanted.settings).bytes, {
    ...parametersOf(wanted),
    ...seenOf(wanted, steps + 1),
    keeps: floats(wanted.keeps, [steps + 1, batch]),
    actions: floats(wanted.actions, [steps * batch, head.width]),
    logProbability: floats(wanted.logProbability, [steps, batch]),
    rewards: floats(wanted.rewards, [steps, batch]),
    goesOn: floats(wanted.goesOn, [steps, batch]),
  });
  for (const [name, value] of Object.entries(wanted.scalars))
    expect(Math.abs(found(name)[0]! - value) / Math.max(1, Math.abs(value)), name).toBeLessThan(1e-5);
  for (const [name, numbers] of Object.entries(wanted.gradients))
    expect(relativeError(found(`gradient.${name}`), numbers), name).toBeLessThan(1e-5);
});

test.each(cases)("a step of the network that acts is PyTorch's: $name", async (wanted) => {
  const { "policy.deviation": _, ...parameters } = parametersOf(wanted);
  const found = await run(actingModel(agent, batch), { ...parameters, ...seenOf(wanted, 1) });
  expect(relativeError(found("policy"), wanted.act.policy)).toBeLessThan(1e-5);
  expect(relativeError(found("value"), wanted.act.value)).toBeLessThan(1e-5);
  for (const [name, numbers] of Object.entries(wanted.act.next))
    expect(relativeError(found(`${name}_next`), numbers), name).toBeLessThan(1e-5);
});
