"""The simulator as a ROS 2 graph, and the explanation of the shipped policy that moves its arm."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

# name: (default, description). An empty one leaves the matter to the parameter file, or to the node's own default.
ARGUMENTS = {
    'policy': ('', 'Policy that moves the arm and is explained; the shipped one unless given'),
    'params_file': ('', 'YAML file of parameters of both nodes'),
    'namespace': ('', 'Namespace of both nodes'),
    'explain': ('true', 'Start the explaining node too: true or false'),
    'rviz': ('false', 'Show the explanation in RViz: true or false'),
}


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
    policy = given['policy'] or os.path.join(share, 'models', 'reacher.onnx')
    policy = os.path.abspath(os.path.expanduser(policy))
    parameters = []
    if given['params_file']:
        parameters.append(os.path.abspath(os.path.expanduser(given['params_file'])))
    parameters.append({'policy': policy})
    actions = [
        Node(
            package='torquelens',
            executable='sim_node',
            name='torquelens_sim',
            namespace=given['namespace'],
            parameters=parameters,
            output='screen',
        )
    ]
    if given['explain'].lower() in ('true', '1'):
        arguments = {
            'policy': policy,
            'params_file': given['params_file'],
            'namespace': given['namespace'],
            'use_sim_time': 'true',
            'image': 'camera/image',
            'rviz': given['rviz'],
        }
        source = PythonLaunchDescriptionSource(os.path.join(share, 'launch', 'explain.launch.py'))
        actions.append(IncludeLaunchDescription(source, launch_arguments=arguments.items()))
    return actions
