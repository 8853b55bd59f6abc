# shellcheck shell=bash
# Knows which system packages and which Rust are needed, and installs the packages that are missing.
# Sourced by install.sh and by tests/run.sh; needs nothing but bash.
#
#   need_packages build    what a build and the programs need
#   need_packages tests    that, and what the tests start
#
#   need_rust FOLDER       a cargo for the workspace in FOLDER; puts it into PATH
#
# Each returns 0 when everything is there, 1 when something is missing and cannot be installed; then
# it has said what to do. ASSUME_YES=1 asks nothing on a terminal either.

# What is needed: a check, and the package by manager: apt, dnf, pacman, brew. "-" is none.
packages_for_build='
compiler    gcc            gcc                  gcc            -
pkg_config  pkg-config     pkgconf-pkg-config   pkgconf        pkg-config
openssl     libssl-dev     openssl-devel        openssl        openssl@3
git         git            git                  git            git
ssh         openssh-client openssh-clients      openssh        -
'
packages_for_tests='
sshd        openssh-server openssh-server       openssh        -
git_daemon  git            git-daemon           git            git
nginx       nginx-light    nginx                nginx          nginx
fcgiwrap    fcgiwrap       fcgiwrap             fcgiwrap       fcgiwrap
tinyproxy   tinyproxy-bin  tinyproxy            tinyproxy      tinyproxy
bus         dbus           dbus-daemon          dbus           dbus
tray_calls  libglib2.0-bin glib2                glib2          -
screen      xvfb           xorg-x11-server-Xvfb xorg-server-xvfb -
keys        xdotool        xdotool              xdotool        -
clipboard   xclip          xclip                xclip          -
keychain    gnome-keyring  gnome-keyring        gnome-keyring  -
openssl_cli openssl        openssl              openssl        openssl@3
python      python3        python3              python         python
python_venv python3-venv   python3              python         python
node        nodejs         nodejs               nodejs         node
npm         npm            nodejs-npm           npm            node
desktop     desktop-file-utils desktop-file-utils desktop-file-utils -
vim         vim            vim-enhanced         vim            -
nano        nano           nano                 nano           nano
systemd     systemd        systemd              systemd        -
'

has_compiler() { command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1; }
has_pkg_config() { command -v pkg-config >/dev/null 2>&1; }
has_openssl() {
    pkg-config --exists openssl 2>/dev/null && return 0
    command -v brew >/dev/null 2>&1 && [ -d "$(brew --prefix openssl@3 2>/dev/null)/include" ]
}
has_git() { command -v git >/dev/null 2>&1; }
has_ssh() { command -v ssh >/dev/null 2>&1; }
has_sshd() { has_server sshd; }
has_nginx() { has_server nginx; }
has_fcgiwrap() { has_server fcgiwrap; }
has_tinyproxy() { has_server tinyproxy; }
has_bus() { command -v dbus-run-session >/dev/null 2>&1 && command -v dbus-send >/dev/null 2>&1; }
has_tray_calls() { command -v gdbus >/dev/null 2>&1; }
has_screen() { command -v Xvfb >/dev/null 2>&1; }
has_keys() { command -v xdotool >/dev/null 2>&1; }
has_clipboard() { command -v xclip >/dev/null 2>&1; }
has_keychain() { command -v gnome-keyring-daemon >/dev/null 2>&1; }
has_git_daemon() { [ -x "$(git --exec-path 2>/dev/null)/git-daemon" ]; }
has_openssl_cli() { command -v openssl >/dev/null 2>&1; }
# Servers lie where the PATH of a person does not lead.
has_server() { PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1" >/dev/null 2>&1; }
has_python() { command -v python3 >/dev/null 2>&1; }
has_python_venv() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }
has_node() { command -v node >/dev/null 2>&1; }
has_desktop() { command -v desktop-file-validate >/dev/null 2>&1; }
has_systemd() { command -v systemd-analyze >/dev/null 2>&1; }
has_vim() { command -v vim >/dev/null 2>&1; }
has_nano() { command -v nano >/dev/null 2>&1; }
has_npm() { command -v npm >/dev/null 2>&1; }

# The package manager: apt, dnf, pacman, brew, or nothing.
package_manager() {
    if command -v apt-get >/dev/null 2>&1; then
        echo apt
    elif command -v dnf >/dev/null 2>&1; then
        echo dnf
    elif command -v pacman >/dev/null 2>&1; then
        echo pacman
    elif command -v brew >/dev/null 2>&1; then
        echo brew
    fi
}

# The packages that are missing, one a line; where no manager is known, what is missing.
missing_packages() {
    local manager=$1 wanted=$2 need apt dnf pacman brew package
    printf '%s\n' "$wanted" | while read -r need apt dnf pacman brew; do
        [ -n "$need" ] || continue
        "has_$need" && continue
        case $manager in
            apt) package=$apt ;;
            dnf) package=$dnf ;;
            pacman) package=$pacman ;;
            brew) package=$brew ;;
            *) package=$need ;;
        esac
        [ "$package" = - ] && package=$need
        printf '%s\n' "$package"
    done | sort -u
}

# The command that installs packages, without sudo.
install_words() {
    case $1 in
        apt) echo "apt-get install -y --no-install-recommends" ;;
        dnf) echo "dnf install -y" ;;
        pacman) echo "pacman -S --needed --noconfirm" ;;
        brew) echo "brew install" ;;
    esac
}

# Runs as root, or as it is where that is not needed.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_packages() {
    local manager=$1
    shift
    case $manager in
        apt)
            # The lists of a fresh machine or container are empty or old.
            as_root env DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin" \
                apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 && return 0
            as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq || return 1
            as_root env DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin" \
                apt-get install -y -qq --no-install-recommends "$@" >/dev/null
            ;;
        dnf) as_root dnf install -y --quiet "$@" ;;
        pacman) as_root pacman -S --needed --noconfirm "$@" ;;
        brew) brew install --quiet "$@" ;;
    esac
}

# Whether packages can be installed from here: as root, with sudo, or with brew.
can_install() {
    case $1 in
        '') return 1 ;;
        brew) return 0 ;;
        *)
            [ "$(id -u)" -eq 0 ] && return 0
            command -v sudo >/dev/null 2>&1 || return 1
            # Without a terminal a question for the password would never be answered.
            [ -t 0 ] || sudo -n true >/dev/null 2>&1
            ;;
    esac
}

agreed_to_install() {
    [ "${ASSUME_YES:-0}" = 1 ] && return 0
    [ -t 0 ] && [ -t 1 ] || return 0
    local answer
    printf 'Install %s now? [Y/n] ' "$*"
    read -r answer || return 1
    case $answer in
        '' | y | Y | yes | Yes) return 0 ;;
        *) return 1 ;;
    esac
}

need_packages() {
    local wanted manager missing words
    case $1 in
        build) wanted=$packages_for_build ;;
        tests) wanted=$packages_for_build$packages_for_tests ;;
        *)
            echo "need_packages: build or tests, not '$1'" >&2
            return 2
            ;;
    esac
    manager=$(package_manager)
    missing=$(missing_packages "$manager" "$wanted" | tr '\n' ' ')
    missing=${missing% }
    [ -z "$missing" ] && return 0
    echo "    missing: $missing"
    words=$(install_words "$manager")
    # The list is words on purpose, here and below.
    # shellcheck disable=SC2086
    if can_install "$manager" && agreed_to_install $missing && install_packages "$manager" $missing; then
        missing=$(missing_packages "$manager" "$wanted" | tr '\n' ' ')
        missing=${missing% }
        [ -z "$missing" ] && return 0
    fi
    {
        echo "    these system packages are missing: $missing"
        if [ -n "$words" ]; then
            echo "    install them, then run this again:  sudo $words $missing"
        else
            echo "    install them with this system's package manager, then run this again"
        fi
    } | sed "s/sudo brew/brew/" >&2
    return 1
}

# Whether version $1 is at least $2, both X.Y or X.Y.Z.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

# The folder under which rustup keeps what belongs to the cargo in PATH: that of another HOME, where
# this one has no toolchain. Without it rustup would fetch everything again.
use_toolchains_of_cargo() {
    local toolchain home
    [ -z "${RUSTUP_HOME:-}" ] || return 0
    for toolchain in "$HOME"/.rustup/toolchains/*; do
        [ ! -e "$toolchain" ] || return 0
    done
    home=$(cd "$(dirname "$(command -v cargo)")/../.." && pwd -P) || return 0
    [ -d "$home/.rustup/toolchains" ] || return 0
    export RUSTUP_HOME=$home/.rustup
    # What is downloaded goes there too, unless it is somebody else's.
    if [ -z "${CARGO_HOME:-}" ] && [ -O "$home/.cargo" ]; then
        export CARGO_HOME=$home/.cargo
    fi
}

# Rust is often in a folder that a shell's profile adds to PATH, and sudo and cron do not.
find_cargo() {
    local home
    command -v cargo >/dev/null 2>&1 && return 0
    for home in "${CARGO_HOME:-$HOME/.cargo}" "/home/${SUDO_USER:-}/.cargo" "/Users/${SUDO_USER:-}/.cargo"; do
        if [ -x "$home/bin/cargo" ]; then
            PATH=$PATH:$home/bin
            return 0
        fi
    done
    return 1
}

need_rust() {
    local wanted have='' problem='there is no cargo'
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$1/Cargo.toml")
    if find_cargo; then
        use_toolchains_of_cargo
        # In the folder rustup takes the toolchain that the project names, and fetches it; where it
        # cannot, any other that is new enough will do.
        have=$(cd "$1" && cargo --version | awk '{ print $2 }') || have=
        if [ -z "$have" ]; then
            have=$(cd "$1" && RUSTUP_TOOLCHAIN=stable cargo --version 2>/dev/null | awk '{ print $2 }') \
                || have=
            [ -z "$have" ] || export RUSTUP_TOOLCHAIN=stable
        fi
        problem="cargo ${have:-does not run}"
    fi
    if [ -n "$have" ] && at_least "${have%%-*}" "$wanted"; then
        echo "    cargo $have"
        return 0
    fi
    {
        echo "    Rust $wanted or newer is needed, and $problem. Get it from https://rustup.rs:"
        echo "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    } >&2
    return 1
}
