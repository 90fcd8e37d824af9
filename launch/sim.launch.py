"""The simulator as a ROS 2 graph, and the explanation of the policy that moves its arm."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

# name: (default, description)
ARGUMENTS = {
    'task': ('reacher', 'Simulated task (reacher, peg, door or baxter) or world (red-fetch-green, breakout or highway)'),
    'policy': ('', 'Policy that drives and is explained; default: the shipped policy of the task'),
    'params_file': ('', 'YAML file of parameters of both nodes; arguments given here override it'),
    'namespace': ('', 'Namespace of both nodes'),
    'driver': ('policy', 'Source of the torques: policy (inside the simulator) or topic (from the explaining node; of a world from a client)'),
    'explain': ('true', 'Start the explaining node too: true or false'),
    'viewer': ('', 'Serve the page that shows the explanation in a browser: true or false'),
    'rviz': ('false', 'Show the explanation in RViz: true or false'),
}

# Policies of these command no torques.
WORLDS = ('red-fetch-green', 'breakout', 'highway')


def generate_launch_description():
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=nodes)])


def nodes(context):
    """The actions for the arguments as they were given."""
    given = {name: context.launch_configurations[name] for name in ARGUMENTS}
    share = get_package_share_directory('torquelens')
    policy = path(given['policy'] or os.path.join(share, 'models', given['task'] + '.onnx'))
    simulator = Node(
        package='torquelens',
        executable='sim_node',
        name='torquelens_sim',
        namespace=given['namespace'],
        parameters=[
            *([path(given['params_file'])] if given['params_file'] else []),
            {'task': given['task'], 'policy': policy, 'driver': given['driver']},
        ],
        remappings=[('torque_command', 'torquelens/torque_command')],
        output='screen',
    )
    explain = given['explain'].lower()
    if explain not in ('true', '1', 'false', '0'):
        raise RuntimeError(f"launch argument 'explain' is '{given['explain']}'; expected true or false")
    if explain in ('false', '0'):
        return [simulator]
    source = PythonLaunchDescriptionSource(os.path.join(share, 'launch', 'explain.launch.py'))
    arguments = {
        'policy': policy,
        'params_file': given['params_file'],
        'namespace': given['namespace'],
        'use_sim_time': 'true',
        'image': 'camera/image',
        'publish_torque': 'true' if given['driver'] == 'topic' and given['task'] not in WORLDS else '',
        'viewer': given['viewer'],
        'rviz': given['rviz'],
    }
    # First, because a wrong argument must end the launch before anything is started.
    return [IncludeLaunchDescription(source, launch_arguments=arguments.items()), simulator]


def path(name):
    """A file as an absolute path: the node may run elsewhere."""
    return os.path.abspath(os.path.expanduser(name))
