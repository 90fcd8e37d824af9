import type { Growing, Made, Step } from "./growing.js";
import { float } from "./growing.js";

/** Steps on tokens [1, T, n]. */

const tokens =
  (step: Step, since = 1): Step =>
  (x, c, net) =>
    x.shape.length === 3 && x.shape[1]! <= 12 && net.opset >= since ? step(x, c, net) : undefined;

const project = (net: Growing, x: Made, out: number): Made =>
  net.add("MatMul", [x, net.weights([x.shape[2]!, out], x.shape[2])], {}, [1, x.shape[1]!, out]);

/** Attention written out, with one head or two. */
const attention: Step = (x, c, net) => {
  const [, time] = x.shape as [number, number, number];
  const heads = 1 + c.below(2);
  const size = 2 + c.below(2);
  const apart = (y: Made) =>
    net.transpose(net.reshape(y, [1, time, heads, size], [c.pick([1, 0]), time, heads, -1]), [0, 2, 1, 3]);
  const [q, k, v] = [0, 1, 2].map(() => apart(project(net, x, heads * size))) as [Made, Made, Made];
  const scores = net.add("MatMul", [q, net.transpose(k, [0, 1, 3, 2])], {}, [1, heads, time, time]);
  let logits = net.binary(c.pick(["Mul", "Div"]), scores, 0.7);
  if (c.flag()) {
    const mask = Array.from({ length: time * time }, (_, i) => (i % time > Math.floor(i / time) ? -1e9 : 0));
    logits = net.binary("Add", logits, net.constant([time, time], mask));
  }
  const weights = net.unary("Softmax", logits, { axis: 3 });
  const heard = net.add("MatMul", [weights, v], {}, [1, heads, time, size]);
  const together = net.reshape(net.transpose(heard, [0, 2, 1, 3]), [1, time, heads * size]);
  const out = project(net, together, x.shape[2]!);
  return c.flag() ? net.binary("Add", x, out) : out;
};

/** The operator of operator set 23. */
const attentionOperator: Step = (x, c, net) => {
  const time = x.shape[1]!;
  const groups = c.pick([1, 2]);
  const heads = groups * c.pick([1, 2]);
  const size = 2;
  const [q, k, v] = [heads, groups, groups].map((n) => project(net, x, n * size)) as [Made, Made, Made];
  const attributes = {
    q_num_heads: heads,
    kv_num_heads: groups,
    is_causal: c.below(2),
    ...(c.flag() && { softcap: float(1.5) }),
    ...(c.flag() && { scale: float(0.4) }),
  };
  const mask = Array.from({ length: time * time }, (_, i) => (i % 3 === 1 && i % time !== 0 ? -2 : 0.1));
  const given = c.flag() ? [net.constant([time, time], mask)] : [];
  return net.add("Attention", [q, k, v, ...given], attributes, [1, time, heads * size]);
};

/** A recurrent layer over the tokens; its output is that of every step, or the last state. */
const recurrent: Step = (x, c, net) => {
  const [, time, width] = x.shape as [number, number, number];
  if (time > 8) return undefined;
  const [op, gates] = c.pick<readonly [string, number]>([
    ["GRU", 3],
    ["LSTM", 4],
    ["RNN", 1],
  ]);
  const hidden = 2 + c.below(2);
  const direction = c.pick(["forward", "reverse", "bidirectional"]);
  const directions = direction === "bidirectional" ? 2 : 1;
  const steps = net.transpose(x, [1, 0, 2]);
  const weights = [
    net.weights([directions, gates * hidden, width], width),
    net.weights([directions, gates * hidden, hidden], hidden),
  ];
  const bias = c.flag() ? net.weights([directions, 2 * gates * hidden], 9) : "";
  const initial = c.flag() ? [net.weights([directions, 1, hidden], 4)] : [];
  const attributes = {
    hidden_size: hidden,
    direction,
    ...(op === "GRU" && { linear_before_reset: c.below(2) }),
    ...(op === "LSTM" && c.flag() && { input_forget: 1 }),
  };
  const whole = c.flag();
  const shapes = [whole ? [time, directions, 1, hidden] : undefined, whole ? undefined : [directions, 1, hidden]];
  const made = net.addMany(
    op,
    [steps, ...weights, bias, ...(initial.length > 0 ? ["", ...initial] : [])],
    attributes,
    shapes,
  );
  if (!whole) return net.reshape(net.transpose(made[1]!, [1, 0, 2]), [1, directions * hidden]);
  return net.reshape(net.transpose(made[0]!, [2, 0, 1, 3]), [1, time, directions * hidden]);
};

const last: Step = (x, c, net) => {
  const [, time, width] = x.shape as [number, number, number];
  if (c.flag()) return net.reduce(c.pick(["ReduceMean", "ReduceMax"]), x, [1], 0);
  return net.add("Gather", [x, net.constant([], [time - 1], "int64")], { axis: 1 }, [1, width]);
};

const mixed: Step = (x, c, net) => {
  const [, time, width] = x.shape as [number, number, number];
  const turned = net.transpose(x, [0, 2, 1]);
  const made = net.add("MatMul", [turned, net.weights([time, time], time)], {}, [1, width, time]);
  return net.transpose(c.flag() ? net.unary("Relu", made) : made, [0, 2, 1]);
};

/** A convolution along time. */
const temporal: Step = (x, c, net) => {
  const [, time, width] = x.shape as [number, number, number];
  const out = 1 + c.below(3);
  const kernel = Math.min(time, 3);
  const turned = net.transpose(x, [0, 2, 1]);
  const pads = [kernel - 1, 0];
  const weight = net.weights([out, width, kernel], width * kernel);
  return net.transpose(net.add("Conv", [turned, weight], { kernel_shape: [kernel], pads }, [1, out, time]), [0, 2, 1]);
};

export const SEQUENCES: Readonly<Record<string, Step>> = {
  attention: tokens(attention),
  "attention operator": tokens(attentionOperator, 23),
  recurrent: tokens(recurrent),
  last: tokens(last),
  "mixed over time": tokens(mixed),
  "temporal conv": tokens(temporal),
};
