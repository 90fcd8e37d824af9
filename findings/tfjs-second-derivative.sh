#!/usr/bin/env bash
# TensorFlow.js takes second derivatives through tanh, sigmoid and exp wrongly, without an error.
#
# Version: @tensorflow/tfjs 4.22.0, backend cpu.
# The gradients of these functions reuse the saved output as a constant, so that the inner `grad` is not differentiated
# through it. Alone, such a function ends in an error ("Cannot compute gradient of y=f(x) ..."); inside a sum or product
# (a gradient penalty, Double DIGR) the term is missing. softplus, sin, sqrt, log, erf and pow are right.
# Seen, second derivative of x·f(x) at 0.5 beside that of central differences of the first:
# `tanh 1.573 (1.209) sigmoid 0.470 (0.441) exp 3.297 (4.122) softplus 1.362 (1.362)`
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0
cat > run.mjs <<'JS'
import tf from "@tensorflow/tfjs";

await tf.setBackend("cpu");
const at = 0.5;
const step = 1e-2;
const seen = [];
for (const name of ["tanh", "sigmoid", "exp", "softplus"]) {
  const value = (x) => tf.sum(tf.mul(x, tf[name](x)));
  const first = tf.grad(value);
  const second = tf.grad((x) => tf.sum(first(x)));
  const [given] = await second(tf.tensor1d([at])).data();
  const [above] = await first(tf.tensor1d([at + step])).data();
  const [below] = await first(tf.tensor1d([at - step])).data();
  seen.push(`${name} ${given.toFixed(3)} (${((above - below) / (2 * step)).toFixed(3)})`);
}
console.log(seen.join(" "));
JS
seen=$(node run.mjs 2>errors | tail -1)
echo "$seen"
[ "$seen" = "tanh 1.573 (1.209) sigmoid 0.470 (0.441) exp 3.297 (4.122) softplus 1.362 (1.362)" ]
