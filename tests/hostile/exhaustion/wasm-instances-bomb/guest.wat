(component
    (core module $m (memory 1) (table 1 funcref))
{{100 * "    (core instance (instantiate $m))
"}})
