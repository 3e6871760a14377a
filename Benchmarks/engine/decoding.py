"""Decoding and start-up: agon against Hugging Face generate and llama.cpp."""
import ctypes
import os
import statistics
import subprocess
import sys
from pathlib import Path

import torch
import transformers

from agon import Agon, SHAPES, asked, rate, row, table, timed, token

PROMPT, NEW, BATCHES = 32, 64, [1, 8, 32, 128]
TORCH = {"fp32": torch.float32, "bf16": torch.bfloat16}


def generate(model, batch, vocabulary):
    ids = torch.tensor([[token(s, i, vocabulary) for i in range(PROMPT)] for s in range(batch)])
    with torch.inference_mode():
        return model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, min_new_tokens=NEW, do_sample=False, eos_token_id=None, pad_token_id=0)


def head(peer):
    table(f"Decoding {NEW} tokens after {PROMPT}, tokens a second of all sequences; × is to {peer} of the same format{', int8 to its bf16' if peer == 'generate' else ''}",
          "size", "threads", "batch", *(f"agon {format}" for format in ("fp32", "bf16", "int8")),
          *(f"{peer} {format}" for format in (("fp32", "bf16") if peer == "generate" else ("F32", "BF16", "Q8_0"))), "same last token, fp32")


def against(peers, tool, folder, name, threads, repeats, baseline):
    """Agon and the peers by turns; a peer is a function of the batch that returns the last tokens."""
    ours = {format: Agon(tool, folder, format, threads) for format in ("fp32", "bf16", "int8")}
    for batch in BATCHES:
        theirs, mine, last, same = {format: [] for format in peers}, {format: [] for format in ours}, None, None
        for repeat in range(repeats + 1):
            for format, agon in ours.items():
                answer = agon.ask(f"decode {batch} {PROMPT} {NEW}")
                if repeat: mine[format].append(answer["seconds"])
                if format == "fp32": last = answer["last"]
            for format, peer in peers.items():
                if name == "L" and batch >= 32 and repeat > 1: continue
                second, output = timed(lambda: peer(batch))
                if repeat: theirs[format].append(second)
                if format == next(iter(peers)): same = sum(a == b for a, b in zip(last, output))
        ratio = {format: statistics.median(theirs[baseline[format]]) / statistics.median(mine[format]) for format in ours}
        row(name, threads, batch, *(f"{rate(mine[format], batch * NEW)}, {ratio[format]:.1f}×" for format in ours),
            *(rate(theirs[format], batch * NEW) for format in peers), f"{same} of {batch}")
    for agon in ours.values(): agon.close()


def against_generate(tool, folder, name, threads, repeats):
    vocabulary = SHAPES[name]["vocab_size"]
    models = {format: transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=kind).eval() for format, kind in TORCH.items()}
    peers = {format: lambda batch, model=model: generate(model, batch, vocabulary)[:, -1].tolist() for format, model in models.items()}
    against(peers, tool, folder, name, threads, repeats, {"fp32": "fp32", "bf16": "bf16", "int8": "bf16"})


def write_gguf(folder, path, kind):
    """The model as llama.cpp reads it: rows of queries and keys interleaved, matrices in the format, norms as they are."""
    import gguf
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config, state = model.config, model.state_dict()
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("none")
    for key, tensor in state.items():
        if key == "lm_head.weight": continue
        for part, heads in (("q_proj", config.num_attention_heads), ("k_proj", config.num_key_value_heads)):
            if part in key:
                tensor = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)
        values = tensor.contiguous().numpy()
        format = kind if tensor.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(names.get_name(key, try_suffixes=(".weight",)), gguf.quantize(values, format), raw_dtype=format)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class LlamaCpp:
    """A GGUF file on llama.cpp's C interface: one batch of sequences, greedy."""

    def __init__(self, path, threads, vocabulary):
        import llama_cpp
        self.api, self.threads, self.vocabulary = llama_cpp, threads, vocabulary
        llama_cpp.llama_backend_init()
        self.silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.silent, ctypes.c_void_p(0))
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        if not self.model: sys.exit(f"engine.py: llama.cpp cannot read {path}")

    def __call__(self, batch):
        import numpy
        api, options = self.api, self.api.llama_context_default_params()
        options.n_ctx, options.n_seq_max = batch * (PROMPT + NEW), batch
        options.n_batch, options.n_ubatch = max(batch * PROMPT, 32), 512
        options.n_threads = options.n_threads_batch = self.threads
        context = api.llama_init_from_model(self.model, options)
        memory = api.llama_batch_init(batch * PROMPT, 0, 1)

        def decode(rows):
            memory.n_tokens = len(rows)
            for index, (sequence, position, word, wanted) in enumerate(rows):
                memory.token[index], memory.pos[index], memory.n_seq_id[index] = word, position, 1
                memory.seq_id[index][0], memory.logits[index] = sequence, wanted
            if api.llama_decode(context, memory): sys.exit("engine.py: llama_decode failed")
            logits = numpy.ctypeslib.as_array(api.llama_get_logits(context), (batch, self.vocabulary))
            return logits.argmax(1).tolist()

        last = decode([(s, i, token(s, i, self.vocabulary), i == PROMPT - 1) for s in range(batch) for i in range(PROMPT)])
        for step in range(1, NEW):
            last = decode([(s, PROMPT - 1 + step, last[s], True) for s in range(batch)])
        api.llama_batch_free(memory)
        api.llama_free(context)
        return last


def against_llama_cpp(tool, folder, name, threads, repeats):
    import gguf
    kinds = {"F32": gguf.GGMLQuantizationType.F32, "BF16": gguf.GGMLQuantizationType.BF16, "Q8_0": gguf.GGMLQuantizationType.Q8_0}
    peers = {}
    for format, kind in kinds.items():
        path = Path(folder) / f"{format}.gguf"
        if not path.exists(): write_gguf(folder, path, kind)
        peers[format] = LlamaCpp(path, threads, SHAPES[name]["vocab_size"])
    against(peers, tool, folder, name, threads, repeats, {"fp32": "F32", "bf16": "BF16", "int8": "Q8_0"})


def startup(tool, folder, name, threads, repeats):
    """A fresh process each time: until the model is loaded and one token has followed the prompt."""
    script = ("import sys,time;s=time.perf_counter();import torch,transformers;torch.set_num_threads(int(sys.argv[2]));i=time.perf_counter();"
              "m=transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1],dtype=torch.float32).eval();"
              f"m.generate(torch.tensor([list(range(3,{3 + PROMPT}))]),max_new_tokens=1,do_sample=False,pad_token_id=0);e=time.perf_counter();print(e-i,e-s)")
    mine, theirs, whole = [], [], []
    for _ in range(repeats):
        mine.append(asked(tool, folder, "fp32", threads, f"first {PROMPT}")["seconds"])
        output = subprocess.run([sys.executable, "-c", script, folder, str(threads)], capture_output=True, text=True, check=True,
                                env={**os.environ, "TRANSFORMERS_VERBOSITY": "error"}).stdout.split()
        theirs.append(float(output[-2]))
        whole.append(float(output[-1]))
    median = statistics.median
    row(name, threads, f"{median(mine):.3f} ({min(mine):.3f}–{max(mine):.3f})", f"{median(theirs):.2f}", f"{median(whole):.2f}",
        f"{median(mine) / median(theirs):.2f}×")


def startup_head():
    table("From nothing to the first token, seconds", "size", "threads", "agon", "from_pretrained and generate", "with the imports", "agon's share")
