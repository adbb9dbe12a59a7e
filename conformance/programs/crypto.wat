;; BLAKE3, RIPEMD-160, SHA-512 of zeros (the last four bytes of each), and signatures on secp256r1.
;; call blake3 0 => return 1647452132
;; call blake3 64 => return 1433054086
;; call blake3 1024 => return 394903305
;; call blake3 1025 => return -413089396
;; call blake3 8193 => return 2058194696
;; call blake3 60000 => return -693445416
;; call blake3 65536 => trap MemoryRange
;; call ripemd160 0 => return 831333810
;; call ripemd160 55 => return 923818355
;; call ripemd160 56 => return 2090602190
;; call ripemd160 60000 => return -2121267617
;; call sha512 0 => return 1054484473
;; call sha512 111 => return -1938247382
;; call sha512 112 => return 1383690476
;; call sha512 60000 => return -1488629193
;; call verify 4 65 => return 1
;; call verify 3 33 => return 1
;; call verify 2 33 => return 0
;; call verify 4 33 => return 0
;; call verify 3 65 => return 0
;; call verify 7 65 => return 0
;; call verify 0 1 => return 0
;; call verify 4 0 => return 0
;; call verify 4 64 => return 0
;; call verify 4 66 => return 0
;; call verify 4 65372 => return 0
;; call verify 4 65373 => trap MemoryRange
;; call verify_low 4 65 => return 1
;; call verify_zero 4 65 => return 0
(module
  (import "lockstep" "blake3" (func $blake3 (param i32 i32 i32)))
  (import "lockstep" "ripemd160" (func $ripemd160 (param i32 i32 i32)))
  (import "lockstep" "sha512" (func $sha512 (param i32 i32 i32)))
  (import "lockstep" "p256_verify" (func $verify (param i32 i32 i32 i32) (result i32)))
  (memory 1 1)
  ;; RFC 6979, A.2.5. 0: the SHA-256 of "sample"; 32: r, s; 96: r, n - s; 164: the key.
  (data (i32.const 0)
    "\af\2b\db\e1\aa\9b\6e\c1\e2\ad\e1\d6\94\f4\1f\c7\1a\83\1d\02\68\e9\89\15\62\11\3d\8a\62\ad\d1\bf")
  (data (i32.const 32)
    "\ef\d4\8b\2a\ac\b6\a8\fd\11\40\dd\9c\d4\5e\81\d6\9d\2c\87\7b\56\aa\f9\91\c3\4d\0e\a8\4e\af\37\16"
    "\f7\cb\1c\94\2d\65\7c\41\d4\36\c7\a1\b6\e2\9f\65\f3\e9\00\db\b9\af\f4\06\4d\c4\ab\2f\84\3a\cd\a8")
  (data (i32.const 96)
    "\ef\d4\8b\2a\ac\b6\a8\fd\11\40\dd\9c\d4\5e\81\d6\9d\2c\87\7b\56\aa\f9\91\c3\4d\0e\a8\4e\af\37\16"
    "\08\34\e3\6a\d2\9a\83\bf\2b\c9\38\5e\49\1d\60\99\c8\fd\f9\d1\ed\67\aa\7e\a5\f5\1f\93\78\28\57\a9")
  (data (i32.const 164)
    "\04\60\fe\d4\ba\25\5a\9d\31\c9\61\eb\74\c6\35\6d\68\c0\49\b8\92\3b\61\fa\6c\e6\69\62\2e\60\f2\9f\b6"
    "\79\03\fe\10\08\b8\bc\99\a4\1a\e9\e9\56\28\bc\64\f2\f1\b2\0c\2d\7e\9f\51\77\a3\c2\94\d4\46\22\99")
  (func (export "blake3") (param i32) (result i32)
    (call $blake3 (i32.const 1024) (local.get 0) (i32.const 512))
    (i32.load (i32.const 540)))
  (func (export "ripemd160") (param i32) (result i32)
    (call $ripemd160 (i32.const 1024) (local.get 0) (i32.const 512))
    (i32.load (i32.const 528)))
  (func (export "sha512") (param i32) (result i32)
    (call $sha512 (i32.const 1024) (local.get 0) (i32.const 512))
    (i32.load (i32.const 572)))
  ;; The first byte of the key and its length.
  (func (export "verify") (param i32 i32) (result i32)
    (i32.store8 (i32.const 164) (local.get 0))
    (call $verify (i32.const 0) (i32.const 32) (i32.const 164) (local.get 1)))
  (func (export "verify_low") (param i32 i32) (result i32)
    (i32.store8 (i32.const 164) (local.get 0))
    (call $verify (i32.const 0) (i32.const 96) (i32.const 164) (local.get 1)))
  ;; r and s of zero.
  (func (export "verify_zero") (param i32 i32) (result i32)
    (i32.store8 (i32.const 164) (local.get 0))
    (call $verify (i32.const 0) (i32.const 1024) (i32.const 164) (local.get 1))))
