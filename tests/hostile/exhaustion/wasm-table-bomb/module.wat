(module
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        (loop $again (drop (table.grow $table (ref.null func) (i32.const 1000))) (br $again))
        unreachable)
    (table $table 1 funcref))
