// Records copies of the explanation it is sent, one tick after the other, and tells of each that is in the file,
// until it is killed.
import { McapSink } from "#src/bag/mcap-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";

const [path] = process.argv.slice(2);
process.once("message", async (explanation) => {
  const sink = await McapSink.create(path, { encoder: new ChannelEncoder({ robotDescription: "<robot/>" }) });
  for (let tick = 0; ; tick++) {
    const stamp = explanation.observation.stamp + BigInt(tick);
    await sink.write({ ...explanation, observation: { ...explanation.observation, tick, stamp } });
    process.send(tick);
  }
});
