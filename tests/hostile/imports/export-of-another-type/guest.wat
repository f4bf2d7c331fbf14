(component
    (core module $m (func (export "run") (param i32) (result i32) i32.const 1))
    (core instance $i (instantiate $m))
    (func (export "run") (param "input" u32) (result u32)
        (canon lift (core func $i "run"))))
