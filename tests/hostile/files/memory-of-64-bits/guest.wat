(component
    (core module $m (memory i64 1))
    (core instance (instantiate $m)))
