"""Every loss against TRL's own code, values and gradients, on fresh random data.

    python3 Tests/Parity/losses.py                 draws cases, then runs the Swift test that reads them
    python3 Tests/Parity/losses.py --write FILE    only writes the cases (this is how Fixtures/losses-parity.jsonl came)
    --seed N, --package PATH                       another draw; where `swift test` runs

TRL's trainers are not started: their loss functions are called on a stand-in model that returns drawn log-probabilities
in float64, so that autograd gives the gradients. Without torch and trl this is skipped with a message.
"""

import argparse, json, math, os, subprocess, sys, tempfile
from collections import defaultdict
from types import SimpleNamespace

try:
    import torch
    from trl import DPOTrainer, GRPOTrainer, KTOTrainer, RewardTrainer
    from trl.experimental.cpo import CPOTrainer
    from trl.experimental.orpo import ORPOTrainer
except ImportError as error:
    print(f"skipped: the losses are compared with TRL, which is not installed here ({error}).")
    sys.exit(0)

torch.set_default_dtype(torch.float64)
PAIRS, WIDTH = 5, 6


class Accelerator:
    device, num_processes, sync_gradients = "cpu", 1, True

    def gather(self, value):
        return value

    gather_for_metrics = gather

    def reduce(self, value, reduction="sum"):
        return value

    def unwrap_model(self, model):
        return model


class Model(torch.nn.Module):
    """Returns drawn numbers in place of a forward pass."""

    is_gradient_checkpointing = False

    def __init__(self, *outputs):
        super().__init__()
        self.outputs = list(outputs)

    def forward(self, **_):
        return self.outputs.pop(0) if len(self.outputs) > 1 else self.outputs[0]


def draw(low, high, *shape):
    """Numbers that float32 holds exactly, so that both sides see the same."""
    return (torch.rand(*shape) * (high - low) + low).float().double()


def outputs(log_probs, collision=None):
    zeros = torch.zeros_like(log_probs)
    return SimpleNamespace(
        log_probs=log_probs, log_sum_sq_probs=zeros if collision is None else collision, entropy=zeros,
        mean_logits=zeros, is_top1=zeros.bool(), logits=zeros)


def mask(lengths):
    """Completion masks with one prompt token in front."""
    return torch.tensor([[0] + [1] * n + [0] * (WIDTH - n) for n in lengths])


def ragged(values, lengths):
    return [row[:n].tolist() for row, n in zip(values, lengths)]


def trainer(**settings):
    args = dict(discopop_tau=0.05, gradient_checkpointing_kwargs=None)
    args.update(settings.pop("args", {}))
    return SimpleNamespace(
        accelerator=Accelerator(), aux_loss_enabled=False, precompute_ref_logps=False, _tp_size=1,
        _total_train_tokens=0, _metrics={"train": defaultdict(list)}, args=SimpleNamespace(**args), **settings)


def dpo_case(options):
    lengths = torch.randint(1, WIDTH + 1, (2 * PAIRS,)).tolist()
    completion = mask(lengths)
    shifted = completion[:, 1:]
    policy = (draw(-3, 0, 2 * PAIRS, WIDTH) * shifted).requires_grad_()
    reference = (policy.detach() + draw(-0.6, 0.6, 2 * PAIRS, WIDTH)).float().double() * shifted
    collision = draw(-3, -0.5, 2 * PAIRS, WIDTH) * shifted
    types = options.get("loss_type", "sigmoid")
    types = types if isinstance(types, list) else [types]
    # TRL knows no float64 in this divergence: the test allows float32's rounding there.
    used = torch.float32 if options.get("f_divergence_type") == "alpha_divergence" else torch.float64
    self = trainer(
        model=Model(outputs(policy.to(used), collision)), ref_model=Model(outputs(reference.to(used))), beta=options.get("beta", 0.1),
        ld_alpha=options.get("ld_alpha"), f_divergence_type=options.get("f_divergence_type", "reverse_kl"),
        f_alpha_divergence_coef=options.get("f_alpha_divergence_coef", 0.5), loss_types=types,
        loss_weights=options.get("loss_weights", [1.0] * len(types)),
        label_smoothing=options.get("label_smoothing", 0.0), use_weighting=options.get("use_weighting", False),
        args=dict(discopop_tau=options.get("discopop_tau", 0.05)))
    tokens = torch.ones(2 * PAIRS, WIDTH + 1, dtype=torch.long)
    inputs = dict(input_ids=tokens, attention_mask=tokens, completion_mask=completion)
    loss = DPOTrainer._compute_loss(self, self.model, inputs, False)
    loss.backward()
    alpha = options.get("ld_alpha", 1.0)
    sums = []
    for row in range(2 * PAIRS):
        shared = min(lengths[row], lengths[(row + PAIRS) % (2 * PAIRS)])
        sums.append((reference[row, :shared].sum() + alpha * reference[row, shared:].sum()).item())
    case = dict(kind="dpo", options=options, loss=loss.item(), reference=sums)
    for name, values in [("policy", policy.detach()), ("collision", collision), ("gradient", policy.grad)]:
        case[name] = ragged(values, lengths)
    return case


def cpo_case(options):
    lengths = torch.randint(1, WIDTH + 1, (2 * PAIRS,))
    sums = (draw(-3, -0.1, 2 * PAIRS) * lengths).requires_grad_()
    mean = options["loss_type"] in ("ipo", "simpo")
    used = sums / lengths if mean else sums
    self = trainer(
        beta=options["beta"], loss_type=options["loss_type"], label_smoothing=options.get("label_smoothing", 0.0),
        simpo_gamma=options.get("simpo_gamma", 0.5), alpha=options.get("alpha", 0.0))
    losses, _, _ = CPOTrainer.cpo_loss(self, used[:PAIRS], used[PAIRS:])
    likelihood = -sums[:PAIRS].sum() / lengths[:PAIRS].sum()
    loss = losses.mean() + options["cpo_alpha"] * likelihood
    loss.backward()
    return dict(
        kind="cpo", options=options, loss=loss.item(), sums=sums.tolist(), lengths=lengths.tolist(),
        gradient=[[value] for value in sums.grad.tolist()])


def orpo_case(options):
    lengths = torch.randint(1, WIDTH + 1, (2 * PAIRS,))
    sums = (draw(-3, -0.01, 2 * PAIRS) * lengths).requires_grad_()
    used = sums / lengths
    losses, _, _, _, _ = ORPOTrainer.odds_ratio_loss(trainer(beta=options["beta"]), used[:PAIRS], used[PAIRS:])
    losses.mean().neg().backward()
    return dict(
        kind="orpo", options=options, loss=-losses.mean().item(), sums=sums.tolist(), lengths=lengths.tolist(),
        gradient=[[value] for value in sums.grad.tolist()])


def kto_case(options):
    count = 2 * PAIRS
    lengths = [WIDTH] * count
    policy = (draw(-3, 0, count, WIDTH)).requires_grad_()
    reference = (policy.detach() + draw(-0.6, 0.6, count, WIDTH)).float().double()
    mismatched = draw(-4, 0, count, WIDTH)
    reference_mismatched = (mismatched - draw(-0.2, 0.4, count, WIDTH)).float().double()
    usesKL = options["loss_type"] == "kto"
    label = torch.tensor([index % 3 != 1 for index in range(count)])
    self = trainer(
        model=Model(*([outputs(mismatched)] if usesKL else []), outputs(policy)),
        ref_model=Model(*([outputs(reference_mismatched)] if usesKL else []), outputs(reference)),
        calculate_KL=usesKL, beta=options["beta"], loss_type=options["loss_type"],
        desirable_weight=options.get("desirable_weight", 1.0),
        undesirable_weight=options.get("undesirable_weight", 1.0))
    self._compute_kl_logps = lambda model, batch: KTOTrainer._compute_kl_logps(self, model, batch)
    tokens = torch.ones(count, WIDTH + 1, dtype=torch.long)
    inputs = dict(input_ids=tokens, attention_mask=tokens, completion_mask=mask(lengths), label=label)
    if usesKL:
        inputs.update(KL_input_ids=tokens, KL_attention_mask=tokens, KL_completion_mask=mask(lengths))
    loss = KTOTrainer._compute_loss(self, self.model, inputs, False)
    loss.backward()
    return dict(
        kind="kto", options=options, loss=loss.item(), sums=(policy - reference).sum(1).tolist(),
        mismatched=(mismatched - reference_mismatched).sum(1).tolist(), desirable=label.tolist(),
        gradient=[[row[0].item()] for row in policy.grad])


def grpo_case(options):
    lengths = torch.randint(1, WIDTH + 1, (PAIRS,)).tolist()
    completion = mask(lengths)[:, 1:]
    policy = (draw(-3, 0, PAIRS, WIDTH) * completion).requires_grad_()
    old = (policy.detach() + draw(-0.5, 0.5, PAIRS, WIDTH)).float().double() * completion
    reference = (policy.detach() + draw(-0.6, 0.6, PAIRS, WIDTH)).float().double() * completion
    advantages = draw(-2, 2, PAIRS)
    beta = options.get("beta", 0.0)
    epsilon = options.get("epsilon", 0.2)
    self = trainer(
        model=Model(), top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level=options.get("importance_sampling_level", "token"), beta=beta,
        loss_type=options["loss_type"], epsilon_low=epsilon, epsilon_high=options.get("epsilon_high", epsilon),
        use_vllm=False, current_gradient_accumulation_steps=1,
        max_completion_length=options.get("max_completion_length", 0), _entropy_bonus_enabled=False,
        args=dict(delta=options.get("delta"), use_bias_correction_kl=False, steps_per_generation=1))
    self._get_per_token_logps_and_entropies = lambda *_, **__: (policy, torch.zeros_like(policy), None)
    ones = torch.ones(PAIRS, 1, dtype=torch.long)
    inputs = dict(
        prompt_ids=ones, prompt_mask=ones, completion_ids=torch.ones(PAIRS, WIDTH, dtype=torch.long),
        completion_mask=completion, advantages=advantages, old_per_token_logps=old, ref_per_token_logps=reference,
        num_items_in_batch=completion.sum())
    loss = GRPOTrainer._compute_loss(self, self.model, inputs)
    loss.backward()
    case = dict(kind="grpo", options=options, loss=loss.item(), advantages=advantages.tolist())
    for name, values in [("policy", policy.detach()), ("old", old), ("held", reference), ("gradient", policy.grad)]:
        case[name] = ragged(values, lengths)
    return case


def reward_case(options):
    rewards = draw(-3, 3, 2 * PAIRS, 1).requires_grad_()
    margins = draw(0, 1, PAIRS)
    self = trainer(args=dict(center_rewards_coefficient=options.get("center_rewards_coefficient")))
    self.model = Model(SimpleNamespace(logits=rewards))
    inputs = dict(attention_mask=torch.ones(1, 1), margin=margins)
    loss = RewardTrainer.compute_loss(self, self.model, inputs)
    loss.backward()
    return dict(
        kind="reward", options=options, loss=loss.item(), sums=rewards.flatten().tolist(), margins=margins.tolist(),
        gradient=rewards.grad.tolist())


def cases():
    beta = {"beta": 0.3}
    margin = ["sigmoid", "hinge", "ipo", "sigmoid_norm"]
    smooth = ["robust", "exo_pair", "aot", "aot_unpaired"]
    plain = ["nca_pair", "bco_pair", "sppo_hard", "apo_zero", "apo_down", "discopop", "sft"]
    for name in margin + plain:
        yield dpo_case({"loss_type": name, **beta})
        if name in ("sigmoid", "ipo", "nca_pair"):
            yield dpo_case({"loss_type": name, "use_weighting": True, **beta})
        if name != "sft":
            yield dpo_case({"loss_type": name, "ld_alpha": 0.4, **beta})
    for name in smooth:
        yield dpo_case({"loss_type": name, "label_smoothing": 0.15, **beta})
        yield dpo_case({"loss_type": name, "label_smoothing": 0.15, "ld_alpha": 0.4, **beta})
    for divergence in ["forward_kl", "js_divergence", "alpha_divergence"]:
        extra = {"f_alpha_divergence_coef": 0.3} if divergence == "alpha_divergence" else {}
        for name in margin + ["discopop"]:
            yield dpo_case({"loss_type": name, "f_divergence_type": divergence, **extra, **beta})
    yield dpo_case({"loss_type": "discopop", "discopop_tau": 0.4, **beta})
    yield dpo_case({"loss_type": ["sigmoid", "bco_pair", "sft"], "loss_weights": [0.8, 0.2, 1.0], **beta})
    yield dpo_case({"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.2], "ld_alpha": 0.7, **beta})
    yield dpo_case({"loss_type": ["sigmoid", "apo_zero"], "use_weighting": True, "ld_alpha": 0.7, **beta})
    for name in ["sigmoid", "hinge", "ipo", "simpo"]:
        yield cpo_case({"loss_type": name, "beta": 0.4, "cpo_alpha": 1.0})
        yield cpo_case({"loss_type": name, "beta": 0.4, "cpo_alpha": 0.5, "alpha": 0.25 if name == "simpo" else -0.1})
    for name in ["sigmoid", "simpo"]:
        yield cpo_case({"loss_type": name, "beta": 0.4, "cpo_alpha": 0.0, "label_smoothing": 0.1})
    yield orpo_case({"beta": 0.1})
    for name in ["kto", "apo_zero_unpaired"]:
        yield kto_case({"loss_type": name, "beta": 0.1})
        yield kto_case({"loss_type": name, "beta": 0.1, "desirable_weight": 1.3, "undesirable_weight": 0.7})
    for name in ["dapo", "bnpo", "dr_grpo", "grpo"]:
        extra = {"max_completion_length": 12} if name == "dr_grpo" else {}
        yield grpo_case({"loss_type": name, **extra})
        yield grpo_case({"loss_type": name, "beta": 0.04, "epsilon_high": 0.28, **extra})
        yield grpo_case({"loss_type": name, "importance_sampling_level": "sequence", "beta": 0.04, **extra})
    yield grpo_case({"loss_type": "grpo", "epsilon": 0.1, "delta": 1.3})
    yield reward_case({})
    yield reward_case({"center_rewards_coefficient": 0.01})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--write")
    parser.add_argument("--package", default=".")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    lines = [json.dumps(case) for case in cases()]
    if arguments.write:
        with open(arguments.write, "w") as file:
            file.write("\n".join(lines) + "\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "losses.jsonl")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        print(f"{len(lines)} cases of seed {arguments.seed} from TRL; comparing")
        command = ["swift", "test", "--package-path", arguments.package, "--filter", "LossParityTests"]
        return subprocess.run(command, env={**os.environ, "AGON_PARITY_LOSSES": path}).returncode


if __name__ == "__main__":
    sys.exit(main())
