;; Executes a list of host calls that its input has, so that a script can make every call at every
;; boundary. Compiled to driver.wasm in this folder; a test compares the two.
;;
;; Input, at 4096: header (mode u32, output pointer u32, output length u32, number of records u32),
;; then records of 80 bytes (operation u64, nine arguments of 8 bytes), then data. The result of a
;; record replaces its operation. Operations below 64 are host functions by number. Modes at the
;; end: 0 return the output range, 1 revert with it, 2 end without a call, 3 trap, 4 spin.
(module
  (import "lockstep" "input"
    (func $input (param i32 i32) (result i32)))
  (import "lockstep" "return"
    (func $return (param i32 i32)))
  (import "lockstep" "revert"
    (func $revert (param i32 i32)))
  (import "lockstep" "storage_read"
    (func $storage_read (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "storage_write"
    (func $storage_write (param i32 i32 i32 i32)))
  (import "lockstep" "storage_remove"
    (func $storage_remove (param i32 i32) (result i32)))
  (import "lockstep" "storage_has"
    (func $storage_has (param i32 i32) (result i32)))
  (import "lockstep" "emit_event"
    (func $emit_event (param i32 i32 i32 i32)))
  (import "lockstep" "sha256"
    (func $sha256 (param i32 i32 i32)))
  (import "lockstep" "secp256k1_verify"
    (func $secp256k1_verify (param i32 i32 i32) (result i32)))
  (import "lockstep" "ed25519_verify"
    (func $ed25519_verify (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "block_height"
    (func $block_height (result i64)))
  (import "lockstep" "block_time"
    (func $block_time (result i64)))
  (import "lockstep" "chain_id"
    (func $chain_id (param i32)))
  (import "lockstep" "caller"
    (func $caller (param i32)))
  (import "lockstep" "self"
    (func $self (param i32)))
  (import "lockstep" "gas_left"
    (func $gas_left (result i64)))
  (import "lockstep" "debug_log"
    (func $debug_log (param i32 i32)))
  (import "lockstep" "storage_scan"
    (func $storage_scan (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "lockstep" "keccak256"
    (func $keccak256 (param i32 i32 i32)))
  (import "lockstep" "secp256k1_recover"
    (func $secp256k1_recover (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "block_hash"
    (func $block_hash (param i64 i32) (result i32)))
  (import "lockstep" "proposer"
    (func $proposer (param i32)))
  (import "lockstep" "tx_hash"
    (func $tx_hash (param i32)))
  (import "lockstep" "value"
    (func $value (param i32)))
  (import "lockstep" "balance"
    (func $balance (param i32 i32)))
  (import "lockstep" "transfer"
    (func $transfer (param i32 i32) (result i32)))
  (import "lockstep" "call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)))
  (import "lockstep" "returned"
    (func $returned (param i32 i32) (result i32)))
  (import "lockstep" "deploy"
    (func $deploy (param i32 i32 i32 i32 i32 i32 i32 i64 i32) (result i32)))
  (import "lockstep" "set_code"
    (func $set_code (param i32) (result i32)))
  (import "lockstep" "p256_verify"
    (func $p256_verify (param i32 i32 i32 i32) (result i32)))
  (import "lockstep" "blake3"
    (func $blake3 (param i32 i32 i32)))
  (import "lockstep" "ripemd160"
    (func $ripemd160 (param i32 i32 i32)))
  (import "lockstep" "sha512"
    (func $sha512 (param i32 i32 i32)))
  (import "lockstep" "bls12_381_g1_add"
    (func $bls12_381_g1_add (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_g1_msm"
    (func $bls12_381_g1_msm (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_g2_add"
    (func $bls12_381_g2_add (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_g2_msm"
    (func $bls12_381_g2_msm (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_pairing_check"
    (func $bls12_381_pairing_check (param i32 i32) (result i32)))
  (import "lockstep" "bls12_381_map_fp_to_g1"
    (func $bls12_381_map_fp_to_g1 (param i32 i32) (result i32)))
  (import "lockstep" "bls12_381_map_fp2_to_g2"
    (func $bls12_381_map_fp2_to_g2 (param i32 i32) (result i32)))
  (import "lockstep" "bn254_add"
    (func $bn254_add (param i32 i32 i32) (result i32)))
  (import "lockstep" "bn254_mul"
    (func $bn254_mul (param i32 i32 i32) (result i32)))
  (import "lockstep" "bn254_pairing_check"
    (func $bn254_pairing_check (param i32 i32) (result i32)))
  (memory (export "memory") 2 8)
  (global $at (mut i32) (i32.const 0))
  ;; Argument by index of the record, as one of 64 or 32 bits.
  (func $wide (param i32) (result i64)
    (i64.load offset=8 (i32.add (global.get $at) (i32.shl (local.get 0) (i32.const 3)))))
  (func $narrow (param i32) (result i32) (i32.wrap_i64 (call $wide (local.get 0))))
  (table 64 64 funcref)
  (elem (i32.const 0)
   $call_input
    $call_return
    $call_revert
    $call_storage_read
    $call_storage_write
    $call_storage_remove
    $call_storage_has
    $call_emit_event
    $call_sha256
    $call_secp256k1_verify
    $call_ed25519_verify
    $call_block_height
    $call_block_time
    $call_chain_id
    $call_caller
    $call_self
    $call_gas_left
    $call_debug_log
    $call_storage_scan
    $call_keccak256
    $call_secp256k1_recover
    $call_block_hash
    $call_proposer
    $call_tx_hash
    $call_value
    $call_balance
    $call_transfer
    $call_call
    $call_returned
    $call_deploy
    $call_set_code
    $call_p256_verify
    $call_blake3
    $call_ripemd160
    $call_sha512
    $call_bls12_381_g1_add
    $call_bls12_381_g1_msm
    $call_bls12_381_g2_add
    $call_bls12_381_g2_msm
    $call_bls12_381_pairing_check
    $call_bls12_381_map_fp_to_g1
    $call_bls12_381_map_fp2_to_g2
    $call_bn254_add
    $call_bn254_mul
    $call_bn254_pairing_check
    $grow $spin $unreachable $copy $bare $nested)
  (type $operation (func (result i64)))
  (func $call_input (result i64)
    (i64.extend_i32_s (call $input (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))))
  (func $call_return (result i64)
    (call $return (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))
    (i64.const 0))
  (func $call_revert (result i64)
    (call $revert (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))
    (i64.const 0))
  (func $call_storage_read (result i64)
    (i64.extend_i32_s (call $storage_read (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3)))))
  (func $call_storage_write (result i64)
    (call $storage_write (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3)))
    (i64.const 0))
  (func $call_storage_remove (result i64)
    (i64.extend_i32_s (call $storage_remove (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))))
  (func $call_storage_has (result i64)
    (i64.extend_i32_s (call $storage_has (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))))
  (func $call_emit_event (result i64)
    (call $emit_event (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3)))
    (i64.const 0))
  (func $call_sha256 (result i64)
    (call $sha256 (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))
    (i64.const 0))
  (func $call_secp256k1_verify (result i64)
    (i64.extend_i32_s (call $secp256k1_verify (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))))
  (func $call_ed25519_verify (result i64)
    (i64.extend_i32_s (call $ed25519_verify (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3)))))
  (func $call_block_height (result i64)
    (call $block_height))
  (func $call_block_time (result i64)
    (call $block_time))
  (func $call_chain_id (result i64)
    (call $chain_id (call $narrow (i32.const 0)))
    (i64.const 0))
  (func $call_caller (result i64)
    (call $caller (call $narrow (i32.const 0)))
    (i64.const 0))
  (func $call_self (result i64)
    (call $self (call $narrow (i32.const 0)))
    (i64.const 0))
  (func $call_gas_left (result i64)
    (call $gas_left))
  (func $call_debug_log (result i64)
    (call $debug_log (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))
    (i64.const 0))
  (func $call_storage_scan (result i64)
    (i64.extend_i32_s (call $storage_scan (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3))
      (call $narrow (i32.const 4)) (call $narrow (i32.const 5))
      (call $narrow (i32.const 6)))))
  (func $call_keccak256 (result i64)
    (call $keccak256 (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))
    (i64.const 0))
  (func $call_secp256k1_recover (result i64)
    (i64.extend_i32_s (call $secp256k1_recover (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3)))))
  (func $call_block_hash (result i64)
    (i64.extend_i32_s (call $block_hash (call $wide (i32.const 0)) (call $narrow (i32.const 1)))))
  (func $call_proposer (result i64)
    (call $proposer (call $narrow (i32.const 0)))
    (i64.const 0))
  (func $call_tx_hash (result i64)
    (call $tx_hash (call $narrow (i32.const 0)))
    (i64.const 0))
  (func $call_value (result i64)
    (call $value (call $narrow (i32.const 0)))
    (i64.const 0))
  (func $call_balance (result i64)
    (call $balance (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))
    (i64.const 0))
  (func $call_transfer (result i64)
    (i64.extend_i32_s (call $transfer (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))))
  (func $call_call (result i64)
    (i64.extend_i32_s (call $call (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3))
      (call $narrow (i32.const 4)) (call $narrow (i32.const 5))
      (call $narrow (i32.const 6)) (call $wide (i32.const 7)))))
  (func $call_returned (result i64)
    (i64.extend_i32_s (call $returned (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))))
  (func $call_deploy (result i64)
    (i64.extend_i32_s (call $deploy (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3))
      (call $narrow (i32.const 4)) (call $narrow (i32.const 5))
      (call $narrow (i32.const 6)) (call $wide (i32.const 7))
      (call $narrow (i32.const 8)))))
  (func $call_set_code (result i64)
    (i64.extend_i32_s (call $set_code (call $narrow (i32.const 0)))))
  (func $call_p256_verify (result i64)
    (i64.extend_i32_s (call $p256_verify (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)) (call $narrow (i32.const 3)))))
  (func $call_blake3 (result i64)
    (call $blake3 (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))
    (i64.const 0))
  (func $call_ripemd160 (result i64)
    (call $ripemd160 (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))
    (i64.const 0))
  (func $call_sha512 (result i64)
    (call $sha512 (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))
    (i64.const 0))
  (func $call_bls12_381_g1_add (result i64)
    (i64.extend_i32_s (call $bls12_381_g1_add (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))))
  (func $call_bls12_381_g1_msm (result i64)
    (i64.extend_i32_s (call $bls12_381_g1_msm (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))))
  (func $call_bls12_381_g2_add (result i64)
    (i64.extend_i32_s (call $bls12_381_g2_add (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))))
  (func $call_bls12_381_g2_msm (result i64)
    (i64.extend_i32_s (call $bls12_381_g2_msm (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))))
  (func $call_bls12_381_pairing_check (result i64)
    (i64.extend_i32_s (call $bls12_381_pairing_check (call $narrow (i32.const 0))
      (call $narrow (i32.const 1)))))
  (func $call_bls12_381_map_fp_to_g1 (result i64)
    (i64.extend_i32_s (call $bls12_381_map_fp_to_g1 (call $narrow (i32.const 0))
      (call $narrow (i32.const 1)))))
  (func $call_bls12_381_map_fp2_to_g2 (result i64)
    (i64.extend_i32_s (call $bls12_381_map_fp2_to_g2 (call $narrow (i32.const 0))
      (call $narrow (i32.const 1)))))
  (func $call_bn254_add (result i64)
    (i64.extend_i32_s (call $bn254_add (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))))
  (func $call_bn254_mul (result i64)
    (i64.extend_i32_s (call $bn254_mul (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))))
  (func $call_bn254_pairing_check (result i64)
    (i64.extend_i32_s (call $bn254_pairing_check (call $narrow (i32.const 0)) (call $narrow (i32.const 1)))))
  (func $grow (result i64)
    (i64.extend_i32_s (memory.grow (call $narrow (i32.const 0)))))
  (func $spin (result i64)
    (local $rounds i64)
    (local.set $rounds (call $wide (i32.const 0)))
    (loop $again
      (br_if $again (i32.eqz (i64.eqz
        (local.tee $rounds (i64.sub (local.get $rounds) (i64.const 1)))))))
    (local.get $rounds))
  (func $unreachable (result i64) unreachable)
  (func $copy (result i64)
    (memory.copy (call $narrow (i32.const 0)) (call $narrow (i32.const 1))
      (call $narrow (i32.const 2)))
    (i64.const 0))
  ;; Length of memory in pages.
  (func $bare (result i64) (i64.extend_i32_u (memory.size)))
  ;; Calls itself so often: the entry of a function is paid each time.
  (func $nested (result i64) (call $deeper (call $wide (i32.const 0))))
  (func $deeper (param i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0))
      (then (i64.const 0))
      (else (i64.add (i64.const 1)
        (call $deeper (i64.sub (local.get 0) (i64.const 1)))))))
  (func $run (export "run")
    (local $left i32) (local $mode i32)
    (drop (call $input (i32.const 4096) (i32.const 65536)))
    (local.set $mode (i32.load (i32.const 4096)))
    (local.set $left (i32.load (i32.const 4108)))
    (global.set $at (i32.const 4112))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (i64.store (global.get $at)
          (call_indirect (type $operation) (i32.load (global.get $at))))
        (global.set $at (i32.add (global.get $at) (i32.const 80)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (block $spins (block $traps (block $ends (block $reverts (block $returns
      (br_table $returns $reverts $ends $traps $spins (local.get $mode)))
      (call $return (i32.load (i32.const 4100)) (i32.load (i32.const 4104))))
      (call $revert (i32.load (i32.const 4100)) (i32.load (i32.const 4104))))
      (return))
      (unreachable))
    (loop $again (br $again)))
  ;; The same under the shortest and the longest name that an entry can have.
  (export "r" (func $run))
  (export "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr" (func $run)))
