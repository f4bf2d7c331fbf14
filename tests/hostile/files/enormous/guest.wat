(module binary "{{70000000 * "x"}}")
