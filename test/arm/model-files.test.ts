import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { modelFromFile } from "#src/arm/mujoco.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mjcf-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, data: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, data);
  return path;
}

/** A right-angled tetrahedron of 0.3 m legs as OBJ; its volume is 0.3³ / 6. */
const OBJ = "v 0 0 0\nv .3 0 0\nv 0 .3 0\nv 0 0 .3\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n";
const body = (mesh: string) =>
  `<worldbody><body name="a"><joint name="j"/><geom type="mesh" mesh="${mesh}" density="1000"/></body></worldbody>`;

it.each([
  ["a mesh beside it", "arm.xml", '<asset><mesh name="m" file="m.obj"/></asset>', { "m.obj": OBJ }],
  [
    "a mesh in a folder",
    "arm.xml",
    '<compiler meshdir="a b"/><asset><mesh name="m" file="m.obj"/></asset>',
    { "a b/m.obj": OBJ },
  ],
  [
    "a mesh above it",
    "x/arm.xml",
    "<compiler meshdir='../assets'/><asset><mesh name='m' file='v/m.obj'/></asset>",
    { "assets/v/m.obj": OBJ },
  ],
  [
    "includes whose meshes and settings are elsewhere",
    "arm.xml",
    '<include file="parts/settings.xml"/><include file="parts/meshes.xml"/>',
    {
      "parts/settings.xml": '<mujoco><compiler assetdir="meshes"/></mujoco>',
      "parts/meshes.xml": '<mujocoinclude><asset><mesh name="m" file="m.obj"/></asset></mujocoinclude>',
      "meshes/m.obj": OBJ,
    },
  ],
])("an MJCF file with %s has the mesh's mass", async (_, name, head, files) => {
  for (const [file, data] of Object.entries(files)) await put(file, data);
  const path = await put(name, `<mujoco>${head}${body("m")}</mujoco>`);
  for (let again = 0; again < 2; again++) {
    const model = await modelFromFile(path);
    expect(model.arrays.get("body_mass")[1]).toBeCloseTo((1000 * 0.3 ** 3) / 6, 4);
    model.delete();
  }
});

it("a file that is missing is named", async () => {
  const path = await put("arm.xml", `<mujoco><asset><mesh name="m" file="gone.obj"/></asset>${body("m")}</mujoco>`);
  await expect(modelFromFile(path)).rejects.toThrow(/arm\.xml: MuJoCo cannot compile it: .*gone\.obj/);
});
