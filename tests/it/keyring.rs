//! A Secret Service of a test's own: GNOME's keyring daemon, on a session bus that nothing else is on, with an unlocked
//! keyring that is thrown away.
//!
//! Invariant: no process outlives the thread that started the keyring, whatever becomes of the test. And the bus starts
//! nothing by itself, neither another daemon nor, unless told to, a program that asks the person at the screen.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::harness::{Sandbox, program};

/// The schema of Cargo's items.
const SCHEMA: &str = "org.rust-lang.cargo.registry";

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";

/// How long the service may take to do anything; it takes 5 ms, and 50 to start.
const LIMIT: Duration = Duration::from_secs(20);

const PASSWORD: &str = "password of the keyring";

/// The keyring that is there after a login to a desktop: the default collection, unlocked.
pub struct Keyring {
    // Dropped in this order: the daemon needs the bus, and both the folder.
    daemon: Option<Process>,
    bus: Process,
    address: String,
    folder: tempfile::TempDir,
}

/// An item of Cargo's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub label: String,
    pub is_locked: bool,
}

impl Keyring {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (bus, address) = bus(folder.path());
        let mut keyring = Self {
            daemon: None,
            bus,
            address,
            folder,
        };
        keyring.start_daemon();
        keyring
    }

    /// What a program needs to know to find the service. There is no display.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone()),
            ("XDG_RUNTIME_DIR", self.path("run")),
        ]
    }

    /// Lets what runs in the sandbox find the service.
    pub fn serves(&self, sandbox: &mut Sandbox) {
        for (name, value) in self.variables() {
            sandbox.env(name, value);
        }
    }

    /// Locks the default collection, as a screen saver may.
    pub fn lock(&self) {
        let collection = self.collection();
        let collection = format!("array:objpath:{collection}");
        self.call(ROOT, "org.freedesktop.Secret.Service.Lock", &[&collection])
            .unwrap();
        assert!(self.is_locked(), "the keyring is still unlocked");
    }

    /// Unlocks it, as a login to a desktop does: through the daemon's own socket.
    pub fn unlock(&self) {
        let number = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
        let mut message = vec![0];
        for n in [12 + PASSWORD.len(), 1, PASSWORD.len()] {
            message.extend(number(n));
        }
        message.extend(PASSWORD.as_bytes());
        let mut socket = UnixStream::connect(self.path("run/keyring/control")).unwrap();
        socket.write_all(&message).unwrap();
        let mut answer = [0; 8];
        socket.read_exact(&mut answer).unwrap();
        assert_eq!(answer[4..], number(0), "it would not unlock");
        assert!(!self.is_locked(), "the keyring is still locked");
    }

    pub fn is_locked(&self) -> bool {
        let collection = self.collection();
        self.property(&collection, "Collection", "Locked") == "true"
    }

    /// The daemon takes calls, and answers none, until it may go on.
    pub fn stop(&self) {
        let pid = self.daemon.as_ref().unwrap().pid();
        kill_process(pid, Signal::STOP).unwrap();
        let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped(), "{status:?}");
    }

    /// The daemon goes on after [`Keyring::stop`].
    pub fn cont(&self) {
        kill_process(self.daemon.as_ref().unwrap().pid(), Signal::CONT).unwrap();
    }

    /// The process of the daemon, for a program that ends it.
    pub fn id(&self) -> u32 {
        self.daemon.as_ref().unwrap().0.id()
    }

    /// Another way to the bus, on which calls of this method get lost.
    pub fn way_without(&self, method: &'static str) -> String {
        let path = self.path("way");
        let listener = UnixListener::bind(&path).unwrap();
        let bus = self.address.split(['=', ',']).nth(1).unwrap().to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let bus = UnixStream::connect(&bus).unwrap();
                let ways = [
                    (client.try_clone().unwrap(), bus.try_clone().unwrap()),
                    (bus, client),
                ];
                for way in ways {
                    std::thread::spawn(move || pass_on(way, method));
                }
            }
        });
        format!("unix:path={path}")
    }

    /// There is a bus, and no service on it.
    pub fn kill_daemon(&mut self) {
        self.daemon = None;
    }

    /// Cargo's items for the index URL, in any collection.
    pub fn items(&self, url: &str) -> Vec<Item> {
        let attributes = format!("dict:string:string:xdg:schema,{SCHEMA},url,{url}");
        let method = "org.freedesktop.Secret.Service.SearchItems";
        let found = self.call(ROOT, method, &[&attributes]).unwrap();
        let paths = found
            .split_whitespace()
            .filter(|word| word.starts_with(ROOT));
        paths
            .map(|item| Item {
                label: self.property(item, "Item", "Label"),
                is_locked: self.property(item, "Item", "Locked") == "true",
            })
            .collect()
    }

    /// How many items of credsh's own there are.
    pub fn own_items(&self) -> usize {
        let method = "org.freedesktop.Secret.Service.SearchItems";
        let attributes = "dict:string:string:service,credsh";
        let found = self.call(ROOT, method, &[attributes]).unwrap();
        found
            .split_whitespace()
            .filter(|word| word.starts_with(ROOT))
            .count()
    }

    /// How often a password was to be asked for on the screen, where nobody can: with no such program, the daemon
    /// goes on as if it had been refused.
    pub fn prompts(&self) -> usize {
        self.log().matches("couldn't create system prompt").count()
    }

    /// From now on there is a program that asks for passwords, and the person at the screen does not answer.
    pub fn asks_in_vain(&self) {
        let prompter = "[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\n\
            Exec=/usr/bin/setpriv --pdeathsig KILL sleep 120\n";
        let service = self.path("services/org.gnome.keyring.SystemPrompter.service");
        std::fs::write(service, prompter).unwrap();
        let output = self.send(
            "org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus.ReloadConfig",
            &[],
        );
        output.unwrap();
    }

    /// From now on there is a program that asks for passwords, and the person at the screen types the right one.
    pub fn asks(&self) {
        crate::prompter::play(&self.address, PASSWORD);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("daemon.log")).unwrap()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn start_daemon(&mut self) {
        let mut command = started_for_the_test("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets", "--unlock"])
            .envs(self.variables())
            .env("HOME", self.path("user"))
            .env("XDG_CONFIG_HOME", self.path("user/config"))
            .env("XDG_CACHE_HOME", self.path("user/cache"))
            .env("XDG_DATA_HOME", self.path("user/data"))
            .stdin(Stdio::piped())
            .stderr(File::create(self.path("daemon.log")).unwrap());
        let mut daemon = Process(command.spawn().unwrap());
        let mut stdin = daemon.0.stdin.take().unwrap();
        let is_told = stdin.write_all(PASSWORD.as_bytes());
        drop(stdin);
        let end = Instant::now() + LIMIT;
        while self.default_collection().is_none() {
            std::thread::sleep(Duration::from_millis(2));
            let ended = daemon.0.try_wait().unwrap();
            if is_told.is_err() || ended.is_some() || Instant::now() > end {
                let log = self.log();
                panic!(
                    "gnome-keyring-daemon does not serve, {ended:?} (scripts/peers installs it): {log}"
                );
            }
        }
        self.daemon = Some(daemon);
    }

    /// The default collection; for a moment after its birth the daemon may not know it.
    fn collection(&self) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(collection) = self.default_collection() {
                return collection;
            }
            assert!(
                Instant::now() < end,
                "there is no default collection: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn default_collection(&self) -> Option<String> {
        let method = "org.freedesktop.Secret.Service.ReadAlias";
        let path = self.call(ROOT, method, &["string:default"]).ok()?;
        Some(path.trim().to_owned()).filter(|path| path != "/")
    }

    fn property(&self, object: &str, interface: &str, name: &str) -> String {
        let arguments = [
            &format!("string:org.freedesktop.Secret.{interface}"),
            &format!("string:{name}"),
        ];
        let method = "org.freedesktop.DBus.Properties.Get";
        let answer = self.call(object, method, &arguments.map(String::as_str));
        // `   variant       boolean true` and `   variant       the text of a string`
        let answer = answer.unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        let value = answer.trim().strip_prefix("variant").unwrap().trim();
        value.strip_prefix("boolean ").unwrap_or(value).to_owned()
    }

    fn call(&self, object: &str, method: &str, arguments: &[&str]) -> Result<String, String> {
        self.send(SERVICE, object, method, arguments)
    }

    /// Calls what is on the bus, and takes the answer, or the words of the error.
    fn send(
        &self,
        name: &str,
        object: &str,
        method: &str,
        arguments: &[&str],
    ) -> Result<String, String> {
        let output = started_for_the_test("dbus-send")
            .args(["--session", "--print-reply=literal"])
            .arg(format!("--reply-timeout={}", LIMIT.as_millis()))
            .arg(format!("--dest={name}"))
            .args([object, method])
            .args(arguments)
            .envs(self.variables())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let is_there = output.status.code() != Some(127);
        assert!(is_there, "there is no dbus-send: scripts/peers installs it");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }
}

/// A process that is ended, and waited for, when it is dropped.
pub struct Process(pub Child);

impl Process {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program of the system that dies with the thread that starts it, and knows nothing of the world of the person
/// who runs the test.
pub fn started_for_the_test(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", program])
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Passes on what comes, until a message has this word in it; nothing is said then, and nothing closed.
fn pass_on((mut from, mut to): (UnixStream, UnixStream), word: &str) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let is_lost = bytes[..count]
            .windows(word.len())
            .any(|part| part == word.as_bytes());
        if is_lost {
            std::thread::park();
        }
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// A session bus, and its address. The system's own configuration would have it start services by itself.
fn bus(folder: &Path) -> (Process, String) {
    let configuration = r#"
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
            "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig>
            <type>session</type>
            <listen>unix:path=<folder>/bus</listen>
            <auth>EXTERNAL</auth>
            <servicedir><folder>/services</servicedir>
            <limit name="service_start_timeout">120000</limit>
            <policy context="default">
                <allow send_destination="*" eavesdrop="true"/>
                <allow eavesdrop="true"/>
                <allow own="*"/>
            </policy>
        </busconfig>
    "#;
    let configuration = configuration
        .trim()
        .replace("<folder>", &folder.display().to_string());
    for name in ["run", "services", "user"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    let path = folder.join("bus.conf");
    std::fs::write(&path, configuration).unwrap();
    // The daemon is ended by whoever runs the session, unless that one is killed, be it with the test.
    let daemon = "exec setpriv --pdeathsig KILL dbus-daemon \"$@\"";
    let daemon = program(
        &folder.join("dbus-daemon"),
        &format!("#!/bin/sh\n{daemon}\n"),
    );
    let mut command = started_for_the_test("dbus-run-session");
    command
        .arg(format!("--config-file={}", path.display()))
        .arg(format!("--dbus-daemon={}", daemon.display()))
        .args(["--", "setpriv", "--pdeathsig", "KILL", "sh", "-c"])
        .arg("echo \"$DBUS_SESSION_BUS_ADDRESS\"; exec sleep infinity")
        .stdout(Stdio::piped())
        .stderr(File::create(folder.join("bus.log")).unwrap());
    let mut bus = Process(command.spawn().unwrap());
    let mut address = String::new();
    BufReader::new(bus.0.stdout.take().unwrap())
        .read_line(&mut address)
        .unwrap();
    let log = || std::fs::read_to_string(folder.join("bus.log")).unwrap();
    assert!(
        !address.is_empty(),
        "dbus-run-session does not serve (scripts/peers installs it): {}",
        log()
    );
    (bus, address.trim().to_owned())
}

#[test]
fn a_keyring_is_there_and_ends_with_its_thread() {
    let keyring = Keyring::new();
    assert!(!keyring.is_locked());
    keyring.lock();
    assert!(keyring.is_locked());
    keyring.unlock();
    assert!(!keyring.is_locked());
    assert!(at_work_in(&keyring.path("")).is_some());

    // As if the test had been killed: nothing is dropped, and the daemon cannot even run.
    let abandoned = std::thread::spawn(|| {
        let mut keyring = Keyring::new();
        let folder = keyring.path("");
        keyring.stop();
        let daemon = keyring.daemon.take().unwrap();
        let pids = [daemon.pid(), keyring.bus.pid()];
        std::mem::forget((daemon, keyring.bus));
        (pids, folder)
    });
    let (pids, folder) = abandoned.join().unwrap();
    for pid in pids {
        let (_, status) = waitpid(Some(pid), WaitOptions::empty()).unwrap().unwrap();
        assert_eq!(status.terminating_signal(), Some(Signal::KILL.as_raw()));
    }
    // The bus itself is no child of this process.
    let end = Instant::now() + LIMIT;
    while let Some(line) = at_work_in(&folder) {
        assert!(Instant::now() < end, "still there: {line}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The command line of a process that names this folder.
fn at_work_in(folder: &str) -> Option<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .find(|line| line.contains(folder))
}
