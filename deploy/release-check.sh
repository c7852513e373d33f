#!/bin/sh
# Holds a release against what those who install it need: `make release-check`, before anything is published.
#
# It builds the source package and, of that alone, the wheel, as an index's users would; or takes the folder that is named. It then
# installs the wheel by pipx, outside the checkout and with a home of its own, and runs the commands there.
# TIERFLOW_WHEEL=pure builds a wheel without compiled logic, in seconds.
set -eu
checkout=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
uv=$checkout/.uv/bin/uv
tool() { (cd "$checkout" && "$uv" run --quiet --frozen --isolated --only-group release "$@"); }

dist=${1:-}
if [ -z "$dist" ]; then
    dist=$away/dist
    (cd "$checkout" && "$uv" build --quiet --out-dir "$dist")
fi
dist=$(cd "$dist" && pwd)
# Of several wheels, the one that fits this Python and system.
"$python" -m venv "$away/pip"
"$away/pip/bin/pip" download --quiet --disable-pip-version-check --pre --no-deps --no-index --only-binary :all: --find-links "$dist" --dest "$away/fits" tierflow
wheel=$(ls "$away"/fits/*.whl)
echo "--- $(ls "$dist" | tr '\n' ' ')"
tool twine check --strict "$dist"/*.whl "$dist"/*.tar.gz
tool check-wheel-contents "$dist"/*.whl

# Nothing of the checkout is seen from here on: neither folder nor variables nor caches.
mkdir "$away/home" "$away/empty"
PIPX_HOME=$away/pipx PIPX_BIN_DIR=$away/bin PIPX_MAN_DIR=$away/man tool pipx install --quiet --python "$(command -v "$python")" "$wheel"
PIPX_HOME=$away/pipx PIPX_BIN_DIR=$away/bin PIPX_MAN_DIR=$away/man tool pipx inject --quiet tierflow pytest
# But how this network lets one out.
network=$(env | grep -E '^(SSL_CERT_FILE|REQUESTS_CA_BUNDLE|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY)=' || true)
# shellcheck disable=SC2086 # one word a variable
installed() { (cd "$away/empty" && env -i HOME="$away/home" PATH="$away/bin:/usr/bin:/bin" LANG=C.UTF-8 TIERFLOW_HTTP_PORT=0 $network "$@"); }

echo "--- tierflow --version"
installed tierflow --version
case $wheel in *-none-any.whl) ;; *) installed tierflow --version | grep -q '(compiled)' ;; esac
cp "$checkout/config/policies/standard.toml" "$away/empty"
echo "--- tierflow policy check"
installed tierflow policy check standard.toml >/dev/null
echo "--- tierflow demo"
installed tierflow demo --seconds 5 --events 200
echo "--- the plug-in for pytest"
cp "$checkout"/examples/policy_tests/*.* "$away/empty"
installed "$away/pipx/venvs/tierflow/bin/python" -m pytest -q
echo "--- the release can go out"
