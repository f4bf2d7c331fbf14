(module
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        i32.const 0x7fff0000))
