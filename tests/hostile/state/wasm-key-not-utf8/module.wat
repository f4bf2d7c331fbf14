(module
    (import "pod:policy/store@0.1.0" "set-state"
        (func $set (param i32 i32 i32 i32 i32 i32)))
    (import "pod:policy/store@0.1.0" "get-state"
        (func $get (param i32 i32 i32)))
    (memory (export "memory") 2)
    (data (i32.const 1024) "key\ff\fe")
    (global $asked (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (if (result i32) (global.get $asked) (then (i32.const 4096)) (else (i32.const 4096))))
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (global.set $asked (i32.const 1))
        (call $set (i32.const 1024) (i32.const 5) (i32.const 1) (i32.const 1024) (i32.const 3) (i32.const 2048))
        unreachable))
