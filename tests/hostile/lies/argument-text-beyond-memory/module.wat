(module
    (import "pod:platform/payments@0.2.0" "get-pay-invoice-by-wallet-link"
        (func $link (param i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (call $link (i64.const 501)
            (i32.const 1) (i32.const 131000) (i32.const 1000)
            (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 2048))
        unreachable))
