import { expect, test } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { add, concat, conv, input, matmul, mul, relu, reshape, tanh, zeros } from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { sharedGradients } from "#src/train/network/shared-gradients.js";
import { evaluate, randoms, relativeError } from "../../evaluate.js";

const shapes = {
  kernel: [3, 2 + 3, 3, 3],
  offset: [3],
  weight: [12, 12],
  bias: [12],
  scale: [12],
  once: [12, 2],
} as const;
type Name = keyof typeof shapes;

/** Five steps of a convolution on its own last map, and of a layer on its own last output. */
function network(p: Readonly<Record<Name, Value>>, x: Value): Value {
  let map: Value = zeros([2, 3, 4, 3]);
  let hidden: Value = zeros([6, 12]);
  for (let t = 0; t < 5; t++) {
    map = tanh(conv(concat([x, map], 1), p.kernel, { pads: [1, 1, 1, 1] }, p.offset));
    hidden = mul(relu(add(matmul(add(hidden, reshape(map, [6, 12])), p.weight), p.bias)), p.scale);
  }
  return matmul(hidden, p.once);
}

test("gradients joined over the uses of a parameter are those added up use by use", async () => {
  const x = input("x", "float32", [2, 2, 4, 3]);
  const p = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, input(name, "float32", shape)]),
  ) as Readonly<Record<Name, Value>>;
  const seed = input("seed", "float32", [6, 2]);
  const of = network(p, x);
  const parameters = Object.values(p);
  const joined = sharedGradients(of, parameters, seed);
  const plain = gradients(of, parameters, seed);
  const outputs = Object.fromEntries(
    parameters.flatMap(({ name }, i) => [
      [`joined ${name}`, joined[i]!],
      [`plain ${name}`, plain[i]!],
    ]),
  );
  const inputs = [...parameters, x, seed];
  const feeds = Object.fromEntries(
    inputs.map(({ name, shape }, i) => {
      const data = randoms(
        shape.reduce((a, b) => a * b, 1),
        i,
        -0.5,
        0.5,
      );
      return [name!, { dtype: "float32" as const, shape, data }];
    }),
  );
  const found = await evaluate(inputs, outputs, feeds);
  for (const { name } of parameters) {
    expect(Math.max(...found[`plain ${name}`]!.map(Math.abs)), name).toBeGreaterThan(1e-4);
    expect(relativeError(found[`joined ${name}`]!, found[`plain ${name}`]!), name).toBeLessThan(1e-5);
  }
});
