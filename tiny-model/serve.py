"""Serves a GGUF model over HTTP with llama.cpp's own server, from the xllamacpp wheel.

    python serve.py chat.gguf --port 18080 --slots 4 --key secret --alias tiny
    python serve.py chat.gguf --port 18081 --embeddings

Its first line on stdout is the address; everything else goes to stderr.
"""

import argparse
import os
import signal
import socket
import sys

import xllamacpp as llama

HOST = "127.0.0.1"


def parameters(options):
    params = llama.CommonParams()
    params.model.path = options.model
    params.port = options.port
    params.hostnames = [HOST]
    params.n_parallel = options.slots
    params.n_ctx = options.context  # shared by the slots
    params.use_jinja = True
    if options.template:
        with open(options.template, encoding="utf-8") as file:
            params.chat_template = file.read()
    params.endpoint_props = True  # allows POST /props; GET is always on
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.ui = False
    params.cpuparams.n_threads = 1  # the model is tiny: threads only cost
    params.sse_ping_interval = options.ping
    if options.key:
        params.api_keys = [options.key]
    if options.alias:
        params.model_alias = {options.alias}
    if options.embeddings:
        params.embedding = True
        params.pooling_type = llama.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    if options.reranker:
        params.embedding = True
        params.pooling_type = llama.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    return params


def obstacle(options):
    """What the person at the terminal can mend, which the server itself does not tell apart; or None."""
    try:
        with open(options.model, "rb"), socket.socket() as probe:
            if sys.platform != "win32":  # a port that is only waiting out its last connection is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, options.port))
    except OSError as error:
        place = error.filename or f"{HOST}:{options.port}"
        return f"{place}: {error.strerror}"


def wait(until_stdin_closes):
    """Until somebody ends it: the server runs on its own threads."""
    try:
        if until_stdin_closes:
            # The writing end is closed by the system too, when the parent is killed.
            while sys.stdin.buffer.read(4096):
                pass
        else:
            signal.pause()
    except KeyboardInterrupt:
        pass
    # At once, also in the middle of an answer.
    os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=18080, help="0 takes a free one")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--context", type=int, default=0, help="tokens, shared by the slots; 0 is the model's own")
    parser.add_argument("--key", default="")
    parser.add_argument("--alias", default="")
    parser.add_argument("--ping", type=int, default=30, help="seconds between the comments that keep a stream alive")
    parser.add_argument("--template", help="a file with the chat template to use instead of the model's own")
    parser.add_argument("--embeddings", action="store_true")
    parser.add_argument("--reranker", action="store_true")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the program that started this one")
    options = parser.parse_args()

    if problem := obstacle(options):
        sys.exit(problem)
    try:
        server = llama.Server(parameters(options))  # returns once it serves
    except RuntimeError as error:
        sys.exit(f"llama.cpp did not start: {error}")
    print(server.listening_address, flush=True)
    wait(options.until_stdin_closes)
