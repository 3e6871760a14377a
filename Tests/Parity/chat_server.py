#!/usr/bin/env python3
"""A real server of chat completions for the `llm` judge: llama.cpp's own, with a tiny random model.

Alone it runs the Swift test that drives it. With `--serve` it makes the model, starts the server on a port of the loopback
that the system chooses, prints one line `listening PORT KIND` and serves until its input ends.

The server comes from xllamacpp, whose wheels hold llama.cpp whole, or from llama-cpp-python[server], which knows no
schemas in chats and answers a request for one with status 500. The model has two
layers, bytes and printable characters as tokens, and weights from a fixed seed: what it says means nothing, but it is said
through llama.cpp's chat template, grammars, samplers and HTTP.
"""
import argparse
import importlib.util
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

NEEDED = ("gguf", "numpy")


def missing():
    """Packages that are not there; empty where the server can run."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    python_server = all(importlib.util.find_spec(name) for name in ("llama_cpp", "uvicorn", "fastapi", "sse_starlette"))
    if importlib.util.find_spec("xllamacpp") is None and not python_server:
        absent.append("xllamacpp (or llama-cpp-python[server])")
    return absent


def write_model(path):
    """A random model of the Llama architecture, 0.1 M parameters, context 16,384."""
    import gguf
    import numpy

    random = numpy.random.default_rng(7)
    size, inner, heads, layers = 64, 128, 4, 2
    pieces = [b"\xe2\x96\x81"] + [bytes([byte]) for byte in range(33, 127)]
    tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % byte for byte in range(256)] + pieces
    kinds = [gguf.TokenType.UNKNOWN] + 2 * [gguf.TokenType.CONTROL] + 256 * [gguf.TokenType.BYTE]
    kinds += len(pieces) * [gguf.TokenType.NORMAL]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(16384)
    writer.add_embedding_length(size)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(size // heads)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * 3 + [-1000.0] * 256 + [-float(index) for index in range(len(pieces))])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}assistant:")

    def tensor(name, *shape):
        writer.add_tensor(name, (random.standard_normal(shape) * 0.05).astype(numpy.float32))

    def ones(name):
        writer.add_tensor(name, numpy.ones(size, numpy.float32))

    tensor("token_embd.weight", len(tokens), size)
    tensor("output.weight", len(tokens), size)
    ones("output_norm.weight")
    for layer in range(layers):
        prefix = f"blk.{layer}."
        ones(prefix + "attn_norm.weight")
        ones(prefix + "ffn_norm.weight")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"{prefix}{name}.weight", size, size)
        tensor(prefix + "ffn_gate.weight", inner, size)
        tensor(prefix + "ffn_up.weight", inner, size)
        tensor(prefix + "ffn_down.weight", size, inner)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def serve_native(model):
    """llama.cpp's server inside this process."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.port = 0
    parameters.n_ctx = 32768
    parameters.n_parallel = 2
    parameters.warmup = False
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    return server, int(server.listening_address.rsplit(":", 1)[1])


def serve_python(model):
    """llama-cpp-python's server inside this process."""
    import uvicorn
    from llama_cpp.server.app import create_app
    from llama_cpp.server.settings import ModelSettings, ServerSettings

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(
        server_settings=ServerSettings(),
        model_settings=[ModelSettings(model=model, n_ctx=16384, n_threads=1, logits_all=True, verbose=False)],
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    return server, listener.getsockname()[1]


def serve():
    with tempfile.TemporaryDirectory() as folder:
        model = str(pathlib.Path(folder) / "tiny.gguf")
        write_model(model)
        native = importlib.util.find_spec("xllamacpp") is not None
        server, port = (serve_native if native else serve_python)(model)
        print(f"listening {port} {'xllamacpp' if native else 'llama-cpp-python'}", flush=True)
        sys.stdin.read()
        del server
    # Whatever threads the server still has end with the process.
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--serve", action="store_true", help="serve until the input ends")
    parser.add_argument("--check", action="store_true", help="end with 0 where the packages are there")
    parser.add_argument("--package", default=pathlib.Path(__file__).resolve().parents[2], help="the package to test in")
    options = parser.parse_args()
    absent = missing()
    if absent:
        print(f"skipped: {', '.join(absent)} missing")
        return 1 if options.check or options.serve else 0
    if options.check:
        return 0
    if options.serve:
        return serve()
    command = ["swift", "test", "--skip-build", "--package-path", str(options.package), "--filter", "ChatServerTests"]
    return subprocess.run(command, env={**os.environ, "AGON_PYTHON": sys.executable}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
