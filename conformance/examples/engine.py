"""A foreign engine: the instrumented module in wasmtime's package for Python.

    pip install wasmtime==50.0.1
    lockstep conform run --command 'python3 conformance/examples/engine.py'

docs/foreign-engines.md describes the lines. Each frame is one call into wasmtime; while it waits for
a host call, its callback reads the next lines, so that frames nest as the calls between contracts do.
"""

import hashlib
import json
import sys
import threading

from wasmtime import Config, Engine, Func, Instance, Module, Store, Trap, TrapCode

HELLO = {"type": "hello", "protocol": 1, "name": "wasmtime for Python", "version": "50.0.1",
         "kinds": ["call", "message", "chain"], "modules": ["instrumented"]}
TRAPS = {TrapCode.UNREACHABLE: 1, TrapCode.INTEGER_DIVISION_BY_ZERO: 2, TrapCode.INTEGER_OVERFLOW: 3,
         TrapCode.MEMORY_OUT_OF_BOUNDS: 4, TrapCode.TABLE_OUT_OF_BOUNDS: 5,
         TrapCode.INDIRECT_CALL_TO_NULL: 6, TrapCode.BAD_SIGNATURE: 7}
STACK_BYTES = 2 << 20  # of one frame: the most that the package allows
config = Config()
config.max_wasm_stack = STACK_BYTES
engine = Engine(config)
modules = {}
frames = []  # the active ones, the outermost first


class Unwind(Exception):
    """Leaves the guest of a frame that was ended during a host call."""


class Frame:
    def __init__(self, module):
        self.store = Store(engine)
        imports = [Func(self.store, of.type, self.host(of.name)) for of in module.imports]
        self.exports = Instance(self.store, module, imports).exports(self.store)
        self.memory = self.exports.get("$memory")

    def host(self, name):
        def call(*arguments):
            memory = self.memory.data_len(self.store) if self.memory else 0
            write({"type": "call", "function": name, "arguments": [str(of) for of in arguments],
                   "gas": str(self.get("$gas")), "memory": memory})
            reply = serve(len(frames))  # the lines until this frame resumes
            for pointer, data in reply["writes"]:
                self.memory.write(self.store, bytes.fromhex(data), pointer)
            self.exports["$gas"].set_value(self.store, int(reply["gas"]))
            return None if reply["result"] is None else int(reply["result"][4:])  # after i32: or i64:
        return call

    def get(self, name):
        return self.exports[name].value(self.store)

    def run(self, entry, arguments, gas):
        self.exports["$gas"].set_value(self.store, int(gas))
        try:
            if "$start" in self.exports:
                self.exports["$start"](self.store)
            value = self.exports[entry](self.store, *(int(of[4:]) for of in arguments))
            value = {} if value is None else {"value": str(value)}
            return {"type": "exit", "exit": "return", "gas": str(self.get("$gas"))} | value
        except Trap as trap:
            if self.get("$gas") == -1:
                return {"type": "exit", "exit": "out-of-gas"}
            code = self.get("$trap") or TRAPS.get(trap.trap_code)
            if code is None:
                return {"type": "failed", "why": str(trap.trap_code)}
            return {"type": "exit", "exit": "trap", "trap": code, "gas": str(self.get("$gas"))}

    def state(self):
        memory = self.memory.read(self.store) if self.memory else b""
        count = sum(name.startswith("$global.") for name in self.exports)
        return {"memory": {"bytes": len(memory), "sha256": hashlib.sha256(memory).hexdigest()},
                "globals": [str(self.get(f"$global.{of}")) for of in range(count)]}

    def bytes(self, pointer, length):
        return self.memory.read(self.store, pointer, pointer + length).hex()


def write(reply):
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


def serve(depth):
    """Serves lines until the frame below `depth` resumes, or at depth 0 until the input ends."""
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        kind = request["type"]
        if kind == "hello":
            write(HELLO)
        elif kind == "module":
            modules[request["module"]] = Module(engine, bytes.fromhex(request["instrumented"]))
            write({"type": "ready"})
        elif kind == "start":
            frame = Frame(modules[request["module"]])
            frames.append(frame)
            try:
                write(frame.run(request["entry"], request["arguments"], request["gas"]))
            except Unwind:
                pass
        elif kind == "need":
            ranges = [frames[-1].bytes(*of) for of in request["ranges"]]
            write({"type": "bytes", "bytes": ranges})
        elif kind == "resume":
            return request
        elif kind == "end":
            frame = frames.pop()
            write({"type": "ended"} | (frame.state() if request["state"] else {}))
        elif kind == "abandon":
            frames.clear()
            write({"type": "ready"})
        if len(frames) < depth:
            raise Unwind


threading.stack_size(20 * STACK_BYTES)  # 16 frames, and a margin
thread = threading.Thread(target=serve, args=(0,))
thread.start()
thread.join()
