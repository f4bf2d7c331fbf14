(module
    (memory (export "memory") 2)
    (data (i32.const 1024) "\00\00\00\00" "\10\04\00\00" "\2c\00\00\00")
    (data (i32.const 1040) "1},\"status\":\"done\",\"effects\":[{\"rials\":9999}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        i32.const 4096)
    (func (export "run") (param i32 i32 i32 i32) (result i32)
        i32.const 1024))
