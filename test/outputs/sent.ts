import type { Explanation } from "#src/explain/explanation.js";
import { FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import { connectTo, read, roundTrip } from "../foxglove/live-client.js";
import { until } from "../until.js";

/** An explanation as a client of the live socket gets it. */
export async function sent(explanation: Explanation): Promise<ExplanationMessage> {
  const sink = await FoxgloveSink.listen({ encoder: new ChannelEncoder(), port: 0, metadata: {} });
  const client = await connectTo(sink.url);
  try {
    client.subscribe("/torquelens/explanation");
    await roundTrip(client);
    sink.write(explanation);
    await until(() => client.messages.length > 0);
    return read<ExplanationMessage>(client, "/torquelens/explanation", client.messages[0]!);
  } finally {
    client.socket.terminate();
    await sink.close();
  }
}
