(module
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (unreachable))
    (func (export "bomb") (param i32) {{10_000 * "(local i64)"}}
        (loop $l {{10_000 * "(br_if $l (local.get 0))"}})))
