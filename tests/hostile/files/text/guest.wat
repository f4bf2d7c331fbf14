(module binary "this is no component, and nothing else, either")
