;; Asks for WASI: a valid module that the profile refuses. Compiled to refused.wasm beside it.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (func (export "init")))
