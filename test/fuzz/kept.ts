/** Cases in which `npm run fuzz` found a fault. */
export const KEPT: readonly { readonly kind: string; readonly found: string; readonly case: unknown }[] = [
  {
    kind: "networks",
    found: "padding in a soft-argmax took relevance, and no node was named",
    case: {
      policy: {
        seed: 875887,
        opset: 12,
        image: { height: 9, width: 4, channels: 1, how: 805763993418 },
        configuration: 1,
        trunk: [
          ["gelu by erf", 478031319985],
          ["prelu", 222364033309],
          ["pad", 525529769205],
          ["max with 0", 630339084481],
          ["softsign", 924546170736],
        ],
        join: ["points", 225747223026],
        head: [
          ["leaky as where", 15],
          ["gated", 257896446868],
          ["repeated", 801176047977],
        ],
        torques: 2,
        squash: ["none", 348054262761],
      },
      method: "dtd",
    },
  },
  {
    kind: "networks",
    found: "padding before an ELU took relevance, and no node was named",
    case: {
      policy: {
        seed: 682738,
        opset: 19,
        image: { height: 5, width: 9, channels: 1, how: 397154613755 },
        configuration: 1,
        trunk: [
          ["pad", 1013738625992],
          ["elu", 236222362082],
        ],
        join: ["tokens", 997124362034],
        head: [
          ["gated", 499536338133],
          ["gelu by erf", 1099511627771],
        ],
        torques: 1,
        squash: ["tanh", 351862464855],
      },
      method: "rap",
    },
  },
  {
    kind: "networks",
    found:
      "outputs of a transposed convolution that no input reaches lost their relevance in rap, and no node was named",
    case: {
      policy: {
        seed: 524820,
        opset: 15,
        image: { height: 6, width: 6, channels: 1, how: 0 },
        configuration: 4,
        trunk: [
          ["transposed conv", 580000655512],
          ["sine", 329600926844],
          ["softsign by parts", 577790952008],
        ],
        join: ["tokens", 551579054548],
        head: [
          ["celu", 551574079780],
          ["sliced", 948365475137],
          ["gelu by erf", 313788870328],
          ["attention", 80633848760],
        ],
        torques: 2,
        squash: ["clip", 824935616798],
      },
      method: "rap",
    },
  },
  {
    kind: "commands",
    found: "a database whose damaged tree leads back to earlier rows was read for ever",
    case: { line: 18, what: "file", which: 269858333673, how: 838557746208 },
  },
];
