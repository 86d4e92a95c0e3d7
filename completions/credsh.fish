# Completion of credsh for fish. Tab asks `credsh --complete` what can stand at the cursor.

function __credsh_complete
    credsh --complete (commandline --current-process --cut-at-cursor | string collect) 2>/dev/null
end

complete --command credsh --no-files --arguments '(__credsh_complete)'
