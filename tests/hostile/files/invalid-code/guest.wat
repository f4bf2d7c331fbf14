(component
    (core module $m (func (export "run") (result i32) i64.const 1)))
