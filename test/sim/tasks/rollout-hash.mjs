// Prints the SHA-256 of everything an episode of the simulation shows: run in processes of its own by the tests.
import { createHash } from "node:crypto";
import { SimulatedSource } from "#src/sim/source.js";
import { Reacher } from "#src/sim/tasks/reacher/reacher.js";

const seed = Number(process.argv[2]);
const task = await Reacher.load({ width: 80, height: 64, targets: "random" });
const source = new SimulatedSource({ task, seed, speed: 0, episodes: 2 });
const hash = createHash("sha256");
for await (const observation of source.observations()) {
  hash.update(observation.images.image.data);
  for (const values of Object.values(observation.values)) hash.update(values);
  hash.update(observation.importance);
  hash.update(JSON.stringify(observation.transforms));
  source.accept({ torque: Float32Array.from(task.expert()) });
}
await source.close();
process.stdout.write(hash.digest("hex"));
