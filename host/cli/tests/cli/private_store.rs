//! What podhost writes is its user's alone, whatever the umask says: 0600 in 0700.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::Path,
    process::Command,
};

use crate::common::{Desk, Ended, SMALL, Served, podhost, project};

/// A command on the desk's store by a user who keeps nothing from others.
fn careless(desk: &Desk, arguments: &[&str]) -> Ended {
    let mut command = podhost();
    command.args(arguments).env("PODHOST_STORE", desk.store());
    command.env("XDG_CONFIG_HOME", desk.folder.path().join("settings"));
    command.env("PODHOST_CACHE", project().join("target/test-components"));
    command.env("PODHOST_TOKEN", "shop-api-token").env("USER", "leila");
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(command.get_program());
    shell.args(command.get_args()).current_dir(project());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.output().unwrap().into()
}

/// Everything in a folder, itself included, is its owner's alone; how many files there are.
fn assert_private(folder: &Path) -> usize {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    let mut files = 0;
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            files += assert_private(&path);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            files += 1;
        }
    }
    files
}

#[test]
fn a_store_a_backup_and_an_archive() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let folder = desk.folder.path();
    let run = ["run", "plugins/netting/netting.rhai", "--platform", pod.url(), "--key", "march"];
    let ran = careless(&desk, &run);
    assert!(ran.stdout.contains("501"), "{ran:#?}");
    // Database, high-water file, lock, script, interpreter.
    assert!(assert_private(&desk.store()) >= 5);

    let (copy, archive) = (folder.join("copy"), folder.join("archive"));
    let copied = careless(&desk, &["backup", copy.to_str().unwrap()]);
    assert_eq!(copied.code, Some(0), "{copied:#?}");
    assert!(assert_private(&copy) >= 3);
    let to = archive.to_str().unwrap();
    let pruned = careless(&desk, &["prune", "--before", "0s", "--archive", to]);
    assert_eq!(pruned.code, Some(0), "{pruned:#?}");
    assert!(assert_private(&archive) >= 3);
    assert!(assert_private(&desk.store()) >= 3);
}

#[test]
fn what_was_open_to_others_is_closed_and_that_is_told() {
    let desk = Desk::new();
    let run = ["run", "plugins/netting"];
    assert_eq!(careless(&desk, &run).code, Some(0));
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    mode(&desk.store(), 0o755).unwrap();
    mode(&desk.store().join("journal.sqlite"), 0o666).unwrap();
    let again = careless(&desk, &run);
    assert_eq!(again.code, Some(0), "{again:#?}");
    for name in ["store was open to other users", "journal.sqlite was open to other users"] {
        assert!(again.stderr.contains(name), "{again:#?}");
    }
    assert_private(&desk.store());
    assert!(!careless(&desk, &run).stderr.contains("was open"));
}

/// A folder that is no store is not taken from whoever shares it.
#[test]
fn a_shared_folder_is_no_store() {
    let desk = Desk::new();
    fs::create_dir(desk.store()).unwrap();
    fs::write(desk.store().join("notes.txt"), "ours").unwrap();
    fs::set_permissions(desk.store(), fs::Permissions::from_mode(0o777)).unwrap();
    careless(&desk, &["run", "plugins/netting"]).failed(3, &["open to other users", "--store"]);
    let mode = fs::metadata(desk.store()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o777);
}

#[test]
fn another_users_store_is_left_alone() {
    let desk = Desk::new();
    assert_eq!(careless(&desk, &["run", "plugins/netting"]).code, Some(0));
    // Only the superuser can give something away.
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    chown(desk.store(), Some(65_534), None).unwrap();
    careless(&desk, &["run", "plugins/netting"]).failed(3, &["belongs to another user"]);
}
