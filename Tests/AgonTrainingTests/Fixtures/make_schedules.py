"""Learning-rate factors of transformers' own schedulers: python3 make_schedules.py > schedules.json."""
import json, torch
from transformers import get_scheduler

CASES = [
    ("constant", 0, {}), ("constant_with_warmup", 3, {}), ("linear", 3, {}), ("cosine", 3, {}), ("cosine", 0, {}),
    ("cosine_with_restarts", 2, {"num_cycles": 1}), ("cosine_with_restarts", 2, {"num_cycles": 3}),
    ("polynomial", 3, {}), ("polynomial", 2, {"power": 2.0, "lr_end": 1e-5}), ("inverse_sqrt", 4, {}),
    ("inverse_sqrt", 0, {}), ("cosine_with_min_lr", 3, {"min_lr_rate": 0.1}),
]
lines = []
for name, warmup, options in CASES:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    scheduler = get_scheduler(
        name, optimiser, num_warmup_steps=warmup, num_training_steps=20, scheduler_specific_kwargs=options)
    rates = []
    for _ in range(20):
        rates.append(scheduler.get_last_lr()[0])
        optimiser.step()
        scheduler.step()
    lines.append(json.dumps({"name": name, "warmup": warmup, "options": options, "rates": rates}))
print("[" + ",\n".join(lines) + "]")
