;; AES-GCM beside the block cipher: GHASH, and what joins it to a keystream that somebody else has made (SP 800-38D).
;; `npm run generate` assembles this file into gcm-wasm.ts.
;;
;; Constant time: no branch and no address depends on a key or on data. Multiplication in GF(2^128) looks up
;; nibbles, but in registers: one swizzle looks up 16 nibbles in a row of 16 bytes, and all rows are always read. Its
;; indices are nibbles, below 16, for which relaxed_swizzle gives the same everywhere.
;;
;; A table of H holds four powers, H^4 first, 512 bytes each: 16 rows for the high nibble of a byte and 16 for the
;; low one. Byte n of row j is byte j of H^k times nibble n. In the bit order of GCM a multiple by x^8 is the same
;; bytes one place higher, so a product of 16 bytes with H^k adds up row by row in a window that moves by a byte.
(module
  (memory (export "memory") 27 27)

  ;; Swaps the bytes of each 32-bit lane: from numbers to what stands on the wire.
  (func $to_wire (param $words v128) (result v128)
    (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (local.get $words) (local.get $words)))

  (func $words (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result v128)
    (call $to_wire
      (i32x4.replace_lane 3
        (i32x4.replace_lane 2
          (i32x4.replace_lane 1 (i32x4.splat (local.get $a)) (local.get $b))
          (local.get $c))
        (local.get $d))))

  ;; Swaps the bytes of each 64-bit lane: lane 0 is then the coefficients of x^0 to x^63, highest bit first.
  (func $swap64 (param $bytes v128) (result v128)
    (i8x16.shuffle 7 6 5 4 3 2 1 0 15 14 13 12 11 10 9 8 (local.get $bytes) (local.get $bytes)))

  ;; t * (x + x^2 + x^7), without what shifts out of its lane.
  (func $fold_within (param $t v128) (result v128)
    (v128.xor
      (v128.xor (i64x2.shr_u (local.get $t) (i32.const 1)) (i64x2.shr_u (local.get $t) (i32.const 2)))
      (i64x2.shr_u (local.get $t) (i32.const 7))))

  ;; What fold_within leaves out, as it enters the next lane.
  (func $fold_across (param $t v128) (result v128)
    (v128.xor
      (v128.xor (i64x2.shl (local.get $t) (i32.const 63)) (i64x2.shl (local.get $t) (i32.const 62)))
      (i64x2.shl (local.get $t) (i32.const 57))))

  ;; low + x^128 * high, modulo x^128 + x^7 + x^2 + x + 1.
  (func $reduce (param $low v128) (param $high v128) (result v128)
    (local $zero v128)
    (local.set $high (call $swap64 (local.get $high)))
    ;; What is beyond x^255 once high is multiplied by x^7 comes round again.
    (local.set $high
      (v128.xor
        (local.get $high)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
          (call $fold_across (local.get $high)) (local.get $zero))))
    (v128.xor
      (local.get $low)
      (call $swap64
        (v128.xor
          (v128.xor (local.get $high) (call $fold_within (local.get $high)))
          (i8x16.shuffle 16 17 18 19 20 21 22 23 0 1 2 3 4 5 6 7
            (call $fold_across (local.get $high)) (local.get $zero))))))

  ;; GHASH of the blocks from $from to $to, a multiple of four; blocks of zeros in front change nothing.
  (func $ghash (param $from i32) (param $to i32) (param $table i32) (result v128)
    (local $y v128) (local $zero v128) (local $nibble v128)
    (local $row i32) (local $end i32)
    (local $hi0 v128) (local $hi1 v128) (local $hi2 v128) (local $hi3 v128)
    (local $lo0 v128) (local $lo1 v128) (local $lo2 v128) (local $lo3 v128)
    (local $window v128) (local $low v128)
    (local.set $nibble (i8x16.splat (i32.const 15)))
    (local.set $end (i32.add (local.get $table) (i32.const 256)))
    (block $done
      (loop $group
        (br_if $done (i32.ge_u (local.get $from) (local.get $to)))
        (local.set $lo0 (v128.xor (local.get $y) (v128.load (local.get $from))))
        (local.set $lo1 (v128.load offset=16 (local.get $from)))
        (local.set $lo2 (v128.load offset=32 (local.get $from)))
        (local.set $lo3 (v128.load offset=48 (local.get $from)))
        (local.set $hi0 (i8x16.shr_u (local.get $lo0) (i32.const 4)))
        (local.set $hi1 (i8x16.shr_u (local.get $lo1) (i32.const 4)))
        (local.set $hi2 (i8x16.shr_u (local.get $lo2) (i32.const 4)))
        (local.set $hi3 (i8x16.shr_u (local.get $lo3) (i32.const 4)))
        (local.set $lo0 (v128.and (local.get $lo0) (local.get $nibble)))
        (local.set $lo1 (v128.and (local.get $lo1) (local.get $nibble)))
        (local.set $lo2 (v128.and (local.get $lo2) (local.get $nibble)))
        (local.set $lo3 (v128.and (local.get $lo3) (local.get $nibble)))
        (local.set $window (local.get $zero))
        (local.set $row (local.get $table))
        (loop $rows
          (local.set $window
            (v128.xor
              (v128.xor
                (v128.xor (local.get $window)
                  (v128.xor
                    (i8x16.relaxed_swizzle (v128.load offset=0 (local.get $row)) (local.get $hi0))
                    (i8x16.relaxed_swizzle (v128.load offset=256 (local.get $row)) (local.get $lo0))))
                (v128.xor
                  (i8x16.relaxed_swizzle (v128.load offset=512 (local.get $row)) (local.get $hi1))
                  (i8x16.relaxed_swizzle (v128.load offset=768 (local.get $row)) (local.get $lo1))))
              (v128.xor
                (v128.xor
                  (i8x16.relaxed_swizzle (v128.load offset=1024 (local.get $row)) (local.get $hi2))
                  (i8x16.relaxed_swizzle (v128.load offset=1280 (local.get $row)) (local.get $lo2)))
                (v128.xor
                  (i8x16.relaxed_swizzle (v128.load offset=1536 (local.get $row)) (local.get $hi3))
                  (i8x16.relaxed_swizzle (v128.load offset=1792 (local.get $row)) (local.get $lo3))))))
          ;; The lowest byte of the window is done.
          (local.set $low
            (i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 (local.get $low) (local.get $window)))
          (local.set $window
            (i8x16.shuffle 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 (local.get $window) (local.get $zero)))
          (local.set $row (i32.add (local.get $row) (i32.const 16)))
          (br_if $rows (i32.lt_u (local.get $row) (local.get $end))))
        (local.set $y (call $reduce (local.get $low) (local.get $window)))
        (local.set $from (i32.add (local.get $from) (i32.const 64)))
        (br $group)))
    (local.get $y))

  ;; v * x, for v in the order of swap64.
  (func $times_x (param $v v128) (result v128)
    (local $zero v128) (local $carry v128)
    (local.set $carry (i64x2.shl (local.get $v) (i32.const 63)))
    (v128.xor
      (i64x2.shr_u (local.get $v) (i32.const 1))
      (v128.xor
        (i8x16.shuffle 16 17 18 19 20 21 22 23 0 1 2 3 4 5 6 7 (local.get $carry) (local.get $zero))
        (v128.and
          (i8x16.shuffle 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
            (i64x2.shr_s (local.get $carry) (i32.const 63)) (local.get $zero))
          (v128.const i64x2 0xe100000000000000 0)))))

  ;; The 16 rows of a power of H for the nibble whose highest bit stands for x^0 times $v.
  (func $write_rows (param $v v128) (param $rows i32)
    (local $n i32) (local $j i32) (local $x1 v128) (local $x2 v128) (local $x3 v128)
    (local.set $x1 (call $times_x (local.get $v)))
    (local.set $x2 (call $times_x (local.get $x1)))
    (local.set $x3 (call $times_x (local.get $x2)))
    (loop $nibbles
      (v128.store (i32.const 0)
        (call $swap64
          (v128.xor
            (v128.xor
              (v128.and (local.get $v) (i64x2.splat (call $mask (local.get $n) (i32.const 3))))
              (v128.and (local.get $x1) (i64x2.splat (call $mask (local.get $n) (i32.const 2)))))
            (v128.xor
              (v128.and (local.get $x2) (i64x2.splat (call $mask (local.get $n) (i32.const 1))))
              (v128.and (local.get $x3) (i64x2.splat (call $mask (local.get $n) (i32.const 0))))))))
      (local.set $j (i32.const 0))
      (loop $bytes
        (i32.store8
          (i32.add (i32.add (local.get $rows) (i32.shl (local.get $j) (i32.const 4))) (local.get $n))
          (i32.load8_u (local.get $j)))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $bytes (i32.lt_u (local.get $j) (i32.const 16))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $nibbles (i32.lt_u (local.get $n) (i32.const 16)))))

  ;; All ones where the bit is set.
  (func $mask (param $n i32) (param $bit i32) (result i64)
    (i64.sub (i64.const 0)
      (i64.extend_i32_u (i32.and (i32.shr_u (local.get $n) (local.get $bit)) (i32.const 1)))))

  ;; Makes the table of the H at $h, which must lie beyond byte 64: what is below is scratch.
  (func (export "init") (param $h i32) (param $table i32)
    (local $power v128) (local $at i32) (local $x v128) (local $zero v128)
    (local.set $power (v128.load (local.get $h)))
    (local.set $at (i32.add (local.get $table) (i32.const 1536)))
    (block $done
      (loop $powers
        (local.set $x (call $swap64 (local.get $power)))
        (call $write_rows (local.get $x) (local.get $at))
        (local.set $x
          (call $times_x (call $times_x (call $times_x (call $times_x (local.get $x))))))
        (call $write_rows (local.get $x) (i32.add (local.get $at) (i32.const 256)))
        (br_if $done (i32.eq (local.get $at) (local.get $table)))
        ;; The next power, by the table of the first: the other three blocks are zero, and so is whatever their
        ;; tables give for it.
        (v128.store (i32.const 0) (local.get $zero))
        (v128.store (i32.const 16) (local.get $zero))
        (v128.store (i32.const 32) (local.get $zero))
        (v128.store (i32.const 48) (local.get $power))
        (local.set $power (call $ghash (i32.const 0) (i32.const 64) (local.get $table)))
        (local.set $at (i32.sub (local.get $at) (i32.const 512)))
        (br $powers)))
    (v128.store (i32.const 0) (local.get $zero))
    (v128.store (i32.const 48) (local.get $zero)))

  ;; Writes what the block cipher makes the keystreams of $records records of: for each $blocks blocks of nonce and
  ;; counter, the counter from 1; $low rises by one a record.
  (func (export "counters")
    (param $at i32) (param $iv i32) (param $high i32) (param $low i32) (param $records i32) (param $blocks i32)
    (local $counter i32) (local $end i32)
    (block $done
      (loop $record
        (br_if $done (i32.eqz (local.get $records)))
        (local.set $counter (i32.const 1))
        (loop $block
          (v128.store (local.get $at)
            (call $words (local.get $iv) (local.get $high) (local.get $low) (local.get $counter)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (local.set $counter (i32.add (local.get $counter) (i32.const 1)))
          (br_if $block (i32.le_u (local.get $counter) (local.get $blocks))))
        (local.set $low (i32.add (local.get $low) (i32.const 1)))
        (local.set $records (i32.sub (local.get $records) (i32.const 1)))
        (br $record))))

  ;; XORs $length bytes at $at with the keystream, and up to 15 more.
  (func $xor (param $at i32) (param $length i32) (param $keystream i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $done
      (loop $block
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (v128.store (local.get $at) (v128.xor (v128.load (local.get $at)) (v128.load (local.get $keystream))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $keystream (i32.add (local.get $keystream) (i32.const 16)))
        (br $block))))

  ;; The tag, before its encryption, of $length bytes of ciphertext at $at with the 13 bytes in $aad. Overwrites 64
  ;; bytes in front and 32 behind.
  (func $tag (param $at i32) (param $length i32) (param $aad v128) (param $table i32) (result v128)
    (local $zero v128) (local $from i32) (local $end i32)
    (local.set $from (i32.sub (local.get $at) (i32.const 16)))
    (local.set $end (i32.add (local.get $at) (i32.and (i32.add (local.get $length) (i32.const 15)) (i32.const -16))))
    (v128.store (i32.add (local.get $at) (local.get $length)) (local.get $zero))
    (v128.store (i32.sub (local.get $at) (i32.const 64)) (local.get $zero))
    (v128.store (i32.sub (local.get $at) (i32.const 48)) (local.get $zero))
    (v128.store (i32.sub (local.get $at) (i32.const 32)) (local.get $zero))
    (v128.store (local.get $from) (local.get $aad))
    ;; Lengths of both in bits.
    (v128.store (local.get $end)
      (call $words (i32.const 0) (i32.const 104) (i32.const 0) (i32.shl (local.get $length) (i32.const 3))))
    (local.set $end (i32.add (local.get $end) (i32.const 16)))
    ;; As many blocks of zeros in front as make groups of four.
    (call $ghash
      (i32.sub (local.get $from)
        (i32.and (i32.sub (local.get $from) (local.get $end)) (i32.const 48)))
      (local.get $end)
      (local.get $table)))

  ;; RFC 5246 section 6.2.3.3: the record's number ($high has the epoch), type, version and length.
  (func $additional_data (param $type i32) (param $high i32) (param $low i32) (param $length i32) (result v128)
    (call $words
      (local.get $high)
      (local.get $low)
      (i32.or
        (i32.or (i32.shl (local.get $type) (i32.const 24)) (i32.const 0xfefd00))
        (i32.shr_u (local.get $length) (i32.const 8)))
      (i32.shl (local.get $length) (i32.const 24))))

  ;; Makes a record of the $length bytes of plaintext at $at: header and explicit nonce in the 21 bytes in front, tag
  ;; behind. The keystream begins with the block for the tag.
  (func (export "seal")
    (param $at i32) (param $length i32) (param $keystream i32) (param $table i32)
    (param $type i32) (param $high i32) (param $low i32)
    (local $aad v128) (local $tag v128) (local $body i32)
    (local.set $aad
      (call $additional_data (local.get $type) (local.get $high) (local.get $low) (local.get $length)))
    (call $xor (local.get $at) (local.get $length) (i32.add (local.get $keystream) (i32.const 16)))
    (local.set $tag (call $tag (local.get $at) (local.get $length) (local.get $aad) (local.get $table)))
    (v128.store
      (i32.add (local.get $at) (local.get $length))
      (v128.xor (local.get $tag) (v128.load (local.get $keystream))))
    ;; type, version, number; length of nonce, ciphertext and tag; nonce, which is the number.
    (local.set $body (i32.add (local.get $length) (i32.const 24)))
    (v128.store
      (i32.sub (local.get $at) (i32.const 21))
      (i8x16.shuffle 8 9 10 0 1 2 3 4 5 6 7 18 19 0 1 2
        (local.get $aad)
        (call $to_wire (i32x4.splat (local.get $body)))))
    (v128.store64_lane 0 (i32.sub (local.get $at) (i32.const 8)) (local.get $aad)))

  ;; Opens the $length bytes of ciphertext at $at, with their tag behind. 1 where it is authentic; otherwise the
  ;; bytes stay encrypted.
  (func (export "open")
    (param $at i32) (param $length i32) (param $keystream i32) (param $table i32)
    (param $type i32) (param $high i32) (param $low i32) (result i32)
    (local $sent v128)
    (local.set $sent (v128.load (i32.add (local.get $at) (local.get $length))))
    (if
      (v128.any_true
        (v128.xor
          (v128.xor (local.get $sent) (v128.load (local.get $keystream)))
          (call $tag
            (local.get $at)
            (local.get $length)
            (call $additional_data (local.get $type) (local.get $high) (local.get $low) (local.get $length))
            (local.get $table))))
      (then (return (i32.const 0))))
    (call $xor (local.get $at) (local.get $length) (i32.add (local.get $keystream) (i32.const 16)))
    (i32.const 1)))
