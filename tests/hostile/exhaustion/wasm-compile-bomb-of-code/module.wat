(module
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (unreachable))
    (func (export "bomb") (param i32) (result i32)
        (local.get 0)
        {{300_000 * "(i32.add (local.get 0))"}}))
