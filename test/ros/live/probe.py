"""A ROS 2 node for tests, in another client library than the package's: commands as JSON lines in, answers out."""

import array
import base64
import json
import math
import os
import sys
import threading
import time

import player
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosidl_runtime_py import message_to_ordereddict, set_message_fields
from rosidl_runtime_py.utilities import get_message, get_service


def profile(reliability='reliable', durability='volatile', depth=10):
    return QoSProfile(
        depth=depth,
        reliability=getattr(ReliabilityPolicy, reliability.upper()),
        durability=getattr(DurabilityPolicy, durability.upper()),
    )


def qos_of(info):
    return {
        'reliability': info.qos_profile.reliability.name.lower(),
        'durability': info.qos_profile.durability.name.lower(),
        'depth': info.qos_profile.depth,
    }


def plain(value):
    """A message as JSON has it: byte arrays in base64, NaN and infinities as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def message_of(type_name, fields):
    """A message from JSON: `data` of images as base64 under `data_base64`, NaN as text."""
    message = get_message(type_name)()
    fields = dict(fields)
    data = fields.pop('data_base64', None)
    set_message_fields(message, numbers(fields))
    if data is not None:
        message.data = array.array('B', base64.b64decode(data))
    return message


def numbers(value):
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return float(value) if value in ('nan', 'inf', '-inf') else value


class Probe:
    def __init__(self):
        use_sim_time = os.environ.get('PROBE_SIM_TIME') == '1'
        self.node = rclpy.create_node(
            'probe_%d' % os.getpid(),
            parameter_overrides=[Parameter('use_sim_time', value=use_sim_time)],
        )
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.publishers = {}
        self.subscriptions = {}
        self.received = {}
        self.changed = threading.Condition()
        self.streams = {}
        threading.Thread(target=self.executor.spin, daemon=True).start()

    def between(self, act):
        """Does something in the executor's thread: what it waits for may not come or go while it waits."""
        done = threading.Event()
        task = self.executor.create_task(act)
        task.add_done_callback(lambda _: done.set())
        done.wait()
        return task.result()

    def subscribe(self, topic, type, count_only=False, **qos):
        self.received[topic] = {'count': 0, 'messages': []}
        mine = self.received[topic]

        def take(message):
            seen = time.time_ns()
            with self.changed:
                mine['count'] += 1
                if not count_only:
                    mine['messages'].append((seen, message))
                    del mine['messages'][:-400]
                self.changed.notify_all()

        self.subscriptions[topic] = self.between(
            lambda: self.node.create_subscription(get_message(type), topic, take, profile(**qos))
        )

    def unsubscribe(self, topic):
        subscription = self.subscriptions.pop(topic)
        self.between(lambda: self.node.destroy_subscription(subscription))

    def count(self, topic):
        return self.received[topic]['count']

    def take(self, topic, count=1, timeout=20.0, arrays=64, fresh=False):
        """The next `count` messages of a topic, as soon as there are so many, or those there are after `timeout`."""
        mine = self.received[topic]
        with self.changed:
            if fresh:
                mine['messages'].clear()
            self.changed.wait_for(lambda: len(mine['messages']) >= count, timeout)
            taken = mine['messages'][:count]
            del mine['messages'][:count]
        return [self.shown(message, seen, arrays) for seen, message in taken]

    def shown(self, message, seen, arrays):
        shown = plain(message_to_ordereddict(message, truncate_length=arrays))
        data = getattr(message, 'data', None)
        if isinstance(data, array.array) and data.typecode == 'B':
            shown['data'] = {'length': len(data), 'base64': base64.b64encode(bytes(data)).decode()}
        return {'seen': str(seen), 'message': shown}

    def publish(self, topic, type, message, stamp=None, **qos):
        self.publisher(topic, type, qos).publish(self.stamped(message_of(type, message), stamp))

    def publisher(self, topic, type, qos):
        key = topic, type
        if key not in self.publishers:
            self.publishers[key] = self.between(
                lambda: self.node.create_publisher(get_message(type), topic, profile(**qos))
            )
        return self.publishers[key]

    def unpublish(self, topic, type):
        publisher = self.publishers.pop((topic, type))
        self.between(lambda: self.node.destroy_publisher(publisher))

    def stamped(self, message, stamp):
        """`stamp`: seconds from now, or none to leave the stamp as it is."""
        if stamp is not None:
            now = self.node.get_clock().now().nanoseconds + round(stamp * 1e9)
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(now, 10**9)
        return message

    def stream(self, name, hz, parts, count=0):
        """Publishes the same messages again and again with fresh stamps, all parts of a tick with one stamp."""
        ready = [
            (self.publisher(part['topic'], part['type'], part.get('qos', {})), message_of(part['type'], part['message']))
            for part in parts
        ]
        state = {'sent': 0, 'stop': False}
        self.streams[name] = state

        def send():
            following = time.monotonic()
            while not state['stop'] and (count == 0 or state['sent'] < count):
                now = self.node.get_clock().now().to_msg()
                for publisher, message in ready:
                    if hasattr(message, "header"):
                        message.header.stamp = now
                    publisher.publish(message)
                state['sent'] += 1
                following += 1 / hz
                time.sleep(max(0, following - time.monotonic()))

        state['thread'] = threading.Thread(target=send, daemon=True)
        state['thread'].start()

    def play(self, **scene):
        """Plays a camera and an arm, see player.py. Returns the ticks."""

        def create(type, topic, qos):
            return self.between(lambda: self.node.create_publisher(type, topic, qos))

        publishers, played = player.play(self.node, create, **scene)
        time.sleep(0.5)  # what is on its way arrives
        for publisher in publishers:
            self.between(lambda publisher=publisher: self.node.destroy_publisher(publisher))
        return played

    def sent(self, name):
        return self.streams[name]['sent']

    def stop(self, name):
        state = self.streams.pop(name)
        state['stop'] = True
        state['thread'].join()
        return state['sent']

    def call(self, service, type, request, timeout=20.0):
        service_type = get_service(type)
        client = self.between(lambda: self.node.create_client(service_type, service))
        try:
            if not client.wait_for_service(timeout):
                raise RuntimeError(f'no service {service} within {timeout} s')
            message = service_type.Request()
            set_message_fields(message, numbers(request))
            future = client.call_async(message)
            done = threading.Event()
            future.add_done_callback(lambda _: done.set())
            if not done.wait(timeout):
                raise RuntimeError(f'{service} did not answer within {timeout} s')
            return plain(message_to_ordereddict(future.result(), truncate_length=None))
        finally:
            self.between(lambda: self.node.destroy_client(client))

    def topics(self):
        return {name: types for name, types in self.node.get_topic_names_and_types()}

    def services(self):
        return {name: types for name, types in self.node.get_service_names_and_types()}

    def nodes(self):
        return [f'{namespace.rstrip("/")}/{name}' for name, namespace in self.node.get_node_names_and_namespaces()]

    def endpoints(self, topic):
        def shown(infos):
            return [
                {'node': f'{i.node_namespace.rstrip("/")}/{i.node_name}', 'type': i.topic_type, 'qos': qos_of(i)}
                for i in infos
            ]

        return {
            'publishers': shown(self.node.get_publishers_info_by_topic(topic)),
            'subscriptions': shown(self.node.get_subscriptions_info_by_topic(topic)),
        }

    def now(self):
        return str(self.node.get_clock().now().nanoseconds)


def main():
    rclpy.init()
    probe = Probe()
    print(json.dumps({'id': 0, 'answer': 'ready'}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {'answer': getattr(probe, command['do'])(**command.get('with', {}))}
        except Exception as error:  # the test gets every failure
            answer = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps({'id': command['id'], **answer}), flush=True)
    os._exit(0)


if __name__ == '__main__':
    main()
