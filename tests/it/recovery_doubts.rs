//! What the next start makes of a run that was killed, where it cannot know all that has happened since: no token goes
//! that may be the last one, nobody who is at work is taken for somebody who was killed, and what was begun and is
//! given up leaves nothing behind.

use crate::steps::{Case, NEW, OLD, last_write};

const CREDENTIALS: &str = "home/credentials.toml";
const CONFIG: &str = "home/config.toml";
const CORP: &str = "[registries.corp]\nindex = \"INDEX/corp\"\n";

/// With `--yes` a token is written over one that has come since the file was read: that one is what was there before.
#[test]
fn what_is_overwritten_with_yes_is_known_to_the_next_start() {
    let credentials = format!("[registries.corp]\ntoken = \"{OLD}\" # mine\n");
    let script = format!(
        "sed -i s/{OLD}/sentinel-theirs-0123456789/ \"$CARGO_HOME/credentials.toml\"\necho {NEW}\n"
    );
    let files = [
        (CONFIG, CORP),
        (CREDENTIALS, credentials.as_str()),
        ("work/source.sh", script.as_str()),
    ];
    let args = ["-y", "login", "corp", "--from", "command:sh source.sh"];
    let mut case = Case::new(&files, &[], &args);
    case.interrupt(last_write);
    let now = case.sandbox.read(CREDENTIALS);
    assert!(now.contains("theirs"), "{now}");
    case.sandbox
        .write(CREDENTIALS, format!("# another one\n{now}"));
    let run = case.sandbox.run(&["registry", "list"]);
    let expected = format!("# another one\n{}", case.new[CREDENTIALS]);
    assert_eq!(case.sandbox.read(CREDENTIALS), expected, "{}", run.stderr);
}
