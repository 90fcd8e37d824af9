// Replays a bag: explains every image of a recording and counts what each modality contributed.
//
//   npx tsx examples/replay-bag.ts [bag] [policy.onnx]
//
// A bag is a rosbag2 folder, an .mcap or a .db3 file. Without one, two seconds of the simulated reacher are recorded first.
// In a project of your own: ONNXRUNTIME_NODE_INSTALL=skip npm install torquelens tsx, copy this file, and run it the same way.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Explainer, type Explanation, loadPolicy, run, shippedPolicy } from "torquelens";
import { BagSource, McapSink, openBag } from "torquelens/bag";
import { ChannelEncoder } from "torquelens/messages";
import { loadTask, SimulatedSource } from "torquelens/sim";

const [, , given, model = shippedPolicy("reacher")] = process.argv;
const policy = await loadPolicy(model);
const explainer = await Explainer.create(policy);
const scratch = await mkdtemp(join(tmpdir(), "torquelens-example-"));

/** Sums shares by modality. */
class MeanShares {
  ticks = 0;
  readonly sums = new Map<string, number>();

  write({ modalities, shares }: Explanation): void {
    this.ticks++;
    for (const [m, name] of modalities.entries()) this.sums.set(name, (this.sums.get(name) ?? 0) + shares[m]!);
  }

  async close(): Promise<void> {
    for (const [name, sum] of this.sums) console.log(`${name}: ${((100 * sum) / this.ticks).toFixed(1)} %`);
  }
}

try {
  const path = given ?? (await record(join(scratch, "run.mcap")));
  const bag = await openBag(path);
  const source = await BagSource.open(bag, policy);
  await run(source, explainer, [new MeanShares()]).finally(() => bag.close());
} finally {
  await explainer.close();
  await rm(scratch, { recursive: true });
}

async function record(path: string): Promise<string> {
  const task = await loadTask("reacher", { width: 96, height: 96 });
  const source = new SimulatedSource({ task, ticks: 40, speed: 0 });
  const encoder = new ChannelEncoder({ robotDescription: source.robotDescription });
  await run(source, explainer, [await McapSink.create(path, { encoder })]);
  return path;
}
