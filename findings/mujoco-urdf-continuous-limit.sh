#!/usr/bin/env bash
# MuJoCo's URDF import stops a `continuous` joint at its <limit>, and lets the fixed base collide with its own child.
#
# Version: @mujoco/mujoco 3.14.0 (WebAssembly build on npm).
# URDF says that a continuous joint has no limits, and tools that read URDF let the two links of a joint touch. MuJoCo
# 3.14.0 gives the joint the range of <limit>: turned at 2 rad/s for 2 s it is thrown back at 1 rad, where it reaches
# 4 rad without <limit>. It also counts contacts between the base, which it welds to the world, and the base's child.
# Seen: `range -1 1, stops by 1.2 rad, free without <limit>: yes, contacts of base and child: yes`
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @mujoco/mujoco@3.14.0
cat > run.mjs <<'JS'
import load from "@mujoco/mujoco";

const mujoco = await load();
const link = (name) => `<link name="${name}">
  <collision><geometry><box size="0.2 0.2 0.2"/></geometry></collision>
  <inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>`;
const arm = (z, limit) => `<robot name="arm">${link("base")}${link("upper")}
  <joint name="turn" type="continuous"><parent link="base"/><child link="upper"/>
  <origin xyz="0 0 ${z}"/><axis xyz="0 0 1"/>${limit}</joint></robot>`;

/** Turns the joint at 2 rad/s for 2 s. */
function turn(urdf) {
  mujoco.FS.writeFile("/arm.urdf", urdf);
  const model = mujoco.MjModel.from_xml_path("/arm.urdf");
  const data = new mujoco.MjData(model);
  mujoco.mj_forward(model, data);
  const touching = data.ncon > 0;
  data.qvel[0] = 2;
  while (data.time < 2) mujoco.mj_step(model, data);
  return { range: [...model.jnt_range].join(" "), angle: data.qpos[0], touching };
}

const limit = '<limit lower="-1" upper="1" effort="10" velocity="5"/>';
const { range, angle } = turn(arm(1, limit));
const free = turn(arm(1, ""));
const near = turn(arm(0.15, limit));
console.log(
  `range ${range}, stops by ${Math.abs(angle) < 1.2 ? "1.2" : "nothing"} rad, ` +
    `free without <limit>: ${free.angle > 3.9 ? "yes" : "no"}, contacts of base and child: ${near.touching ? "yes" : "no"}`,
);
JS
seen=$(node run.mjs)
echo "$seen"
[ "$seen" = "range -1 1, stops by 1.2 rad, free without <limit>: yes, contacts of base and child: yes" ]
