(component
    (core module $m (func (export "run")))
    (core instance $i (instantiate $m))
    (func $run (canon lift (core func $i "run")))
    (instance $instance (export "run" (func $run)))
    (export "run" (instance $instance)))
