;; Imports WASI: a valid module that the check rejects. Compiled to refused.wasm in this folder.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (func (export "init")))
