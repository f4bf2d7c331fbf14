(module
    (import "pod:platform/files@0.2.0" "get-file"
        (func $get (param i64 i32 i32 i32)))
    (memory (export "memory") 32)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 8192)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (loop $again
            (call $get (i64.const 1) (i32.const 65536) (i32.const 1000000) (i32.const 2048))
            (br $again))
        unreachable))
