//! The facts of `spec/cargo.md` on the Secret Service (15, 22 and 27), shown to be so by the real Cargo and a real
//! service: what `cargo:libsecret` keeps where, and what Cargo makes of a service that is locked, silent or not there.

use std::time::Duration;

use crate::cargo::{Asked, Cargo};
use crate::harness::Sandbox;
use crate::keyring::{Item, Keyring};

/// Registries, a world that finds the service, and the service.
pub struct Desk {
    pub cargo: Cargo,
    pub keyring: Keyring,
    pub sandbox: Sandbox,
}

/// The service keeps the tokens of `corp`.
pub const OWN: &str = "registries.corp.credential-provider = 'cargo:libsecret'";

/// What Cargo's book recommends for Linux.
pub const LIST: &str = "registry.global-credential-providers = ['cargo:token', 'cargo:libsecret']";

impl Desk {
    /// The registry `corp`, and this configuration.
    pub fn new(config: &str) -> Self {
        let (cargo, keyring) = (Cargo::new(), Keyring::new());
        let mut sandbox = cargo.sandbox();
        keyring.serves(&mut sandbox);
        let index = cargo.registries.index("corp");
        sandbox.write(
            "home/config.toml",
            format!("registries.corp.index = '{index}'\n{config}\n"),
        );
        Self {
            cargo,
            keyring,
            sandbox,
        }
    }

    pub fn ask(&self) -> Asked {
        self.cargo.ask(&self.sandbox, Some("corp"))
    }

    pub fn login(&self, token: &str) -> Asked {
        self.cargo.login(&self.sandbox, Some("corp"), token)
    }

    pub fn logout(&self) -> Asked {
        self.cargo.logout(&self.sandbox, Some("corp"))
    }

    pub fn items(&self) -> Vec<Item> {
        self.keyring.items(&self.cargo.registries.index("corp"))
    }
}

/// Cargo went no further than to this store, and said this.
#[track_caller]
fn assert_failed(asked: &Asked, part: &str) {
    assert!(!asked.success && !asked.hung, "{asked:#?}");
    assert_eq!(asked.providers, ["cargo:libsecret"], "{asked:#?}");
    asked.assert_said(part);
}

/// An unlocked item.
pub fn labelled(label: &str) -> Item {
    Item {
        label: label.into(),
        is_locked: false,
    }
}

#[test]
fn fact_22_a_login_is_one_item_that_is_found_by_the_index_url() {
    let desk = Desk::new(OWN);
    assert_failed(&desk.ask(), "no token found for `corp`");
    for token in ["sentinel-first", "sentinel-second"] {
        assert!(desk.login(token).success);
        assert_eq!(desk.items(), [labelled("cargo-registry:corp")]);
        assert_eq!(desk.ask().token.as_deref(), Some(token));
    }
    assert!(!desk.sandbox.exists("home/credentials.toml"));

    let config = desk.sandbox.read("home/config.toml");
    let config = config.replace("registries.corp.", "registries.renamed.");
    desk.sandbox.write("home/config.toml", config);
    let asked = desk.cargo.ask(&desk.sandbox, Some("renamed"));
    assert_eq!(
        asked.token.as_deref(),
        Some("sentinel-second"),
        "{asked:#?}"
    );
    let told = desk.cargo.login(&desk.sandbox, Some("renamed"), "sentinel");
    assert!(told.success, "{told:#?}");
    assert_eq!(desk.items(), [labelled("cargo-registry:renamed")]);
}

#[test]
fn fact_22_the_item_of_crates_io_is_that_of_its_git_index() {
    let desk = Desk::new("registry.credential-provider = 'cargo:libsecret'");
    let told = desk.cargo.login(&desk.sandbox, None, "sentinel-crates-io");
    assert!(told.success, "{told:#?}");
    let url = "https://github.com/rust-lang/crates.io-index";
    assert_eq!(
        desk.keyring.items(url),
        [labelled("cargo-registry:crates-io")]
    );
    let asked = desk.cargo.ask(&desk.sandbox, None);
    assert_eq!(asked.token.as_deref(), Some("sentinel-crates-io"));
}

#[test]
fn fact_22_a_logout_succeeds_without_a_word_whether_there_was_a_token_or_not() {
    let desk = Desk::new(OWN);
    desk.login("sentinel");
    for _ in 0..2 {
        let told = desk.logout();
        assert!(told.success, "{told:#?}");
        assert_eq!(told.stderr.trim(), "Credential cargo:libsecret logout corp");
        assert_eq!(desk.items(), []);
        assert_failed(&desk.ask(), "no token found for `corp`");
    }
}

/// What `cargo:token` refuses is refused here only when it is to be sent.
#[test]
fn fact_27_the_service_takes_a_token_that_cargo_cannot_send() {
    let desk = Desk::new(OWN);
    for (token, refusal) in [
        ("", "please provide a non-empty token"),
        ("sentinel-é", "token contains invalid characters"),
    ] {
        let told = desk.login(token);
        assert!(told.success, "{told:#?}");
        let asked = desk.ask();
        assert!(!asked.success && asked.token.is_none(), "{asked:#?}");
        asked.assert_said(refusal);
    }
}

#[test]
fn fact_22_what_is_locked_looks_absent() {
    let desk = Desk::new(OWN);
    desk.login("sentinel");
    desk.keyring.lock();
    let locked = [Item {
        is_locked: true,
        ..labelled("cargo-registry:corp")
    }];
    assert_failed(&desk.ask(), "error: no token found for `corp`");
    assert_eq!(
        desk.keyring.prompts(),
        1,
        "the password was to be asked for"
    );
    let told = desk.logout();
    assert!(told.success, "{told:#?}");
    assert_eq!(desk.items(), locked, "and yet it is still there");
    assert_eq!(desk.keyring.prompts(), 1, "not asked for");
    assert_failed(
        &desk.login("sentinel-new"),
        "failed to store token: Cannot create an item in a locked collection",
    );
    assert_eq!(desk.keyring.prompts(), 2, "asked for again");
    assert_eq!(desk.items(), locked);
    desk.keyring.unlock();
    assert_eq!(desk.ask().token.as_deref(), Some("sentinel"));
}

#[test]
fn fact_15_after_what_is_locked_the_next_provider_is_asked() {
    let desk = Desk::new(LIST);
    desk.login("sentinel-service");
    let in_file = "registries.corp.token = 'sentinel-file'\n";
    desk.sandbox.write("home/credentials.toml", in_file);
    assert_eq!(desk.ask().token.as_deref(), Some("sentinel-service"));
    desk.keyring.lock();
    let asked = desk.ask();
    assert_eq!(asked.token.as_deref(), Some("sentinel-file"), "{asked:#?}");
    assert_eq!(asked.providers, ["cargo:libsecret", "cargo:token"]);
    // But a login ends there, and a logout believes to have done it.
    assert_failed(&desk.login("sentinel-new"), "failed to store token");
    assert_eq!(desk.logout().providers, ["cargo:libsecret"]);
    assert_eq!(desk.sandbox.read("home/credentials.toml"), in_file);
}

#[test]
fn fact_15_without_a_service_a_token_in_a_file_is_of_no_use() {
    let mut desk = Desk::new(LIST);
    let in_file = "registries.corp.token = 'sentinel-file'\n";
    desk.sandbox.write("home/credentials.toml", in_file);
    let fails_with = |desk: &Desk, reason: &str| {
        for (asked, action) in [
            (desk.ask(), "get"),
            (desk.login("sentinel-new"), "store"),
            (desk.logout(), "erase"),
        ] {
            assert_failed(&asked, &format!("failed to {action} token: {reason}"));
        }
        assert_eq!(desk.sandbox.read("home/credentials.toml"), in_file);
    };
    desk.keyring.kill_daemon();
    fails_with(
        &desk,
        "The name org.freedesktop.secrets was not provided by any .service files",
    );
    let nowhere = "unix:path=/nowhere/bus";
    desk.sandbox.env("DBUS_SESSION_BUS_ADDRESS", nowhere);
    fails_with(&desk, "Could not connect: No such file or directory");
    desk.sandbox.unset("DBUS_SESSION_BUS_ADDRESS");
    fails_with(&desk, "Cannot autolaunch D-Bus without X11 $DISPLAY");
}

#[test]
fn fact_15_without_the_library_of_the_service_nothing_works() {
    let mut desk = Desk::new(LIST);
    desk.sandbox.write(
        "home/credentials.toml",
        "registries.corp.token = 'sentinel-file'\n",
    );
    desk.sandbox.write("lib/libsecret-1.so.0", "no library");
    let folder = desk.sandbox.root().join("lib").display().to_string();
    desk.sandbox.env("LD_LIBRARY_PATH", folder);
    for asked in [desk.ask(), desk.login("sentinel-new"), desk.logout()] {
        assert!(asked.is_refused(), "{asked:#?}");
        asked.assert_said("error: failed to load libsecret: try installing the `libsecret`");
    }
}

/// Cargo would wait 25 s for each of two calls, and say `failed to get token: Timeout was reached`.
#[test]
fn fact_22_a_silent_service_hangs_cargo() {
    let desk = Desk::new(LIST);
    desk.login("sentinel");
    desk.keyring.stop();
    let limit = Duration::from_secs(3);
    let asked = desk.cargo.ask_within(limit, &desk.sandbox, Some("corp"));
    assert!(asked.hung, "{asked:#?}");
    assert_eq!(asked.providers, ["cargo:libsecret"]);
    desk.keyring.cont();
    assert_eq!(desk.ask().token.as_deref(), Some("sentinel"));
}

/// Then Cargo waits for the person, and once nobody can be asked (25 s for a program that does not even begin to ask),
/// there is no token.
#[test]
fn fact_22_a_locked_keyring_asks_its_owner_meanwhile_cargo_hangs() {
    let desk = Desk::new(OWN);
    desk.login("sentinel");
    desk.keyring.lock();
    desk.keyring.asks_in_vain();
    let limit = Duration::from_secs(2);
    let asked = desk.cargo.ask_within(limit, &desk.sandbox, Some("corp"));
    assert!(asked.hung, "{asked:#?}");
    // A logout asks nobody.
    assert!(desk.logout().success);
    desk.keyring.unlock();
    assert_eq!(desk.ask().token.as_deref(), Some("sentinel"));
}
