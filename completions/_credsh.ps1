
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'credsh' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'credsh'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'credsh' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Run a Rhai script; `-` is standard input. Repeatable, mixes with -c, run in the order given')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Run a Rhai script; `-` is standard input. Repeatable, mixes with -c, run in the order given')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Run one shell line. Repeatable')
            [CompletionResult]::new('--command', '--command', [CompletionResultType]::ParameterName, 'Run one shell line. Repeatable')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'A script variable, read as `args.NAME`; never for secrets')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'A script variable, read as `args.NAME`; never for secrets')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Cargo home [default: `CARGO_HOME`, else `~/.cargo`]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Act as if started in DIR')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Act as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Stay in the shell after -f and -c')
            [CompletionResult]::new('--interactive', '--interactive', [CompletionResultType]::ParameterName, 'Stay in the shell after -f and -c')
            [CompletionResult]::new('--no-rc', '--no-rc', [CompletionResultType]::ParameterName, 'Skip rc.rhai')
            [CompletionResult]::new('--no-history', '--no-history', [CompletionResultType]::ParameterName, 'Keep no history file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('registry', 'registry', [CompletionResultType]::ParameterValue, 'Registries: list, show, add, change, rename, remove')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Store a token, with the provider that Cargo would give it to')
            [CompletionResult]::new('logout', 'logout', [CompletionResultType]::ParameterValue, 'Remove the token of a registry, wherever it is')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show for each registry whether Cargo has a token for it, where, and what is doubtful about it')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Explain which token Cargo would use, step by step: the winner, each loser, and the reason')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Tokens: show the one that Cargo would use')
            [CompletionResult]::new('provider', 'provider', [CompletionResultType]::ParameterValue, 'Credential providers: the global chain, in the order tried')
            [CompletionResult]::new('alias', 'alias', [CompletionResultType]::ParameterValue, 'Short names for providers (`[credential-alias]`)')
            [CompletionResult]::new('begin', 'begin', [CompletionResultType]::ParameterValue, 'Open a transaction: what follows is written at its `commit`, or not at all')
            [CompletionResult]::new('commit', 'commit', [CompletionResultType]::ParameterValue, 'Write what has changed since `begin`')
            [CompletionResult]::new('rollback', 'rollback', [CompletionResultType]::ParameterValue, 'Undo what has changed since `begin`')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what a commit would change now, with tokens masked')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a script (`.rhai`), or a file of shell lines')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Explain a command or a topic; alone, list them all')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of `credsh` for your shell')
            break
        }
        'credsh;registry' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List every registry that Cargo would know here')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one registry: each value, where it stands, and what it shadows')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a registry')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change a registry')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Rename a registry, with its stored token')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a registry, and log out of it')
            break
        }
        'credsh;registry;list' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;registry;show' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;registry;add' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'The only provider that Cargo asks for this registry')
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Edit this file')
            [CompletionResult]::new('--make-default', '--make-default', [CompletionResultType]::ParameterName, 'Make it the registry that is meant when none is named')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Edit `.cargo/config.toml` in the current directory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;registry;set' {
            [CompletionResult]::new('--index', '--index', [CompletionResultType]::ParameterName, 'The new index')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'The only provider that Cargo asks for this registry')
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Edit this file')
            [CompletionResult]::new('--move-token', '--move-token', [CompletionResultType]::ParameterName, 'Keep the stored token, for the new index')
            [CompletionResult]::new('--drop-token', '--drop-token', [CompletionResultType]::ParameterName, 'Forget the stored token')
            [CompletionResult]::new('--no-provider', '--no-provider', [CompletionResultType]::ParameterName, 'Back to the global chain')
            [CompletionResult]::new('--make-default', '--make-default', [CompletionResultType]::ParameterName, 'Make it the registry that is meant when none is named')
            [CompletionResult]::new('--no-default', '--no-default', [CompletionResultType]::ParameterName, 'No longer the default')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Edit `.cargo/config.toml` in the current directory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;registry;rename' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;registry;remove' {
            [CompletionResult]::new('--keep-token', '--keep-token', [CompletionResultType]::ParameterName, 'Leave its token where it is')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;login' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where the token is: `prompt`, `stdin`, `env:NAME`, `file:PATH`, `command:CMD ARGS`, `provider:SPEC`')
            [CompletionResult]::new('--scheme', '--scheme', [CompletionResultType]::ParameterName, 'How the server wants it: as it is, or behind `Bearer`, `Basic` or `Token`')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Give the registry this provider first')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'A name for the token [default: `default`]')
            [CompletionResult]::new('--operations', '--operations', [CompletionResultType]::ParameterName, 'What Cargo may use it for, with commas between [default: everything]')
            [CompletionResult]::new('--crates', '--crates', [CompletionResultType]::ParameterName, 'Which crates it may be used for: names, or beginnings of names as `serde*` [default: all]')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'The last day on which it is good, or how many days it is: `2027-01-31`, `90d`')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Where it is kept [default: the keyring, or the sealed file where none answers]')
            [CompletionResult]::new('--move', '--move', [CompletionResultType]::ParameterName, 'Remove it from where it was, once it is stored')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;logout' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Log out of every registry')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;status' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Start the programs of providers to find out')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;why' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--operation', '--operation', [CompletionResultType]::ParameterName, 'What Cargo would do with it')
            [CompletionResult]::new('--crate', '--crate', [CompletionResultType]::ParameterName, 'The crate that it would do it to')
            [CompletionResult]::new('--ask', '--ask', [CompletionResultType]::ParameterName, 'Start the programs of providers to find out')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;token' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Ask the chain as Cargo would, and show the token, masked')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the tokens that credsh keeps itself, and what each is for')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change what one of credsh''s own tokens is for, when it expires, or where it is kept')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Forget one of credsh''s own tokens')
            break
        }
        'credsh;token;show' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--operation', '--operation', [CompletionResultType]::ParameterName, 'What Cargo would do with it')
            [CompletionResult]::new('--crate', '--crate', [CompletionResultType]::ParameterName, 'The crate that it would do it to')
            [CompletionResult]::new('--reveal', '--reveal', [CompletionResultType]::ParameterName, 'Print exactly what Cargo would send, and one newline')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;token;list' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The same as an option')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;token;set' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Whose token, where several registries have one of that label')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Whose token, where several registries have one of that label')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'A name for the token [default: `default`]')
            [CompletionResult]::new('--operations', '--operations', [CompletionResultType]::ParameterName, 'What Cargo may use it for, with commas between [default: everything]')
            [CompletionResult]::new('--crates', '--crates', [CompletionResultType]::ParameterName, 'Which crates it may be used for: names, or beginnings of names as `serde*` [default: all]')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'The last day on which it is good, or how many days it is: `2027-01-31`, `90d`')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Where it is kept [default: the keyring, or the sealed file where none answers]')
            [CompletionResult]::new('--all-operations', '--all-operations', [CompletionResultType]::ParameterName, 'For every operation again')
            [CompletionResult]::new('--all-crates', '--all-crates', [CompletionResultType]::ParameterName, 'For every crate again')
            [CompletionResult]::new('--never-expires', '--never-expires', [CompletionResultType]::ParameterName, 'Good without end again')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;token;remove' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Whose token, where several registries have one of that label')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Whose token, where several registries have one of that label')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;provider' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the global chain in the order tried, then the registries that have a provider of their own')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a provider to the global chain')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a provider from the global chain')
            [CompletionResult]::new('move', 'move', [CompletionResultType]::ParameterValue, 'Change when a provider of the global chain is tried')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Test whether a provider does what Cargo expects, point by point')
            break
        }
        'credsh;provider;list' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;provider;add' {
            [CompletionResult]::new('--before', '--before', [CompletionResultType]::ParameterName, 'Tried just before this one')
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Edit this file')
            [CompletionResult]::new('--first', '--first', [CompletionResultType]::ParameterName, 'Tried before all others')
            [CompletionResult]::new('--last', '--last', [CompletionResultType]::ParameterName, 'Tried after all others')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Edit `.cargo/config.toml` in the current directory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;provider;remove' {
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Edit this file')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Edit `.cargo/config.toml` in the current directory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;provider;move' {
            [CompletionResult]::new('--before', '--before', [CompletionResultType]::ParameterName, 'Tried just before this one')
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Edit this file')
            [CompletionResult]::new('--first', '--first', [CompletionResultType]::ParameterName, 'Tried before all others')
            [CompletionResult]::new('--last', '--last', [CompletionResultType]::ParameterName, 'Tried after all others')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Edit `.cargo/config.toml` in the current directory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;provider;test' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The registry to ask about [default: `registry.default`, else `crates-io`]')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'The registry to ask about [default: `registry.default`, else `crates-io`]')
            [CompletionResult]::new('--login', '--login', [CompletionResultType]::ParameterName, 'Also store a made-up token for a made-up index, read it back, and remove it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;alias' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the aliases of `[credential-alias]`')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set an alias')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an alias')
            break
        }
        'credsh;alias;list' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;alias;set' {
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Edit this file')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Edit `.cargo/config.toml` in the current directory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;alias;remove' {
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Edit this file')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Edit `.cargo/config.toml` in the current directory')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;begin' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;commit' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;rollback' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;diff' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'credsh;run' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;help' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'credsh;completions' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document on standard output, errors too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would change; change nothing')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Like --dry-run, and exit 2 if anything would change')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Answer yes to confirmations, and write over what somebody else has changed meanwhile')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Never prompt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
