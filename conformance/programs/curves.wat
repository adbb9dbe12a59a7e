;; Host functions on points of BLS12-381 and BN254.
;; call g1_add 0 => return 1
;; call g1_add 4096 => return 1
;; call g1_add 1 => return 0
;; call g1_add 65408 => return 1
;; call g1_add 65409 => trap MemoryRange
;; call g1_msm 0 => return 0
;; call g1_msm 1 => return 1
;; call g1_msm -1 => out-of-gas
;; call g2_add 0 => return 1
;; call g2_add 1 => return 0
;; call g2_msm 0 => return 0
;; call g2_msm 1 => return 1
;; call pairing 0 => return 0
;; call pairing 1 => return 0
;; call maps 4096 => return 3
;; call maps 1 => return 0
;; call bn_add => return 1
;; call bn_mul 0 => return 1
;; call bn_mul 1 => return 0
;; call bn_pairing 0 => return 1
;; call bn_pairing 1 => return 0
;; call bn_pairing 2 => return 1
(module
  (import "lockstep" "bls12_381_g1_add" (func $g1_add (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_g1_msm" (func $g1_msm (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_g2_add" (func $g2_add (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_g2_msm" (func $g2_msm (param i32 i32 i32) (result i32)))
  (import "lockstep" "bls12_381_pairing_check" (func $pairing (param i32 i32) (result i32)))
  (import "lockstep" "bls12_381_map_fp_to_g1" (func $map_fp (param i32 i32) (result i32)))
  (import "lockstep" "bls12_381_map_fp2_to_g2" (func $map_fp2 (param i32 i32) (result i32)))
  (import "lockstep" "bn254_add" (func $bn_add (param i32 i32 i32) (result i32)))
  (import "lockstep" "bn254_mul" (func $bn_mul (param i32 i32 i32) (result i32)))
  (import "lockstep" "bn254_pairing_check" (func $bn_pairing (param i32 i32) (result i32)))
  (memory 1 1)
  ;; 0: the generator of BLS12-381, G1, and that of G2; 384: the scalar -1.
  (data (i32.const 0)
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\17\f1\d3\a7\31\97\d7\94\26\95\63\8c\4f\a9\ac\0f"
    "\c3\68\8c\4f\97\74\b9\05\a1\4e\3a\3f\17\1b\ac\58\6c\55\e8\3f\f9\7a\1a\ef\fb\3a\f0\0a\db\22\c6\bb"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\08\b3\f4\81\e3\aa\a0\f1\a0\9e\30\ed\74\1d\8a\e4"
    "\fc\f5\e0\95\d5\d0\0a\f6\00\db\18\cb\2c\04\b3\ed\d0\3c\c7\44\a2\88\8a\e4\0c\aa\23\29\46\c5\e7\e1")
  (data (i32.const 128)
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\02\4a\a2\b2\f0\8f\0a\91\26\08\05\27\2d\c5\10\51"
    "\c6\e4\7a\d4\fa\40\3b\02\b4\51\0b\64\7a\e3\d1\77\0b\ac\03\26\a8\05\bb\ef\d4\80\56\c8\c1\21\bd\b8"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\13\e0\2b\60\52\71\9f\60\7d\ac\d3\a0\88\27\4f\65"
    "\59\6b\d0\d0\99\20\b6\1a\b5\da\61\bb\dc\7f\50\49\33\4c\f1\12\13\94\5d\57\e5\ac\7d\05\5d\04\2b\7e"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\0c\e5\d5\27\72\7d\6e\11\8c\c9\cd\c6\da\2e\35\1a"
    "\ad\fd\9b\aa\8c\bd\d3\a7\6d\42\9a\69\51\60\d1\2c\92\3a\c9\cc\3b\ac\a2\89\e1\93\54\86\08\b8\28\01"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\06\06\c4\a0\2e\a7\34\cc\32\ac\d2\b0\2b\c2\8b\99"
    "\cb\3e\28\7e\85\a7\63\af\26\74\92\ab\57\2e\99\ab\3f\37\0d\27\5c\ec\1d\a1\aa\a9\07\5f\f0\5f\79\be")
  (data (i32.const 384)
    "\73\ed\a7\53\29\9d\7d\48\33\39\d8\08\09\a1\d8\05\53\bd\a4\02\ff\fe\5b\fe\ff\ff\ff\ff\00\00\00\00")
  ;; 1024: the generator of BN254, G1, and that of G2; 1216: the scalar -1.
  (data (i32.const 1024)
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01"
    "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\02")
  (data (i32.const 1088)
    "\19\8e\93\93\92\0d\48\3a\72\60\bf\b7\31\fb\5d\25\f1\aa\49\33\35\a9\e7\12\97\e4\85\b7\ae\f3\12\c2"
    "\18\00\de\ef\12\1f\1e\76\42\6a\00\66\5e\5c\44\79\67\43\22\d4\f7\5e\da\dd\46\de\bd\5c\d9\92\f6\ed"
    "\09\06\89\d0\58\5f\f0\75\ec\9e\99\ad\69\0c\33\95\bc\4b\31\33\70\b3\8e\f3\55\ac\da\dc\d1\22\97\5b"
    "\12\c8\5e\a5\db\8c\6d\eb\4a\ab\71\80\8d\cb\40\8f\e3\d1\e7\69\0c\43\d3\7b\4c\e6\cc\01\66\fa\7d\aa")
  (data (i32.const 1216)
    "\30\64\4e\72\e1\31\a0\29\b8\50\45\b6\81\81\58\5d\28\33\e8\48\79\b9\70\91\43\e1\f5\93\f0\00\00\00")
  ;; The generator and what is at an offset.
  (func (export "g1_add") (param i32) (result i32)
    (call $g1_add (i32.const 0) (local.get 0) (i32.const 2048)))
  ;; Terms of infinity, after one of the generator and the scalar -1.
  (func (export "g1_msm") (param i32) (result i32)
    (memory.copy (i32.const 8192) (i32.const 0) (i32.const 128))
    (memory.copy (i32.const 8320) (i32.const 384) (i32.const 32))
    (call $g1_msm (i32.const 8192) (local.get 0) (i32.const 2048)))
  (func (export "g2_add") (param i32) (result i32)
    (call $g2_add (i32.const 128) (i32.add (i32.const 128) (local.get 0)) (i32.const 2048)))
  (func (export "g2_msm") (param i32) (result i32)
    (memory.copy (i32.const 8192) (i32.const 128) (i32.const 288))
    (call $g2_msm (i32.const 8192) (local.get 0) (i32.const 2048)))
  ;; The pairing of the generators.
  (func (export "pairing") (param i32) (result i32)
    (call $pairing (i32.const 0) (local.get 0)))
  ;; Zeros are an element; the offset 1 is none.
  (func (export "maps") (param i32) (result i32)
    (i32.or
      (call $map_fp (local.get 0) (i32.const 2048))
      (i32.shl (call $map_fp2 (local.get 0) (i32.const 2048)) (i32.const 1))))
  (func (export "bn_add") (result i32)
    (call $bn_add (i32.const 1024) (i32.const 1024) (i32.const 2048)))
  (func (export "bn_mul") (param i32) (result i32)
    (call $bn_mul (i32.add (i32.const 1024) (local.get 0)) (i32.const 1216) (i32.const 2048)))
  (func (export "bn_pairing") (param i32) (result i32)
    (memory.copy (i32.const 8192) (i32.const 1024) (i32.const 192))
    (drop (call $bn_mul (i32.const 1024) (i32.const 1216) (i32.const 8384)))
    (memory.copy (i32.const 8448) (i32.const 1088) (i32.const 128))
    (call $bn_pairing (i32.const 8192) (local.get 0))))
