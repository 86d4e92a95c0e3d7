# Completion of credsh for elvish. Tab asks `credsh --complete` what can stand at the cursor.

use re
use str

set edit:completion:arg-completer[credsh] = {|@words|
    # A first word in quotes would be no command.
    var quoted = [(for word $words {
        if (re:match '^[A-Za-z0-9_:./=~+-]+$' $word) {
            put $word
        } else {
            put "'"(str:replace "'" "'\\''" $word)"'"
        }
    })]
    try {
        credsh --complete (str:join ' ' $quoted) 2>/dev/null | from-lines | each {|line|
            var text about = (str:split &max=2 "\t" $line)
            var suffix = ' '
            if (or (str:has-suffix $text /) (str:has-suffix $text :) (str:has-suffix $text =)) { set suffix = '' }
            var display = $text
            if (not-eq $about '') { set display = $text'  '$about }
            edit:complex-candidate $text &code-suffix=$suffix &display=$display
        }
    } catch _ { }
}
