import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { stringify } from "yaml";
import { openBag } from "#src/bag/open-bag.js";
import { encoderOf } from "#src/messages/cdr.js";
import { mcapOf, readAll, type Sample, writeDb3 } from "../../bag/recordings.js";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel } from "../../policy/model.js";
import { header, jointState, rawImage } from "../../sensing/messages.js";
import { runAlone } from "./runner.js";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const START = 1_700_000_000_000_000_000n;
const JOINTS = ["shoulder", "elbow"];
const [WIDTH, HEIGHT] = [80, 64];

/** Makes a folder with one sound file of each kind, small. @returns its path */
export async function makeScene(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "torquelens-scene-"));
  const put = (name: string, data: string | Uint8Array) => writeFileSync(join(folder, name), data);
  put("policy.onnx", reacherModel());
  put("policy.yaml", stringify(reacherCard()));
  for (const file of ["arm.xml", "arm.urdf"])
    put(
      `${file}.yaml`,
      stringify({ ...reacherCard(), arm: { file, ...(file === "arm.xml" ? { site: "ee" } : { link: "fingertip" }) } }),
    );
  put("arm.xml", readFileSync(join(repository, "models/reacher.xml")));
  put("arm.urdf", readFileSync(join(repository, "urdf/reacher.urdf")));
  const state = { joint_position: [0.3, -0.8], joint_velocity: { shoulder: 1, elbow: -2 } };
  const hand = { end_effector_position: [0.1, 0.2, 0], end_effector_velocity: [0.4, -0.3, 0] };
  put("state.json", JSON.stringify({ ...state, ...hand }));
  const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (7 * i) % 251);
  const image = sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  put("camera.png", await image.clone().png().toBuffer());
  put("camera.jpg", await image.clone().jpeg().toBuffer());
  put("camera.gif", await image.clone().gif().toBuffer());
  put("tiny.png", await image.clone().resize(1, 1).png().toBuffer());
  put(
    "drawing.svg",
    '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="64"><rect width="9" height="9"/></svg>',
  );
  const samples = recorded(pixels);
  put("run.mcap", await mcapOf(samples, { compression: "zstd" }));
  writeDb3(join(folder, "run.db3"), samples, 4);
  mkdirSync(join(folder, "split"));
  put("split/split_0.mcap", await mcapOf(samples));
  put("split/metadata.yaml", stringify({ rosbag2_bagfile_information: { relative_file_paths: ["split_0.mcap"] } }));
  put("old.bag", "#ROSBAG V2.0\n");
  put(
    "perturb.yaml",
    stringify([
      { tick: 1, light: 0.5 },
      { tick: 2, torque_noise: 0.1 },
    ]),
  );
  put("composite.yaml", readFileSync(join(repository, "test/fuzz/commands/composite.yaml")));
  mkdirSync(join(folder, "msgs/arm_msgs/msg"), { recursive: true });
  put("msgs/arm_msgs/msg/Grip.msg", "float64 force\nstring[] names\n");
  const simulated = ["sim", "--policy", "policy.onnx", "--ticks", "4", "--speed", "0", "--no-live"];
  const { code, stderr } = await runAlone([...simulated, "--record", "explained.mcap"], folder);
  if (code !== 0) throw new Error(`no explained recording: ${stderr}`);
  const bag = await openBag(join(folder, "explained.mcap"));
  writeDb3(join(folder, "explained.db3"), await readAll(bag), 4);
  await bag.close();
  return folder;
}

export const copyScene = (scene: string, folder: string): void => cpSync(scene, folder, { recursive: true });

/** Three images and four joint states, as a camera and an arm give them. */
function recorded(pixels: Uint8Array): Sample[] {
  return Array.from({ length: 7 }, (_, i): Sample => {
    const stamp = START + BigInt(i) * 25_000_000n;
    const type = i % 2 === 0 ? "sensor_msgs/msg/JointState" : "sensor_msgs/msg/Image";
    const step = { header: header(stamp), step: 3 * WIDTH };
    const message =
      i % 2 === 0
        ? jointState(stamp, JOINTS, [0.1 * i, -0.2], [0.1, 0.2])
        : rawImage("rgb8", WIDTH, HEIGHT, pixels, step);
    const topic = i % 2 === 0 ? "/joint_states" : "/camera/image";
    return { topic, type, logTime: stamp, data: encoderOf(type)(message) };
  });
}
