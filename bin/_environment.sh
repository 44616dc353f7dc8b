# Read by bin/demo, bin/test and bin/setup, in the project's directory: makes .venv, or brings it to the lock.
# shellcheck shell=sh

say() { printf '%s\n' "$*" >&2; }

is_usable() { # whether "$1" is a Python new enough that can make a virtual environment
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if is_usable "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "TPP needs Python 3.11 or newer with its venv module; none of these is: ${PYTHON:-python3, python3.13, python3.12, python3.11, python}."
    say "On Debian or Ubuntu: apt-get install python3 python3-venv. Elsewhere: PYTHON=/path/to/python3 $0"
    return 1
}

install_with_uv() { # several times faster than pip; the lock pins it like everything else
    sed -n '/^uv==/,/[^\\]$/p' requirements/dev.lock >.venv/uv.lock
    [ -s .venv/uv.lock ] &&
        .venv/bin/python -m pip install --quiet --require-hashes --no-deps -r .venv/uv.lock &&
        .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements/dev.lock
}

install() {
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        python=$(find_python) || return 1
        say "Making a virtual environment in .venv with $("$python" --version) …"
        "$python" -m venv --clear .venv || return 1
    fi
    say "Installing $(grep -c '==' requirements/dev.lock) locked packages; the first time this takes up to a minute …"
    install_with_uv ||
        .venv/bin/python -m pip install --quiet --require-hashes -r requirements/dev.lock ||
        { say "The packages could not be installed; the lines above say why."; return 1; }
    cp requirements/dev.lock .venv/installed.lock
}

unset PYTHONDONTWRITEBYTECODE # without bytecode every start takes seconds longer
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

if ! cmp -s requirements/dev.lock .venv/installed.lock || ! .venv/bin/python -c '' 2>/dev/null; then
    # One set-up at a time; the lock ends with the processes that hold it.
    exec 9<requirements/dev.lock
    if command -v flock >/dev/null; then
        flock -n 9 || { say "Waiting for another set-up of .venv to finish …" && flock 9; }
    fi
    cmp -s requirements/dev.lock .venv/installed.lock && .venv/bin/python -c '' 2>/dev/null || install || exit 1
    exec 9<&-
fi
