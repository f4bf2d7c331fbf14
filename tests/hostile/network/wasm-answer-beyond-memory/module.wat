(module
    (import "pod:policy/http@0.1.0" "fetch"
        (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (memory (export "memory") 2)
    (data (i32.const 1024) "http://127.0.0.1:ERP_PORT/ok")
    (global $asked (mut i32) (i32.const 0))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (if (result i32) (global.get $asked) (then (i32.const -64)) (else (i32.const 4096))))
    (func $ask
        (global.set $asked (i32.const 1))
        (call $fetch (i32.const 0) (i32.const 1024) (i32.const 25)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2048)))
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (call $ask)
        unreachable))
