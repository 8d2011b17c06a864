//! The environment variables that child processes inherit.

use std::env;
use std::process::Command;

/// Variables with passwords and keys of Tintype itself. `REDIS_URL` is not one
/// of them: a story server may use the same Redis.
const SECRETS: [&str; 3] = [
    "TINTYPE_LOGIN_KEY",
    "TINTYPE_REVIEW_TOKEN",
    "REDIS_PASSWORD",
];

/// The variables that a browser or a server of ours may need.
const ALLOWED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CHROME_DEVEL_SANDBOX",
    "FREETYPE_PROPERTIES",
    // For pages on the internet behind a proxy.
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    // Windows
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "COMMONPROGRAMFILES",
    "ALLUSERSPROFILE",
    "PUBLIC",
    "HOMEDRIVE",
    "HOMEPATH",
    "OS",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
];

/// The same for whole families.
const ALLOWED_PREFIXES: &[&str] = &[
    "LC_",
    "XDG_",
    "FONTCONFIG_",
    "FC_",
    "MOZ_",
    "GDK_",
    "GTK_",
    "LIBGL_",
    "MESA_",
    "GALLIUM_",
    "WEBKIT_",
    "SNAP",
    "NIX_",
];

/// Lets a browser or a server inherit only what it may need: it must not see
/// the user's passwords and keys, which stories could steal from it.
pub(crate) fn restrict(command: &mut Command) {
    command.env_clear();
    let all = env::vars_os();
    command.envs(all.filter(|(name, _)| name.to_str().is_some_and(is_allowed)));
}

/// Lets a program of the user inherit everything but the secrets of Tintype.
pub(crate) fn remove_secrets(command: &mut Command) {
    for name in SECRETS {
        command.env_remove(name);
    }
}

fn is_allowed(name: &str) -> bool {
    let is_listed = |listed: &&str| match cfg!(windows) {
        true => listed.eq_ignore_ascii_case(name),
        false => **listed == *name,
    };
    ALLOWED.iter().any(is_listed)
        || ALLOWED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_listed_variables_are_inherited() {
        let mut command = Command::new("env");
        command.env("TINTYPE_LOGIN_KEY", "key");
        restrict(&mut command);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("PATH="), "{text}");
        for line in text.lines() {
            let name = line.split('=').next().unwrap_or_default();
            assert!(is_allowed(name) || !line.contains('='), "{line}");
        }
        // Cargo sets these for every test.
        assert!(env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(
            !text.contains("CARGO_") && !text.contains("TINTYPE_"),
            "{text}"
        );
    }

    #[test]
    fn no_list_names_a_secret() {
        for name in [
            "REDIS_URL",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "NPM_TOKEN",
        ] {
            assert!(!is_allowed(name), "{name}");
        }
        assert!(!SECRETS.iter().any(|name| is_allowed(name)));
    }

    #[test]
    fn programs_of_the_user_do_not_get_our_secrets() {
        let mut command = Command::new("env");
        command.env("REDIS_PASSWORD", "pw").env("OWN", "kept");
        remove_secrets(&mut command);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.contains("OWN=kept") && !text.contains("REDIS_PASSWORD"),
            "{text}"
        );
    }
}
