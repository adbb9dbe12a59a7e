;; Host functions for block and transaction data, hashes and signatures.
;; call names => return 0
;; call block_hash 0 => return 0
;; call block_hash 1 => return 0
;; call block_hash 2 => return 0
;; call block_hash -1 => return 0
;; call block_hash_range -1 => trap MemoryRange
;; call keccak 0 => return 1008990086
;; call keccak 135 => return -1182807314
;; call keccak 136 => return 1856043717
;; call keccak 65537 => trap MemoryRange
;; call recover 1 => return 1
;; call recover 0 => return 1
;; call recover 2 => return 0
;; call recover -1 => return 0
;; call recover_malleable => return 0
(module
  (import "lockstep" "tx_hash" (func $tx_hash (param i32)))
  (import "lockstep" "proposer" (func $proposer (param i32)))
  (import "lockstep" "block_hash" (func $block_hash (param i64 i32) (result i32)))
  (import "lockstep" "keccak256" (func $keccak256 (param i32 i32 i32)))
  (import "lockstep" "secp256k1_recover" (func $recover (param i32 i32 i32 i32) (result i32)))
  (memory 1 1)
  ;; 0: the SHA-256 of "Satoshi Nakamoto"; 32: its signature by the secret key 1; 96: a result.
  (data (i32.const 0)
    "\a0\dc\65\ff\ca\79\98\73\cb\ea\0a\c2\74\01\5b\95\26\50\5d\aa\ae\d3\85\15\54\25\f7\33\77\04\88\3e")
  (data (i32.const 32)
    "\93\4b\1e\a1\0a\4b\3c\17\57\e2\b0\c0\17\d0\b6\14\3c\e3\c9\a7\e6\a4\a4\98\60\d7\a6\ab\21\0e\e3\d8"
    "\24\42\ce\9d\2b\91\60\64\10\80\14\78\3e\92\3e\c3\6b\49\74\3e\2f\fa\1c\44\96\f0\1a\51\2a\af\d9\e5")
  (func (export "names") (result i64)
    (i64.store (i32.const 96) (i64.const -1))
    (i64.store (i32.const 128) (i64.const -1))
    (call $tx_hash (i32.const 96))
    (call $proposer (i32.const 128))
    (i64.or (i64.load (i32.const 96)) (i64.load (i32.const 128))))
  (func (export "block_hash") (param i64) (result i32)
    (call $block_hash (local.get 0) (i32.const 96)))
  (func (export "block_hash_range") (param i32) (result i32)
    (call $block_hash (i64.const 0) (local.get 0)))
  (func (export "keccak") (param i32) (result i32)
    (call $keccak256 (i32.const 1024) (local.get 0) (i32.const 96))
    (i32.load (i32.const 100)))
  (func (export "recover") (param i32) (result i32)
    (call $recover (i32.const 0) (i32.const 32) (local.get 0) (i32.const 96)))
  (func (export "recover_malleable") (result i32)
    ;; An s greater than half the order.
    (i32.store8 (i32.const 64) (i32.const 255))
    (call $recover (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 96))))
