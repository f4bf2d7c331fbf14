(module binary "\00asm" "\ff\00\01\00")
