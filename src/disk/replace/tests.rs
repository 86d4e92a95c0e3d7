//! Reading and writing on a real disk: links, modes, owners, what stands in the way.

use super::*;

/// The new text made from what is there now.
fn replaced(path: &Path, new: &str) -> Result<()> {
    let known = read_bytes(path)?;
    let known = known.as_ref().map(|known| known.as_slice());
    assert!(atomically(path, ".credsh-new", known, new, Way::Forth)?);
    sweep(path, ".credsh-new")
}

#[test]
fn what_somebody_else_wrote_meanwhile_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "theirs").unwrap();
    assert!(!atomically(&path, ".credsh-new", Some(b"old"), "new", Way::Forth).unwrap());
    assert!(!atomically(&path, ".credsh-new", None, "new", Way::Forth).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
}
use crate::error::Kind;

/// A folder with one file in it.
struct Case {
    folder: tempfile::TempDir,
    path: PathBuf,
}

fn case(text: &str) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    Case { folder, path }
}

fn open(path: &Path) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap()
}

fn text(path: &Path) -> String {
    read(path).unwrap().unwrap().to_string()
}

#[track_caller]
fn check_in_place(old: &str, new: &str) {
    for way in [Way::Forth, Way::Back] {
        let case = case(old);
        assert!(in_place(&mut open(&case.path), &case.path, old.as_bytes(), new, way).unwrap());
        assert_eq!(text(&case.path), new);
    }
}

#[test]
fn in_place_leaves_the_new_text() {
    let texts = [
        "",
        "a",
        "\n",
        "a\n\n\n",
        "[a]\nk = \"1\"\n",
        "[a]\nk = \"12\"\n",
        "[b]\nk = \"1\"\n\n[a]\nk = \"1\"\n",
        "ключ = \"é\"\n",
        "ключ = \"è\"\n",
    ];
    for old in texts {
        for new in texts {
            check_in_place(old, new);
            let case = case(old);
            replaced(&case.path, new).unwrap();
            assert_eq!(text(&case.path), new);
        }
    }
}

#[test]
fn a_text_that_changed_meanwhile_is_not_overwritten() {
    for theirs in ["somebody else's\n", "hers\n"] {
        let case = case(theirs);
        assert!(
            !in_place(
                &mut open(&case.path),
                &case.path,
                b"ours\n",
                "new\n",
                Way::Forth
            )
            .unwrap()
        );
        assert_eq!(text(&case.path), theirs);
    }
}

#[test]
fn the_same_text_is_not_written() {
    let case = case("a = 1\n");
    let before = fs::metadata(&case.path).unwrap().modified().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(
        in_place(
            &mut open(&case.path),
            &case.path,
            b"a = 1\n",
            "a = 1\n",
            Way::Forth
        )
        .unwrap()
    );
    replaced(&case.path, "a = 1\n").unwrap();
    assert_eq!(
        fs::metadata(&case.path).unwrap().modified().unwrap(),
        before
    );
}

#[test]
fn a_missing_file_is_none_and_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/config.toml");
    assert!(read(&path).unwrap().is_none());
    replaced(&path, "a = 1\n").unwrap();
    assert_eq!(text(&path), "a = 1\n");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_read_is_placed_and_not_quoted() {
    let case = case("");
    fs::write(&case.path, b"a = 1\ntoken = \"s3cret\xff\"\n").unwrap();
    let error = read(&case.path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}:2: this is not UTF-8, from byte 22 on",
            case.path.display()
        )
    );
    assert_eq!(error.kind(), Kind::Malformed);
    let error = read(case.folder.path()).unwrap_err();
    assert_eq!(error.message(), "this is a folder, not a file");
    assert!(read(&case.path.join("below")).is_err());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn inode(path: &Path) -> u64 {
        fs::metadata(path).unwrap().ino()
    }

    #[test]
    fn tokens_are_for_nobody_else_and_a_mode_is_never_widened() {
        let check = |before: u32, after: u32| {
            let case = case("old\n");
            chmod(&case.path, before);
            let number = inode(&case.path);
            assert!(
                in_place(
                    &mut open(&case.path),
                    &case.path,
                    b"old\n",
                    "new\n",
                    Way::Forth
                )
                .unwrap()
            );
            assert_eq!((mode(&case.path), inode(&case.path)), (after, number));
        };
        check(0o644, 0o600);
        check(0o600, 0o600);
        check(0o660, 0o600);
    }

    #[test]
    fn a_replaced_file_keeps_its_mode() {
        for wanted in [0o600, 0o640, 0o664, 0o755] {
            let case = case("old\n");
            chmod(&case.path, wanted);
            let number = inode(&case.path);
            replaced(&case.path, "new\n").unwrap();
            assert_eq!(mode(&case.path), wanted);
            assert_ne!(inode(&case.path), number);
            assert_eq!(fs::read_dir(case.folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_new_file_is_as_public_as_the_umask_allows() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "").unwrap();
        let path = folder.path().join("config.toml");
        replaced(&path, "a = 1\n").unwrap();
        assert_eq!(mode(&path), mode(&other) & 0o644);
    }

    #[test]
    fn symbolic_links_stay() {
        let case = case("old\n");
        let link = case.folder.path().join("link");
        let far = case.folder.path().join("far");
        symlink("config.toml", &link).unwrap();
        symlink(&link, &far).unwrap();
        replaced(&far, "new\n").unwrap();
        assert!(fs::symlink_metadata(&far).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(text(&case.path), "new\n");

        let dangling = case.folder.path().join("dangling");
        symlink("sub/missing.toml", &dangling).unwrap();
        assert!(read(&dangling).unwrap().is_none());
        for is_private in [false, true] {
            let error = create(&dangling, ".credsh-new", "new\n", is_private).unwrap_err();
            assert!(error.message().starts_with("this link leads to "));
        }
        fs::create_dir(case.folder.path().join("sub")).unwrap();
        assert!(create(&dangling, ".credsh-new", "new\n", true).is_err());
        fs::write(case.folder.path().join("sub/missing.toml"), "").unwrap();
        assert!(!create(&dangling, ".credsh-new", "new\n", true).unwrap());

        let circle = case.folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(replaced(&circle, "new\n").is_err());
    }

    #[test]
    fn several_names_stay_one_file() {
        let case = case("old and longer\n");
        let other = case.folder.path().join("other");
        fs::hard_link(&case.path, &other).unwrap();
        chmod(&case.path, 0o640);
        replaced(&case.path, "new\n").unwrap();
        assert_eq!(text(&other), "new\n");
        assert_eq!((mode(&other), inode(&other)), (0o640, inode(&case.path)));
    }

    #[test]
    fn another_owner_stays() {
        let case = case("old\n");
        if std::os::unix::fs::chown(&case.path, Some(12_345), Some(12_345)).is_err() {
            return; // Only root can give a file away.
        }
        replaced(&case.path, "new\n").unwrap();
        let metadata = fs::metadata(&case.path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12_345, 12_345));
        std::os::unix::fs::chown(&case.path, Some(0), Some(12_345)).unwrap();
        replaced(&case.path, "newer\n").unwrap();
        assert_eq!(fs::metadata(&case.path).unwrap().gid(), 12_345);
        assert_eq!(text(&case.path), "newer\n");
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, 0o600.into(), 0).unwrap();
        for error in [
            read(&pipe).unwrap_err(),
            replaced(&pipe, "new\n").unwrap_err(),
        ] {
            assert_eq!(error.message(), "this is not a regular file");
        }
    }

    #[test]
    fn a_full_disk_leaves_the_old_text() {
        // `/dev/full` refuses every write, but is no file to cut; the restoring is for real disks.
        let Ok(mut full) = OpenOptions::new().read(true).write(true).open("/dev/full") else {
            return;
        };
        assert!(overwrite(&mut full, b"", "new\n", Way::Forth).is_err());
    }

    /// An access list by which one more user may read and the group, too, as the system keeps it.
    #[cfg(target_os = "linux")]
    fn with_access_list(path: &Path, name: &str) -> bool {
        const ALL: u32 = u32::MAX;
        let entries = [
            (1, 6, ALL),
            (2, 4, 12_345),
            (4, 4, ALL),
            (16, 4, ALL),
            (32, 0, ALL),
        ];
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            list.extend(u16::to_le_bytes(tag));
            list.extend(u16::to_le_bytes(permissions));
            list.extend(u32::to_le_bytes(id));
        }
        rustix::fs::setxattr(path, name, &list, rustix::fs::XattrFlags::empty()).is_ok()
    }

    #[cfg(target_os = "linux")]
    fn access_list(path: &Path) -> Vec<u8> {
        let mut list = vec![0; 1024];
        let length = rustix::fs::getxattr(path, "system.posix_acl_access", &mut list).unwrap();
        list.truncate(length);
        list
    }

    /// Another file would not have it, and its mode would mean something else.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_access_list_stays() {
        let case = case("old\n");
        if !with_access_list(&case.path, "system.posix_acl_access") {
            return; // Not every file system has them.
        }
        let (number, list) = (inode(&case.path), access_list(&case.path));
        replaced(&case.path, "new\n").unwrap();
        assert_eq!(text(&case.path), "new\n");
        assert_eq!(inode(&case.path), number);
        assert!(access_list(&case.path) == list && mode(&case.path) == 0o640);
    }

    /// Tokens are for nobody else, whatever a list says: that of the file, or that which its folder gives to new ones.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_access_list_gives_nobody_a_token() {
        let case = case("old\n");
        if !with_access_list(&case.path, "system.posix_acl_access") {
            return; // Not every file system has them.
        }
        assert!(
            in_place(
                &mut open(&case.path),
                &case.path,
                b"old\n",
                "new\n",
                Way::Forth
            )
            .unwrap()
        );
        // What the group bits are then is the most that the list can give.
        assert_eq!(mode(&case.path), 0o600);
        assert!(with_access_list(
            case.folder.path(),
            "system.posix_acl_default"
        ));
        for name in ["credentials.toml", "journal"] {
            let path = case.folder.path().join(name);
            if name == "journal" {
                private(&path, b"new\n").unwrap();
            } else {
                assert!(create(&path, ".credsh-new", "new\n", true).unwrap());
            }
            assert_eq!(mode(&path), 0o600);
            assert!(access_list(&path).len() > 4);
        }
    }

    /// An attribute of the user's does not come along either.
    #[cfg(target_os = "linux")]
    #[test]
    fn an_attribute_stays() {
        let case = case("old\n");
        let flags = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(&case.path, "user.note", b"mine", flags).is_err() {
            return; // Not every file system has them.
        }
        replaced(&case.path, "new\n").unwrap();
        let mut note = [0; 4];
        rustix::fs::getxattr(&case.path, "user.note", &mut note).unwrap();
        assert_eq!((&note, text(&case.path).as_str()), (b"mine", "new\n"));
    }
}
