// A sink of your own: writes the torques and the image's share of every tick as CSV.
//
//   npx tsx examples/own-sink.ts [ticks]
//
// In a project of your own: ONNXRUNTIME_NODE_INSTALL=skip npm install torquelens tsx, copy this file, and run it the same way.
import { Explainer, type Explanation, loadPolicy, run, type Sink, shippedPolicy } from "torquelens";
import { loadTask, SimulatedSource } from "torquelens/sim";

/** `run` calls `write` for every explanation, in order, and `close` once at the end. */
class CsvSink implements Sink {
  #hasHeader = false;

  constructor(private readonly output: NodeJS.WritableStream) {}

  write({ observation, joints, torque, modalities, shares }: Explanation): void {
    if (!this.#hasHeader) this.output.write(`tick,${joints.join(",")},image_share\n`);
    this.#hasHeader = true;
    const imageShare = shares[modalities.indexOf("image")]!;
    this.output.write(`${[observation.tick, ...torque, imageShare].join(",")}\n`);
  }

  async close(): Promise<void> {}
}

const policy = await loadPolicy(shippedPolicy("reacher"));
const task = await loadTask("reacher", { width: 96, height: 96 });
const source = new SimulatedSource({ task, ticks: Number(process.argv[2] ?? 20), speed: 0 });
const explainer = await Explainer.create(policy);
await run(source, explainer, [new CsvSink(process.stdout)]).finally(() => explainer.close());
