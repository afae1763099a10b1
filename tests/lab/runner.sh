# Runs the functions `case_…` that have been sourced, and has what they share. Sourced itself, after
# netns.sh.

# run_cases BEFORE [WORD...]: runs all, or those whose names contain one of the words; each after
# the command BEFORE. Fails if one fails, or none has such a name.
run_cases() {
    local before=$1 case word wanted status start failed=() passed=0
    shift
    for case in $(compgen -A function | sed -n 's/^case_//p'); do
        if (($# > 0)); then
            wanted=
            for word in "$@"; do [[ $case != *"$word"* ]] || wanted=1; done
            [[ $wanted ]] || continue
        fi
        "$before"
        printf '%s\n' "--- ${case//_/ }"
        start=$SECONDS
        # In a subshell with its own -e: `if` would switch it off.
        set +e
        (set -e; "case_$case")
        status=$?
        set -e
        if ((status == 0)); then
            passed=$((passed + 1))
        else
            echo "    FAILED after $((SECONDS - start)) s"
            tail -n 5 "$work/stderr" 2>/dev/null || true
            failed+=("$case")
        fi
    done
    if ((${#failed[@]} > 0)); then
        echo "$passed passed, ${#failed[@]} failed: ${failed[*]}"
        return 1
    fi
    ((passed > 0)) || die "no case has such a name"
    echo "all $passed cases passed in $SECONDS s"
}

# expect PATTERN: standard input must match the extended regular expression.
expect() {
    local text
    text=$(cat)
    grep -Eq -- "$1" <<<"$text" || {
        printf '    no "%s" in:\n%s\n' "$1" "$text"
        return 1
    }
}

# await_line FILE PATTERN: waits until a line of the file matches.
await_line() {
    local try
    for try in {1..200}; do
        ! grep -Eqs -- "$2" "$1" || return 0
        sleep 0.1
    done
    echo "    no \"$2\" in: $(cat "$1")"
    return 1
}
