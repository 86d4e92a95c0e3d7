# Completion of credsh for bash. Tab asks `credsh --complete` what can stand at the cursor.

_credsh() {
    local line="${COMP_LINE:0:COMP_POINT}" word="$2" kept="" is_quoted="" text about
    # Readline replaces what stands behind a `:` or `=` only.
    case "${line%"$word"}" in
        *[:=]) kept="${line%"$word"}" kept="${kept##*[[:space:]]}" ;;
        *[\'\"]) is_quoted=1 ;;
    esac
    [[ $word == [\'\"]* ]] && is_quoted=1
    # Within a quote that is open, readline quotes; elsewhere it would take a registry for a folder of that name.
    [[ $is_quoted ]] && compopt -o filenames
    COMPREPLY=()
    while IFS=$'\t' read -r text about; do
        if [[ $text == *[/:=] ]]; then compopt -o nospace; fi
        text="${text#"$kept"}"
        if [[ $is_quoted ]]; then
            :
        elif [[ $text == "~/"* ]]; then
            printf -v text '~/%q' "${text#"~/"}"
        else
            printf -v text '%q' "$text"
        fi
        COMPREPLY+=("$text")
    done < <(credsh --complete "$line" 2>/dev/null)
}

complete -F _credsh credsh
