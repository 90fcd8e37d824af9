"""Small policies with random weights, built by the packages' own classes: name → (package, build).

`build()` gives a module and a function that draws an observation: float tensors by the names of the module's arguments.
Images are float, in the range that the package's network is fed.
"""

import gymnasium as gym
import torch
import torchvision
from torch import nn


def draw(**shapes):
    """An observation of normal numbers, or of images in [0, 1] for inputs that are named so."""

    def inputs(generator):
        kinds = {True: torch.rand, False: torch.randn}
        return {key: kinds["image" in key](shape, generator=generator) for key, shape in shapes.items()}

    return inputs


class Call(nn.Module):
    """A module whose forward is a function of its parts."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.call = forward

    def forward(self, *inputs):
        return self.call(self, *inputs)


def box(*shape, high=1.0, dtype="float32"):
    return gym.spaces.Box(0 if dtype == "uint8" else -high, high, shape, dtype)


# Stable-Baselines3


def sb3_ppo_mlp():
    from stable_baselines3.common.policies import ActorCriticPolicy

    policy = ActorCriticPolicy(box(12), box(3), lambda _: 0.0)
    module = Call(
        lambda self, x: self.action_net(self.latent(x)),
        latent=policy.mlp_extractor.policy_net,
        action_net=policy.action_net,
    )
    module.chain = True
    return module, draw(observation=(1, 12))


def sb3_ppo_cnn():
    from stable_baselines3.common.policies import ActorCriticCnnPolicy

    policy = ActorCriticCnnPolicy(box(3, 48, 48, high=255, dtype="uint8"), box(3), lambda _: 0.0, net_arch=[32])
    module = Call(
        lambda self, x: self.action_net(self.latent(self.features.linear(self.features.cnn(x)))),
        features=policy.features_extractor,
        latent=policy.mlp_extractor.policy_net,
        action_net=policy.action_net,
    )
    module.chain = True
    return module, draw(image=(1, 3, 48, 48))


def sb3_sac_multi_input():
    from stable_baselines3.sac.policies import MultiInputPolicy

    space = gym.spaces.Dict({"image": box(3, 40, 40, high=255, dtype="uint8"), "joints": box(14)})
    actor = MultiInputPolicy(space, box(4), lambda _: 0.0, net_arch=[32, 32]).actor
    module = Call(
        lambda self, image, joints: torch.tanh(
            self.actor.mu(self.actor.latent_pi(self.actor.features_extractor({"image": image, "joints": joints})))
        ),
        actor=actor,
    )
    return module, draw(image=(1, 3, 40, 40), joints=(1, 14))


def sb3_td3_mlp():
    from stable_baselines3.td3.policies import TD3Policy

    actor = TD3Policy(box(10), box(2), lambda _: 0.0, net_arch=[32, 24]).actor
    return Call(lambda self, x: self.mu(x), mu=actor.mu), draw(observation=(1, 10))


# rsl_rl


def rsl_rl(kind, **options):
    def build():
        from rsl_rl import models
        from tensordict import TensorDict

        observation = TensorDict({"policy": torch.zeros(1, 24)}, batch_size=[1])
        distribution = {"class_name": "GaussianDistribution", "init_std": 1.0}
        model = getattr(models, kind)(
            observation,
            {"actor": ["policy"]},
            "actor",
            6,
            hidden_dims=[32, 24],
            obs_normalization=True,
            distribution_cfg=distribution,
            **options,
        )
        with torch.no_grad():
            model.obs_normalizer._mean.normal_()
            model.obs_normalizer._std.uniform_(0.5, 2)
        exported = model.as_onnx(verbose=False)
        shapes = zip(exported.input_names, exported.get_dummy_inputs(), strict=True)
        module = Call(lambda self, *x: first(self.model(*x)), model=exported)
        return module, draw(**{name: tuple(x.shape) for name, x in shapes})

    return build


def first(outputs):
    return outputs[0] if isinstance(outputs, tuple) else outputs


# skrl


def skrl_gaussian():
    from skrl.utils.model_instantiators.torch import gaussian_model

    model = gaussian_model(
        observation_space=box(20),
        action_space=box(7),
        device="cpu",
        network=[{"name": "net", "input": "OBSERVATIONS", "layers": [32, 32], "activations": "elu"}],
        output="ACTIONS",
    )
    model.compute({"observations": torch.zeros(1, 20)})
    return Call(lambda self, x: self.model.compute({"observations": x})[0], model=model), draw(observation=(1, 20))


# robomimic


def robomimic(kind, **options):
    def build():
        import collections

        from robomimic.config import config_factory
        from robomimic.models import policy_nets
        from robomimic.utils import obs_utils

        config = config_factory("bc")
        with config.values_unlocked():
            config.observation.modalities.obs.low_dim = ["eef", "joints"]
            config.observation.modalities.obs.rgb = ["agentview_image"]
        obs_utils.initialize_obs_utils_with_config(config)
        shapes = collections.OrderedDict(eef=(3,), joints=(7,), agentview_image=(3, 48, 48))
        encoder = {
            "low_dim": {"core_class": None, "core_kwargs": {}, "obs_randomizer_class": None, "obs_randomizer_kwargs": {}},
            "rgb": {
                "core_class": "VisualCore",
                "core_kwargs": {
                    "feature_dimension": 16,
                    "backbone_class": "ResNet18Conv",
                    "backbone_kwargs": {"pretrained": False, "input_coord_conv": False},
                    "pool_class": "SpatialSoftmax",
                    "pool_kwargs": {"num_kp": 8, "learnable_temperature": False, "temperature": 1.0, "noise_std": 0.0},
                },
                "obs_randomizer_class": None,
                "obs_randomizer_kwargs": {},
            },
        }
        network = getattr(policy_nets, kind)(obs_shapes=shapes, ac_dim=7, encoder_kwargs=encoder, **options)
        sequence = kind.startswith("RNN")

        def forward(self, *inputs):
            observation = dict(zip(shapes, inputs, strict=True))
            if not sequence:
                return self.network(obs_dict=observation)
            return self.network({key: x[:, None] for key, x in observation.items()})[:, 0]

        batch = {key: (1, *shape) for key, shape in shapes.items()}
        return Call(forward, network=network), draw(**batch)

    return build


# torchvision and timm


def torchvision_resnet():
    return torchvision.models.resnet18(num_classes=5), draw(image=(1, 3, 64, 64))


def torchvision_vit():
    network = torchvision.models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64, num_classes=5
    )
    nn.init.normal_(network.heads.head.weight, 0, 0.2)
    return network, draw(image=(1, 3, 32, 32))


def torchvision_efficientnet():
    return torchvision.models.efficientnet_b0(num_classes=5), draw(image=(1, 3, 64, 64))


def timm_vit_registers():
    import timm

    network = timm.models.VisionTransformer(
        img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=2, num_classes=5, reg_tokens=4, init_values=0.3
    )
    nn.init.normal_(network.head.weight, 0, 0.2)
    nn.init.normal_(network.reg_token, 0, 0.5)
    nn.init.normal_(network.cls_token, 0, 0.5)
    return network, draw(image=(1, 3, 32, 32))


def timm_convnext():
    import timm

    network = timm.models.ConvNeXt(depths=(1, 1, 1, 1), dims=(16, 24, 32, 48), num_classes=5)
    nn.init.normal_(network.head.fc.weight, 0, 0.2)
    return network, draw(image=(1, 3, 64, 64))


# LeRobot

IMAGE, STATE, ACTION = "observation.images.top", "observation.state", "action"


def features(image, state=6, action=6):
    from lerobot.configs.types import FeatureType, PolicyFeature

    return {
        "input_features": {
            IMAGE: PolicyFeature(FeatureType.VISUAL, image),
            STATE: PolicyFeature(FeatureType.STATE, (state,)),
        },
        "output_features": {ACTION: PolicyFeature(FeatureType.ACTION, (action,))},
        "device": "cpu",
        "push_to_hub": False,
    }


def lerobot_act():
    from lerobot.policies.act.configuration_act import ACTConfig
    from lerobot.policies.act.modeling_act import ACT

    config = ACTConfig(
        **features((3, 64, 64)),
        chunk_size=4,
        n_action_steps=4,
        pretrained_backbone_weights=None,
        dim_model=32,
        n_heads=4,
        dim_feedforward=64,
        n_encoder_layers=2,
        n_decoder_layers=1,
        latent_dim=8,
    )
    network = ACT(config)
    module = Call(
        lambda self, image, state: self.network({"observation.images": [image], STATE: state})[0], network=network
    )
    return module, draw(image=(1, 3, 64, 64), state=(1, 6))


def lerobot_diffusion():
    """One denoising step, of the third of ten steps."""
    from lerobot.policies.diffusion.configuration_diffusion import DiffusionConfig
    from lerobot.policies.diffusion.modeling_diffusion import DiffusionModel

    config = DiffusionConfig(
        **features((3, 48, 48)),
        horizon=8,
        n_action_steps=4,
        crop_shape=None,
        down_dims=(16, 32),
        diffusion_step_embed_dim=16,
        spatial_softmax_num_keypoints=8,
        num_train_timesteps=10,
    )
    network = DiffusionModel(config)

    def forward(self, noisy, image, state):
        batch = {STATE: state, "observation.images": image}
        condition = self.network._prepare_global_conditioning(batch)
        return self.network.unet(noisy, torch.full((1,), 3), global_cond=condition)

    shapes = {"noisy": (1, 8, 6), "image": (1, 2, 1, 3, 48, 48), "state": (1, 2, 6)}
    return Call(forward, network=network), draw(**shapes)


def lerobot_vqbet():
    """The most probable codes, where the policy draws them."""
    from lerobot.policies.vqbet import modeling_vqbet
    from lerobot.policies.vqbet.configuration_vqbet import VQBeTConfig

    config = VQBeTConfig(
        **features((3, 48, 48)),
        n_obs_steps=2,
        n_action_pred_token=2,
        action_chunk_size=3,
        crop_shape=None,
        spatial_softmax_num_keypoints=8,
        vqvae_n_embed=8,
        vqvae_embedding_dim=16,
        vqvae_enc_hidden_dim=16,
        gpt_block_size=50,
        gpt_input_dim=32,
        gpt_output_dim=32,
        gpt_n_layer=2,
        gpt_n_head=2,
        gpt_hidden_dim=32,
        dropout=0.0,
    )
    network = modeling_vqbet.VQBeTModel(config)
    modeling_vqbet.torch = MostProbable()

    def forward(self, image, state):
        return self.network({STATE: state, "observation.images": image}, rollout=True)

    return Call(forward, network=network), draw(image=(1, 2, 1, 3, 48, 48), state=(1, 2, 6))


class MostProbable:
    """PyTorch, in which a draw is the most probable."""

    def __getattr__(self, name):
        return getattr(torch, name)

    def multinomial(self, probabilities, num_samples):
        return probabilities.argmax(-1, keepdim=True)


def lerobot_tdmpc():
    from lerobot.policies.tdmpc.configuration_tdmpc import TDMPCConfig
    from lerobot.policies.tdmpc.modeling_tdmpc import TDMPCTOLD

    given = features((3, 64, 64))
    given["input_features"] = {
        key.replace("images.top", "image"): feature for key, feature in given["input_features"].items()
    }
    config = TDMPCConfig(**given, latent_dim=16, mlp_dim=32, image_encoder_hidden_dim=8, state_encoder_hidden_dim=16)
    network = TDMPCTOLD(config)
    module = Call(
        lambda self, image, state: self.network.pi(
            self.network.encode({"observation.image": image, STATE: state})
        ),
        network=network,
    )
    return module, draw(image=(1, 3, 64, 64), state=(1, 6))


RNN = {
    "rnn_hidden_dim": 24,
    "rnn_num_layers": 1,
    "rnn_kwargs": {},
    "mlp_layer_dims": [24],
}

POLICIES = {
    "sb3-ppo-mlp": ("stable-baselines3", sb3_ppo_mlp),
    "sb3-ppo-cnn": ("stable-baselines3", sb3_ppo_cnn),
    "sb3-sac-multi-input": ("stable-baselines3", sb3_sac_multi_input),
    "sb3-td3-mlp": ("stable-baselines3", sb3_td3_mlp),
    "rsl-rl-mlp": ("rsl-rl-lib", rsl_rl("MLPModel")),
    "rsl-rl-lstm": ("rsl-rl-lib", rsl_rl("RNNModel", rnn_type="lstm", rnn_hidden_dim=24, rnn_num_layers=1)),
    "rsl-rl-gru": ("rsl-rl-lib", rsl_rl("RNNModel", rnn_type="gru", rnn_hidden_dim=24, rnn_num_layers=1)),
    "skrl-gaussian": ("skrl", skrl_gaussian),
    "robomimic-bc": ("robomimic", robomimic("ActorNetwork", mlp_layer_dims=[32, 32])),
    "robomimic-bc-rnn": ("robomimic", robomimic("RNNActorNetwork", **RNN)),
    "torchvision-resnet18": ("torchvision", torchvision_resnet),
    "torchvision-vit": ("torchvision", torchvision_vit),
    "torchvision-efficientnet-b0": ("torchvision", torchvision_efficientnet),
    "timm-vit-registers": ("timm", timm_vit_registers),
    "timm-convnext": ("timm", timm_convnext),
    "lerobot-act": ("lerobot", lerobot_act),
    "lerobot-diffusion-step": ("lerobot", lerobot_diffusion),
    "lerobot-vqbet": ("lerobot", lerobot_vqbet),
    "lerobot-tdmpc": ("lerobot", lerobot_tdmpc),
}
