"""A camera and an arm for tests: what they publish, and the same pictures and states as files for `torquelens explain`.

Every encoding is written from its definition in sensor_msgs/image_encodings, and the arm's kinematics from its
description, by other code than the package's.
"""

import json
import math
import os
import struct
import time
import zlib

import numpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image, JointState

WIDTH, HEIGHT = 96, 96
# Order of the samples of a pixel in formats of 8 bits.
SAMPLES = {'rgb8': 'rgb', 'bgr8': 'bgr', 'rgba8': 'rgba', 'bgra8': 'bgra'}
# Order of the four bytes of two pixels. `yuv422` is UYVY.
YUV = {'yuv422': 'uyvy', 'uyvy': 'uyvy', 'yuv422_yuy2': 'yuyv', 'yuyv': 'yuyv'}
DEPTH = ('16UC1', 'mono16')
# Bytes between the rows of a padded image: an odd number, so that samples of 16 bits lie at odd addresses.
PADDING = 5
NOT_A_PIXEL = 0xA5

# urdf/reacher.urdf: lengths of the links, m; positions at the start, rad; velocities, rad/s.
LINKS = 0.12, 0.13
START = {'shoulder': 0.3, 'elbow': 1.5}
# The elbow's limit is 2.7 rad. Near it the importance of a torque depends on the torque before, which the files lack.
FREE = 2.4
VELOCITY = {'shoulder': 0.4, 'elbow': -0.7}


def colours(tick):
    """A scene that moves with the ticks: [height, width, 3], red, green, blue."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    waves = [128 + 90 * numpy.sin(0.11 * x + a * y + 0.5 * tick + b) for a, b in ((0.02, 0), (0.07, 2), (-0.05, 4))]
    scene = numpy.stack(waves, axis=2)
    scene[(x - 30 - 3 * tick) ** 2 + (y - 60) ** 2 < 100] = 255, 56, 20
    return scene.round().astype(numpy.uint8)


def depths(tick):
    """Depth, mm, [height, width]; 0 where the camera saw nothing."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    scene = 1500 + 8 * x + 5 * y + 400 * numpy.sin(0.1 * x + 0.4 * tick)
    scene[(x - 50 + 3 * tick) ** 2 + (y - 40) ** 2 < 150] = 700
    scene[:, :3] = 0
    return scene.round().astype(numpy.uint16)


def to_yuv(rgb):
    """BT.601 of limited range: luma per pixel, colours per pair of pixels."""
    red, green, blue = (rgb[..., i].astype(float) for i in range(3))
    luma = 16 + 0.257 * red + 0.504 * green + 0.098 * blue
    u = 128 - 0.148 * red - 0.291 * green + 0.439 * blue
    v = 128 + 0.439 * red - 0.368 * green - 0.071 * blue
    pairs = [(c[:, 0::2] + c[:, 1::2]) / 2 for c in (u, v)]
    return [c.round().clip(0, 255).astype(numpy.int64) for c in (luma, *pairs)]


def from_yuv(luma, u, v):
    """The colours as OpenCV computes them, in fixed point with 20 fractional bits."""
    u, v = (numpy.repeat(c, 2, axis=1) - 128 for c in (u, v))
    base = 1220542 * (luma - 16).clip(0) + (1 << 19)
    parts = base + 1673527 * v, base - 852492 * v - 409993 * u, base + 2116026 * u
    return numpy.stack([(part >> 20).clip(0, 255) for part in parts], axis=2).astype(numpy.uint8)


def packed(order, luma, u, v):
    parts = {'u': [u], 'v': [v], 'y': [luma[:, 0::2], luma[:, 1::2]]}
    return numpy.stack([parts[name].pop(0) for name in order], axis=2).astype(numpy.uint8).reshape(HEIGHT, -1)


def rows(encoding, tick, big_endian):
    """The bytes of each row [height, bytes], and the picture that they hold."""
    if encoding in DEPTH:
        depth = depths(tick)
        return depth.astype('>u2' if big_endian else '<u2').view(numpy.uint8), depth
    rgb = colours(tick)
    if encoding in YUV:
        parts = to_yuv(rgb)
        return packed(YUV[encoding], *parts), from_yuv(*parts)
    if encoding == 'mono8':
        return rgb[..., 1], rgb[..., [1, 1, 1]]
    alpha = colours(tick + 7)[..., 0]
    samples = {**{name: rgb[..., i] for i, name in enumerate('rgb')}, 'a': alpha}
    return numpy.stack([samples[name] for name in SAMPLES[encoding]], axis=2).reshape(HEIGHT, -1), rgb


def raw(tick, encoding, padded=False, big_endian=False):
    data, picture = rows(encoding, tick, big_endian)
    if padded:
        data = numpy.pad(data, ((0, 0), (0, PADDING)), constant_values=NOT_A_PIXEL)
    message = Image(width=WIDTH, height=HEIGHT, encoding=encoding, step=data.shape[1], is_bigendian=int(big_endian))
    message.data.frombytes(data.tobytes())
    return message, png(picture)


def png(picture):
    """A PNG file of 8-bit colours [height, width, 3] or 16-bit grey [height, width]."""
    height, width = picture.shape[:2]
    bits, kind = (16, 0) if picture.ndim == 2 else (8, 2)
    lines = picture.astype('>u2' if bits == 16 else 'u1').tobytes()
    step = len(lines) // height
    lines = b''.join(b'\0' + lines[i * step : (i + 1) * step] for i in range(height))

    def chunk(name, body):
        return struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body))

    head = struct.pack('>IIBBBBB', width, height, bits, kind, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(lines)) + chunk(b'IEND', b'')


def compressed(tick, format, file=None):
    """A file in a message as image_transport's plugins make it; without `file` a PNG of the scene."""
    content = png(depths(tick) if 'compressedDepth' in format else colours(tick))
    if file is not None:
        with open(file, 'rb') as opened:
            content = opened.read()
    # compressed_depth_image_transport: a format and two parameters before the file, which depth of 16 bits leaves open.
    head = struct.pack('<iff', 0, 0, 0) if 'compressedDepth' in format else b''
    message = CompressedImage(format=format)
    message.data.frombytes(head + content)
    return message, content


def joints(seconds):
    """Position and velocity of each joint, and of the end effector, at a time since the start."""
    position = {name: START[name] + VELOCITY[name] * seconds for name in START}
    (first, second), (omega, bend) = position.values(), VELOCITY.values()
    angles, rates, point, velocity = (first, first + second), (omega, omega + bend), [0, 0, 0], [0, 0, 0]
    for length, angle, rate in zip(LINKS, angles, rates):
        along = length * math.cos(angle), length * math.sin(angle)
        point = [point[0] + along[0], point[1] + along[1], 0]
        velocity = [velocity[0] - rate * along[1], velocity[1] + rate * along[0], 0]
    return {
        'joint_position': position,
        'joint_velocity': dict(VELOCITY),
        'end_effector_position': point,
        'end_effector_velocity': velocity,
    }


def play(node, create, cameras, arm, directory, ticks=12, hz=20.0):
    """Publishes `ticks` images of each camera and the joint states of the same stamps.

    create: makes a publisher: type, topic, quality of service → publisher
    cameras: by modality `topic`, `reliable` (default: best effort), and arguments of `raw` or, with `format`, of
        `compressed`; each sees another scene
    arm: how the joint states are told: `messages`, the names in each; `velocity`, false to leave velocities out;
        `publishers`, true for one publisher for each message
    Ends early where the arm would leave the range in which it moves freely.
    Returns the publishers, and of each tick its stamp, ns, and the files of its pictures and its other inputs.
    """
    qualities = {
        reliable: QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT)
        for reliable in (False, True)
    }
    cameras = {name: dict(camera) for name, camera in cameras.items()}
    pictures = {
        name: create(
            CompressedImage if 'format' in camera else Image,
            camera.pop('topic'),
            qualities[camera.pop('reliable', False)],
        )
        for name, camera in cameras.items()
    }
    told = arm.get('messages', [list(START)])
    states = [
        create(JointState, '/joint_states', QoSProfile(depth=10))
        for _ in range(len(told) if arm.get('publishers') else 1)
    ]
    publishers = [*pictures.values(), *states]
    await_subscribers(publishers)
    played = []
    clock = node.get_clock()
    start = clock.now().nanoseconds
    for tick in range(ticks):
        time.sleep(max(0, (start + tick * 1e9 / hz - clock.now().nanoseconds) / 1e9))
        now = clock.now().nanoseconds
        stamp = Time(nanoseconds=now).to_msg()
        values = joints((now - start) / 1e9)
        # On a slow machine the ticks take longer, and the arm comes further.
        if abs(values['joint_position']['elbow']) > FREE:
            break
        for i, names in enumerate(told):
            state = joint_state(values, names, arm.get('velocity', True))
            state.header.stamp = stamp
            states[i % len(states)].publish(state)
        files = {}
        for ahead, (name, camera) in enumerate(cameras.items()):
            make = compressed if 'format' in camera else raw
            message, content = make(tick + 5 * ahead, **camera)
            message.header.stamp = stamp
            message.header.frame_id = 'lens'
            pictures[name].publish(message)
            files[name] = os.path.join(directory, f'{tick}.{name}')
            with open(files[name], 'wb') as file:
                file.write(content)
        inputs = os.path.join(directory, f'{tick}.json')
        with open(inputs, 'w') as file:
            json.dump(values, file)
        played.append({'stamp': str(now), 'pictures': files, 'inputs': inputs})
    return publishers, played


def await_subscribers(publishers):
    deadline = time.monotonic() + 20
    while missing := [p.topic_name for p in publishers if p.get_subscription_count() == 0]:
        if time.monotonic() > deadline:
            raise RuntimeError(f'nobody subscribes to {", ".join(missing)}')
        time.sleep(0.01)


def joint_state(values, names, velocity):
    """A message on the joints `names`; the gripper is none of the policy's."""
    position, rate = ({**values[quantity], 'gripper': 9.0} for quantity in ('joint_position', 'joint_velocity'))
    state = JointState(name=names, position=[position[name] for name in names])
    if velocity:
        state.velocity = [rate[name] for name in names]
    return state
