(module
    (memory (export "memory") 32)
    ;; Ten thousand remarks at 65536, each with ten thousand alternatives at the same place.
    (data (i32.const 1024) "\00\00\00\00" "\00\00\00\00\00\00\00\00"
        "\00\00\01\00\10\27\00\00" "\00\00\00\00\00\00\00\00")
    (data (i32.const 65536)
        "{{10_000 * "\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\08\00\10\27\00\00"}}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 8192)
    (func (export "plan") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 1024))
