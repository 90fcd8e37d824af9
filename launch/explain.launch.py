"""Explains a policy beside a running arm: camera image and joint states in, explanation out."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

NODE = 'torquelens'

# name: (default, description). An empty default leaves the value to the parameter file or the node.
ARGUMENTS = {
    'policy': ('', 'Policy, an ONNX file with its card beside it'),
    'params_file': ('', 'YAML file of parameters; arguments given here override it'),
    'namespace': ('', 'Namespace of the node'),
    'use_sim_time': ('', 'Follow /clock: true or false'),
    'image': ('', 'Topic of the camera image, without /compressed'),
    'joint_states': ('', 'Topic of the joint states'),
    'publish_torque': ('', 'Publish the policy\'s torques on ~/torque_command, to command the arm: true or false'),
    'autostart': ('', 'Configure and activate at start: true or false'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
    'viewer': ('', 'Serve the page that shows the explanation in a browser: true or false'),
    'rviz': ('false', 'Show the explanation in RViz: true or false'),
}

# Arguments that set the node parameter of the same name.
BOOLEANS = ('use_sim_time', 'publish_torque', 'autostart', 'viewer')

# Topics of the node that launch/torquelens.rviz shows.
SHOWN = ('overlay', 'heatmap/mono16', 'markers')


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=nodes)])


def nodes(context):
    """The actions for the arguments as they were given."""
    given = {name: context.launch_configurations[name] for name in ARGUMENTS}
    parameters = []
    if given['params_file']:
        parameters.append(path(given['params_file']))
    overrides = {name: boolean(name, given[name]) for name in BOOLEANS if given[name]}
    if given['policy']:
        overrides['policy'] = path(given['policy'])
    if overrides:
        parameters.append(overrides)
    actions = [
        Node(
            package='torquelens',
            executable='explain_node',
            name=NODE,
            namespace=given['namespace'],
            parameters=parameters,
            remappings=[(name, given[name]) for name in ('image', 'joint_states') if given[name]],
            arguments=['--ros-args', '--log-level', given['log_level']],
            output='screen',
        )
    ]
    if boolean('rviz', given['rviz']):
        actions.append(rviz(given['namespace'], overrides.get('use_sim_time', False)))
    return actions


def rviz(namespace, use_sim_time):
    """RViz, its topics those of the node."""
    config = os.path.join(get_package_share_directory('torquelens'), 'launch', 'torquelens.rviz')
    base = '/' + namespace.strip('/') if namespace.strip('/') else ''
    return Node(
        package='rviz2',
        executable='rviz2',
        arguments=['-d', config],
        parameters=[{'use_sim_time': use_sim_time}],
        remappings=[(f'/{NODE}/{topic}', f'{base}/{NODE}/{topic}') for topic in SHOWN] if base else [],
        output='screen',
    )


def path(name):
    """A file as an absolute path: the node may run elsewhere."""
    return os.path.abspath(os.path.expanduser(name))


def boolean(name, text):
    """What a launch argument of true or false says."""
    words = {'true': True, '1': True, 'false': False, '0': False}
    if text.lower() not in words:
        raise RuntimeError(f"launch argument '{name}' is '{text}'; expected true or false")
    return words[text.lower()]
