(module
    (memory (export "memory") 2)
    (data (i32.const 1024) "\00\00\00\00" "\f0\ff\ff\ff" "\40\00\00\00")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        i32.const 1024))
