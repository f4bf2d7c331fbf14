(module
    (import "pod:policy/budget@0.1.0" "get-remaining-budget" (func $left (param i32)))
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (call $left (i32.const -8))
        unreachable))
