//! What is not about one command. A paragraph is one line here; it is broken where it is shown.

/// Each topic with its text.
pub(super) const TOPICS: [(&str, &str); 7] = [
    (
        "sources",
        "Where a token comes from. Its text is never typed in a command, so it is in no history and no script.\n\n  \
         prompt            a hidden prompt; the default on a terminal\n  \
         stdin             one line of standard input; the default elsewhere\n  \
         env:NAME          an environment variable\n  \
         file:PATH         a file that contains nothing else\n  \
         command:CMD ARGS  what a command prints; split as a shell would, run without one\n  \
         provider:SPEC     what another credential provider has for this registry",
    ),
    (
        "providers",
        "Who keeps tokens for Cargo. A registry's own `credential-provider` is the only one asked; else the global \
         chain is. credsh shows and edits it in the order tried; Cargo's files list it the other way round.\n\n  \
         cargo:token              Cargo's own files and variables, as plain text\n  \
         cargo:libsecret          the Secret Service, on Linux\n  \
         cargo:macos-keychain     the keychain, on macOS\n  \
         cargo:wincred            the Credential Manager, on Windows\n  \
         cargo:token-from-stdout  a command that prints the token; cannot log in\n  \
         credsh                   credsh itself: a token for each operation\n  \
         anything else            an alias, or a program that speaks Cargo's protocol",
    ),
    (
        "transactions",
        "At the prompt each command writes its changes at once, and a line of Rhai at its end. A batch (`-f`, \
         `-c`, lines on standard input, `run`) writes all of its changes at its end, or none if anything fails. \
         `--dry-run` prints the changes instead of writing them; `--check` exits with 2 if there would be any.\n\n\
         `begin` opens a transaction by hand: what follows is written at its `commit`, or undone by `rollback`; \
         `diff` shows it. Within a transaction or a batch, `begin` is a savepoint. A `commit` that fails at the prompt \
         leaves the transaction open: try it again, write over what others have changed with `commit --yes`, or roll \
         it back.",
    ),
    (
        "scripts",
        "A script is Rhai (https://rhai.rs/book). Each command is a function: `registry::add(\"corp\", url)`, \
         `login(\"corp\", #{ from: \"env:CORP_TOKEN\" })`. Options stand in one map at the end, with `_` for `-`; \
         switches are `true`, words after `--` are `rest`. A call returns what `--json` would print; the `list` \
         commands return an array. An error can be caught: `e.kind`, `e.message`, `e.hint`.\n\n  \
         env(\"NAME\")     a variable, `()` if it is not set\n  \
         args.NAME       what `-s NAME=VALUE` set; `args.rest` is what stood after `--`\n  \
         is_dry_run()    whether nothing will be written\n  \
         fail(\"why\")     ends the script, and nothing is written\n  \
         exit()          ends the script, and what it did so far is written; `exit(1)` with that exit status",
    ),
    (
        "shell",
        "The prompt names the default registry; `*` says that a transaction has changes, `!` that something in it \
         has failed. What is no command is Rhai: `1 + 2`, `let r = registry::list()`; variables and functions stay. \
         `rc.rhai` in `~/.config/credsh` (or `$XDG_CONFIG_HOME/credsh`) runs at the start.\n\n  \
         Tab             commands, options, values; functions, variables, what can stand behind a dot\n  \
         Right, Ctrl-E   take the hint; Alt-F takes a word of it\n  \
         Up, Down        lines that begin like what is typed; Ctrl-R searches\n  \
         Alt-Enter       a new line in the same entry, as after an open quote or bracket\n  \
         Ctrl-C          clears the line, or interrupts what runs\n  \
         Ctrl-D          leaves; `exit` and `quit` do, too\n  \
         !CMD            runs CMD in your own shell\n  \
         history         the lines of before; one that begins with a blank is not kept\n  \
         record FILE     writes what changes until `record --stop` as a script\n\n\
         Keys are those of emacs, or of vi where `~/.inputrc` (or `$INPUTRC`) says `set editing-mode vi`.",
    ),
    (
        "exit statuses",
        "Exit statuses.\n\n  \
         0    done\n  \
         1    failed\n  \
         2    `--check`: something would change\n  \
         3    not found, or not logged in\n  \
         4    a store or provider is unavailable, locked or too slow\n  \
         5    rejected by the server, or expired\n  \
         64   the words were wrong\n  \
         65   a file is malformed\n  \
         130  interrupted",
    ),
    (
        "environment",
        "Variables that credsh reads.\n\n  \
         CREDSH_COLOR       auto, always or never\n  \
         CREDSH_NO_INPUT    never prompt\n  \
         CREDSH_NO_RC       skip rc.rhai\n  \
         CREDSH_NO_HISTORY  keep no history file\n  \
         CREDSH_PASSPHRASE  opens the sealed file\n  \
         NO_COLOR, CLICOLOR_FORCE, TERM=dumb, XDG_CONFIG_HOME, XDG_STATE_HOME, INPUTRC, SHELL as everywhere\n  \
         CARGO_HOME and CARGO_* as Cargo reads them",
    ),
];
