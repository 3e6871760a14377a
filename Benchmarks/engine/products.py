"""Products of the engine's kernels against torch, and both against what the machine can do."""
import statistics

import torch

from agon import Agon, row, table, timed

SHAPES = ((512, 384, 128), (1024, 1024, 384), (2048, 1536, 576), (32, 1536, 576))
TORCH = {"fp32": torch.float32, "bf16": torch.bfloat16}


def torch_rate(m, n, k, kind):
    x, w = torch.randn(m, k).to(kind), torch.randn(n, k).to(kind)
    torch.nn.functional.linear(x, w)
    times = []
    while len(times) < 5 or sum(times) < 0.5: times.append(timed(lambda: torch.nn.functional.linear(x, w))[0])
    return 2 * m * n * k / statistics.median(times) * 1e-9


def products(tool, folder, thread_counts):
    for threads in thread_counts:
        torch.set_num_threads(threads)
        agon = Agon(tool, folder, "fp32", threads)
        limits = agon.ask("limits")
        agon.close()
        peak = limits["gflops"]
        table(f"Products with {threads} thread{'s' if threads > 1 else ''}, GFLOP/s, kernels {limits['kernels']}. The machine: {peak:,.0f} GFLOP/s of fp32 multiply-adds, {limits['gb_per_second']:.0f} GB/s read",
              "rows × outputs × inputs", "format", "agon, x·wᵀ", "share of the fp32 peak", "agon, gradient of w", "share", "torch, x·wᵀ", "agon / torch")
        for format, kind in TORCH.items():
            agon = Agon(tool, folder, format, threads)
            for m, n, k in SHAPES:
                mine, theirs = agon.ask(f"product {m} {n} {k}"), torch_rate(m, n, k, kind)
                row(f"{m} × {n} × {k}", format, f"{mine['forward']:.0f}", f"{mine['forward'] / peak:.0%}", f"{mine['gradient']:.0f}",
                    f"{mine['gradient'] / peak:.0%}", f"{theirs:.0f}", f"{mine['forward'] / theirs:.2f}×")
            agon.close()
