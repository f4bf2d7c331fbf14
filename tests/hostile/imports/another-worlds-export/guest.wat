(component
    (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "run") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (type $position' (record (field "line" u32) (field "column" u32)))
    (export $position "position" (type $position'))
    (type $failure' (record (field "message" string) (field "position" (option $position))))
    (export $failure "failure" (type $failure'))
    (func (export "run") (param "input" string) (param "config" string)
        (result (result string (error $failure)))
        (canon lift (core func $i "run") (memory (core memory $i "memory"))
            (realloc (core func $i "realloc")))))
