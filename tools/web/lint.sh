#!/bin/sh
# Checks the JavaScript of exported pages: types by tsc, style by eslint. It is left out, in a line,
# where there is no npm, a Node.js that eslint does not run on, or no way to fetch the two.
set -eu
cd "$(dirname "$0")/../.."
tools=tools/web

suits='const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
if ! command -v npm >/dev/null || ! node -e "$suits"; then
    echo "the JavaScript of exported pages is not checked: this needs npm and Node.js 20.19 or newer" >&2
    exit
fi
if [ ! "$tools/node_modules/.package-lock.json" -nt "$tools/package-lock.json" ]; then
    if ! npm ci --prefix "$tools" --no-audit --no-fund >/dev/null; then
        echo "the JavaScript of exported pages is not checked: npm could not fetch tsc and eslint" >&2
        exit
    fi
    touch "$tools/node_modules/.package-lock.json"
fi
"$tools/node_modules/.bin/tsc" --project "$tools"
"$tools/node_modules/.bin/eslint" --config "$tools/eslint.config.js" src/gpunet/export/web "$@"
