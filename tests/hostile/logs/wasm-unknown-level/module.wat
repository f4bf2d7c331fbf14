(module
    (import "pod:policy/log@0.1.0" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (call $log (i32.const 99) (i32.const 0) (i32.const 1))
        unreachable))
