"""The completion scripts. Each asks the program itself, so that they know what this version knows.

@NAME@ is the program's name, "boxship" or "docker".
"""

# Bash splits words at ":" and "=", too (COMP_WORDBREAKS), so the line is taken apart anew, and what bash has already
# is cut off from the answers.
BASH = r"""# bash completion for @NAME@:  source <(@NAME@ completion bash)
_@NAME@_complete() {
    local line=${COMP_LINE:0:COMP_POINT} current word
    local -a words
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[-1]}
    local cut=
    [[ $current == *[:=]* ]] && cut=${current%"${current##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r word; do
        word=${word%%$'\t'*}
        COMPREPLY+=("${word#"$cut"}")
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=] ]] && compopt -o nospace
}
complete -o bashdefault -o default -F _@NAME@_complete @NAME@
"""

# Words that end in ":" or "=" want something behind them: no space.
ZSH = r"""#compdef @NAME@
# zsh completion for @NAME@:  source <(@NAME@ completion zsh)
_@NAME@() {
    local line word
    local -a whole open
    while IFS= read -r line; do
        word=${line%%$'\t'*}
        line=${word//:/\\:}${${(M)line:#*$'\t'*}:+:${line#*$'\t'}}
        if [[ $word == *[:=] ]]; then open+=("$line"); else whole+=("$line"); fi
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#whole} )) && _describe -V '@NAME@' whole
    (( ${#open} )) && _describe -V '@NAME@' open -S ''
    (( ${#whole} + ${#open} )) || _files
}
if [[ $funcstack[1] == _@NAME@ ]]; then
    _@NAME@ "$@"
else
    compdef _@NAME@ @NAME@
fi
"""

FISH = r"""# fish completion for @NAME@:  @NAME@ completion fish | source
function __@NAME@_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c @NAME@ -f -a '(__@NAME@_complete)'
"""

SCRIPTS = {"bash": BASH, "fish": FISH, "zsh": ZSH}


def script(shell: str, program: str) -> str:
    """The script for "bash", "fish" or "zsh". KeyError."""
    return SCRIPTS[shell].lstrip("\n").replace("@NAME@", program)
