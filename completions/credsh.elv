# Completion of credsh for elvish. Tab asks `credsh --complete` what can stand at the cursor.

use str

set edit:completion:arg-completer[credsh] = {|@words|
    var quoted = [(for word $words { put "'"(str:replace "'" "'\\''" $word)"'" })]
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
