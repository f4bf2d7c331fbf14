(module
    (import "pod:platform/bills@0.1.0" "pay-bill"
        (func $pay (param i32 i32 i32 i32 i32)))
    (memory (export "memory") 32)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 8192)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (local $left i32)
        (local.set $left (i32.const 200))
        (loop $again
            (call $pay (i32.const 65536) (i32.const 1000000) (i32.const 65536) (i32.const 1000000)
                (i32.const 2048))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        unreachable))
