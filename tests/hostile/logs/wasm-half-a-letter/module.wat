(module
    (import "pod:policy/log@0.1.0" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") 2)
    (data (i32.const 1024) "ok \d8")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (call $log (i32.const 2) (i32.const 1024) (i32.const 4))
        unreachable))
