//! What the program says of its own work, and what it leaves behind: no secret.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    process::{Command, Stdio},
};

use crate::common::{Desk, Ended, SMALL, Served};

const TOKEN: &str = "shop-api-token";

fn run(desk: &Desk, pod: &Served, variables: &[(&str, &str)]) -> Ended {
    let policy = "plugins/netting/netting.rhai";
    let mut command = desk.command(&[policy, "--platform", pod.url(), "--json"]);
    command.env("PODHOST_TOKEN", TOKEN).envs(variables.iter().copied());
    command.output().unwrap().into()
}

#[test]
fn rust_log_says_what_is_logged() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let quiet = run(&desk, &pod, &[]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
    let loud = run(&desk, &pod, &[("RUST_LOG", "pod_host=trace,hyper_util=trace")]);
    assert!(loud.stderr.contains("hyper_util"), "{loud:#?}");
    // The program's own variable counts before everybody's.
    let own = run(&desk, &pod, &[("RUST_LOG", "trace"), ("PODHOST_LOG", "off")]);
    assert_eq!((own.code, own.stderr.as_str()), (Some(0), ""));
    for name in ["RUST_LOG", "PODHOST_LOG"] {
        run(&desk, &pod, &[(name, "pod_host=loud")]).failed(2, &[name, "pod_host=loud"]);
    }
}

#[test]
fn no_log_tells_a_token() {
    let pod = Served::start(&["--scenario", SMALL]);
    let desk = Desk::new();
    let ended = run(&desk, &pod, &[("RUST_LOG", "trace")]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stderr.lines().count() > 10, "it logs: {}", ended.stderr);
    let told: Vec<&str> = ended.stderr.lines().filter(|line| line.contains(TOKEN)).collect();
    assert!(told.is_empty(), "{told:#?}");
    assert!(!ended.stdout.contains(TOKEN));
}

#[test]
fn core_dumps_are_off() {
    let pod = Served::start(&["--scenario", SMALL]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", pod.process())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
}

/// What another process of the same user may see of this one: of a process that is not dumpable, its
/// memory belongs to root.
#[test]
fn nobody_looks_into_the_memory() {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("podhost");
    fs::copy(env!("CARGO_BIN_EXE_podhost"), &program).unwrap();
    let mut command = Command::new(&program);
    command.args(["emulator", "--listen", "127.0.0.1:0"]).current_dir("/").env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    if root {
        use std::os::unix::fs::PermissionsExt as _;
        // Root's own processes belong to root anyway.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        command.uid(65_534);
    }
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    let stdout = process.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    assert!(line.contains("platform"), "{line}");
    let owner = fs::metadata(format!("/proc/{}/environ", process.id())).unwrap().uid();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(owner, 0);
}
