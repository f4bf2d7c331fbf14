(component
    (import "pod:policy/random@0.1.0" (instance (export "get-random-u64" (func (result u64)))))
    (core module $m
        (memory (export "memory") 1)
        (func (export "plan")))
    (core instance $i (instantiate $m))
    (func (export "plan") (canon lift (core func $i "plan"))))
