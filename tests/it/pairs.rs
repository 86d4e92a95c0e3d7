//! A token and the index that it is for: at no instant, and whoever else writes the files, does Cargo find a token under
//! a name whose index it was not stored for.

use crate::steps::{Case, after_moves, exchanges};

const CREDENTIALS: &str = "home/credentials.toml";
const CONFIG: &str = "home/config.toml";
const CORP: &str =
    "# ours\n[registries.corp] # the company\nindex = \"sparse+https://old.example/\"\n";
const TOKEN: &str =
    "# by hand\n[registries.corp]\ntoken = \"sentinel-old-0123456789abcdef\" # mine\n";

fn of_both(args: &[&'static str]) -> Case {
    Case::new(&[(CONFIG, CORP), (CREDENTIALS, TOKEN)], &[], args)
}

#[test]
fn an_old_token_goes_before_its_index() {
    let set = "registry set corp --index sparse+https://new.example/ --drop-token";
    of_both(&["-y", "-c", set]).run();
}

#[test]
fn a_new_token_takes_the_place_of_an_old_one_with_the_index() {
    let set = "registry set corp --index sparse+https://new.example/ --drop-token";
    of_both(&["-y", "-c", set, "-c", "login corp --from env:NEW"]).run();
}

#[test]
fn a_new_token_comes_after_its_index() {
    let set = "registry set corp --index sparse+https://new.example/";
    let args = ["-y", "-c", set, "-c", "login corp --from env:NEW"];
    Case::new(&[(CONFIG, CORP)], &[], &args).run();
}

#[test]
fn a_registry_in_the_place_of_another() {
    let add = "registry add corp sparse+https://new.example/";
    of_both(&["-y", "-c", "registry remove corp", "-c", add]).run();
}

/// The token goes along to the new name, and another one comes under the old one.
#[test]
fn a_registry_in_the_place_of_one_that_has_another_name_now() {
    let add = "registry add corp sparse+https://new.example/";
    let args = [
        "-y",
        "-c",
        "registry rename corp lab",
        "-c",
        add,
        "-c",
        "login corp --from env:NEW",
    ];
    of_both(&args).run();
}

/// Each with its token.
#[test]
fn registries_that_change_places() {
    let three = ["corp", "lab", "other"];
    let config = three.map(|name| {
        format!("[registries.{name}] # {name}\nindex = \"sparse+https://{name}.example/\"\n")
    });
    let tokens = three.map(|name| {
        format!("[registries.{name}]\ntoken = \"sentinel-{name}-0123456789\" # {name}\n")
    });
    let (config, tokens) = (config.concat(), tokens.concat());
    let files = [(CONFIG, config.as_str()), (CREDENTIALS, tokens.as_str())];
    for lines in [
        &["corp tmp", "lab corp", "tmp lab"] as &[&str],
        &["corp tmp", "lab corp", "other lab", "tmp other"],
    ] {
        let lines = lines.iter().map(|names| format!("registry rename {names}"));
        let args = lines.flat_map(|line| ["-c", &*line.leak()]);
        let args: Vec<&str> = args.collect();
        Case::new(&files, &[], &args).run();
    }
}

/// A variable, or another folder's file, hides the index from who changes it, and from nobody else.
#[test]
fn an_index_that_another_one_hides_comes_after_the_token_has_gone() {
    let set = "registry set corp --index sparse+https://new.example/ --drop-token --config-file ../home/config.toml";
    for login in [false, true] {
        let mut args = vec!["-y", "-c", set];
        if login {
            args.extend(["-c", "login corp --from env:NEW"]);
        }
        let files = [(CONFIG, CORP), (CREDENTIALS, TOKEN)];
        let mut case = Case::new(&files, &[], &["registry", "list"]);
        case.args = args;
        case.sandbox.env(
            "CARGO_REGISTRIES_CORP_INDEX",
            "sparse+https://variable.example/",
        );
        case.learn();
        case.run();
    }
}

/// The index that comes is the one that a nearer file had, and whoever does not read that sees another one.
#[test]
fn an_index_that_moves_out_of_a_nearer_file_comes_after_the_token_has_gone() {
    const PROJECT: &str = "work/.cargo/config.toml";
    let nearer = "[registries.corp]\nindex = \"sparse+https://new.example/\"\n";
    let add = "registry add corp sparse+https://new.example/";
    let args = [
        "-y",
        "-c",
        "registry remove corp",
        "-c",
        add,
        "-c",
        "login corp --from env:NEW",
    ];
    let files = [(CONFIG, CORP), (PROJECT, nearer), (CREDENTIALS, TOKEN)];
    Case::new(&files, &[], &args).run();
}

/// A token that nobody asked for, of a registry that is gone, is not for the one that gets its name.
#[test]
fn a_token_without_a_registry_is_not_for_the_next_one() {
    let files = [(CONFIG, "# ours\n"), (CREDENTIALS, TOKEN)];
    let add = "registry add corp sparse+https://new.example/";
    let args = ["-y", "-c", add, "-c", "login corp --from env:NEW"];
    Case::new(&files, &[], &args).run();
}

/// Cargo reads tokens in its configuration, too: one that stands there goes before its index, though an index of another
/// registry is written to the same file.
#[test]
fn a_token_in_the_configuration_goes_before_its_index() {
    const PROJECT: &str = "work/.cargo/config.toml";
    let project = format!("{TOKEN}[registries.lab]\nindex = \"sparse+https://lab.example/\"\n");
    let args = [
        "-y",
        "-c",
        "registry add third sparse+https://third.example/",
        "-c",
        "registry set lab --index sparse+https://new-lab.example/",
        "-c",
        "registry set corp --index sparse+https://new.example/ --drop-token",
    ];
    Case::new(&[(CONFIG, CORP), (PROJECT, &project)], &[], &args).run();
}

/// An index that somebody else has set since the run was killed gets no token that was to be dropped: it is gone, or
/// that it stays is told.
#[test]
fn a_token_that_was_to_be_dropped_does_not_stay_without_a_word() {
    let set = "registry set corp --index sparse+https://new.example/ --drop-token";
    let args = ["-y", "-c", set];
    for has_begun in [false, true] {
        let mut case = of_both(&args);
        if has_begun {
            // The token is gone, and the index is about to be moved into its place.
            case.interrupt(|steps| exchanges(steps)[0]);
        } else {
            case.interrupt(|steps| after_moves(steps)[0]);
        }
        let third = CORP.replace("old", "third");
        case.sandbox.write(CONFIG, &third);
        let run = case.sandbox.run(&["registry", "list"]);
        assert_eq!(case.sandbox.read(CONFIG), third, "{}", run.stderr);
        let is_there = case.sandbox.read(CREDENTIALS).contains("token");
        let told = "`registries.corp.token` was to be removed, and stays";
        assert_eq!(is_there, !has_begun, "{}", run.stderr);
        assert_eq!(run.stderr.contains(told), is_there, "{}", run.stderr);
        let is_done_in_part = run.stderr.contains("only that is done which others");
        assert_eq!(is_done_in_part, has_begun, "{}", run.stderr);
        assert!(!case.sandbox.exists("home/.credsh/journal"));
    }
}

/// Somebody has logged in since the run was killed, to the index that there is: it does not become another one.
#[test]
fn an_index_stays_with_a_token_that_has_come_since() {
    let config = format!("{CORP}[registries.lab]\nindex = \"sparse+https://old-lab.example/\"\n");
    let credentials = format!("{TOKEN}[registries.lab]\ntoken = \"sentinel-lab-0123456789\"\n");
    let args = [
        "-y",
        "-c",
        "registry set corp --index sparse+https://new.example/ --drop-token",
        "-c",
        "registry set lab --index sparse+https://new-lab.example/ --drop-token",
    ];
    let mut case = Case::new(
        &[(CONFIG, &config), (CREDENTIALS, &credentials)],
        &[],
        &args,
    );
    case.interrupt(|steps| exchanges(steps)[0]);
    let theirs = "[registries.corp]\ntoken = \"sentinel-theirs-0123456789\"\n";
    case.sandbox.write(CREDENTIALS, theirs);
    let run = case.sandbox.run(&["registry", "list"]);
    assert_eq!(case.sandbox.read(CREDENTIALS), theirs, "{}", run.stderr);
    let now = config.replace("old-lab", "new-lab");
    assert_eq!(case.sandbox.read(CONFIG), now, "{}", run.stderr);
    let told = "`registries.corp.index` in";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}
