/**
 * 33 evenly spaced colours of each map, red, green and blue in hexadecimal; between them linear interpolation is within
 * 2/255 of the map.
 * `inferno` and `viridis` are by Smith, van der Walt and Firing (CC0, bids.github.io/colormap);
 * `turbo` is by Mikhailov (Apache-2.0, "Turbo, An Improved Rainbow Colormap for Visualization", 2019).
 */
const ANCHORS = {
  inferno:
    "0000040403120b0724150b37210c4a2f0a5b3d09654a0c6b56106e63156e70196e7d1e6d89226a962766a32c61af315bbb3654" +
    "c63d4dd14545da4f3ce35932eb6529f1721ef67f14f98c0afb9b06fcaa0ffbba1ff9c932f5d949f2e865f3f586fcffa4",
  viridis:
    "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e21908c" +
    "1f978b1f9f8821a68527ad8131b57b3ebc744dc26c5cc8636ece5882d34d95d840aadc32c0df25d5e21aeae51afde725",
  turbo:
    "30123b392a734040a24456c7466be34680f64293ff37a7fa28bbec1dccd918dcc31ee8b031f2994cf97e6bfe648aff4ca2fc3c" +
    "b8f735cced34dee037edd03af7c03afdad35fe982cfb8022f56818ec520fe14109d23105c12302ac1701950d017a0403",
} as const;

/** Colour maps for heatmaps, by name; the luminance of `inferno` and `viridis` rises evenly, that of `turbo` does not. */
export type Colormap = keyof typeof ANCHORS;
export const COLORMAPS = Object.keys(ANCHORS) as readonly Colormap[];

const tables = new Map<Colormap, Uint8Array>();

/** The map as 256 colours of red, green and blue, [256 × 3]; index 0 is the lowest value. Shared: do not write to it. */
export function colorTable(name: Colormap): Uint8Array {
  let table = tables.get(name);
  if (!table) {
    table = interpolate(Uint8Array.from(ANCHORS[name].match(/../g)!, (byte) => Number.parseInt(byte, 16)));
    tables.set(name, table);
  }
  return table;
}

function interpolate(anchors: Uint8Array): Uint8Array {
  const segments = anchors.length / 3 - 1;
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const position = (i * segments) / 255;
    const left = Math.min(Math.floor(position), segments - 1);
    const weight = position - left;
    for (let c = 0; c < 3; c++) {
      const from = anchors[3 * left + c]!;
      const to = anchors[3 * left + 3 + c]!;
      table[3 * i + c] = Math.round(from + weight * (to - from));
    }
  }
  return table;
}
