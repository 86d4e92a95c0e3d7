//! What others write while the shell is open: the next prompt knows it, whatever it is.

use super::with_corp;
use crate::pty::Pty;

#[test]
fn the_next_prompt_is_of_what_the_files_say_then() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    let default = |name: &str| format!("[registry]\ndefault = \"{name}\"\n");
    let corp = sandbox.read("home/config.toml");
    let home = |text: &str| sandbox.write("home/config.toml", format!("{corp}{text}"));
    let prompt = |shell: &mut Pty, what: &str, expected: &str| {
        let shown = shell.line("1 + 1");
        assert!(
            shown.ends_with(&format!("\n{expected}> ")),
            "{what}:\n{shown}"
        );
    };
    prompt(&mut shell, "nothing", "credsh");
    home(&default("corp"));
    prompt(&mut shell, "another text", "credsh[corp]");
    home(&default("proc"));
    prompt(&mut shell, "one as long", "credsh[proc]");
    sandbox.write("work/.cargo/config.toml", default("mine"));
    prompt(&mut shell, "a file that was not there", "credsh[mine]");
    sandbox.write("work/.cargo/config", default("older"));
    prompt(&mut shell, "one that is read instead", "credsh[older]");
    std::fs::remove_dir_all(sandbox.root().join("work/.cargo")).unwrap();
    prompt(&mut shell, "a folder that is gone", "credsh[proc]");
    sandbox.write(
        "home/config.toml",
        format!("include = [\"more.toml\"]\n{corp}"),
    );
    sandbox.write("home/more.toml", default("more"));
    prompt(&mut shell, "an include", "credsh[more]");
    sandbox.write("home/more.toml", default("most"));
    prompt(&mut shell, "what is included", "credsh[most]");
    std::fs::remove_file(sandbox.root().join("home/more.toml")).unwrap();
    sandbox.write("home/other.toml", default("link"));
    std::os::unix::fs::symlink("other.toml", sandbox.root().join("home/more.toml")).unwrap();
    prompt(&mut shell, "a link", "credsh[link]");
    // What was pending and is not any more leaves nothing behind.
    shell.line("begin");
    shell.line("registry set corp --make-default");
    shell.line("rollback");
    prompt(&mut shell, "a rollback", "credsh[link]");
}

#[test]
fn a_text_that_was_refused_is_refused_again_at_the_commit() {
    let sandbox = with_corp();
    let mut shell = Pty::shell(&sandbox, &[]);
    let (whole, broken) = ("[a]\nb = 1\n", "[a]\nb = 1\n[a]\nb = 2\n");
    let edit = "alias set --config-file other.toml e five";
    shell.line("begin");
    shell.line("alias set d four");
    sandbox.write("work/other.toml", broken);
    assert!(shell.line(edit).contains("other.toml:3"));
    sandbox.write("work/other.toml", whole);
    assert!(shell.line(edit).contains("1 change pending"));
    sandbox.write("work/other.toml", broken);
    let shown = shell.line("commit");
    assert!(
        shown.contains("this is not TOML") && shown.contains("other.toml:3"),
        "{shown}"
    );
    assert_eq!(sandbox.read("work/other.toml"), broken);
}
