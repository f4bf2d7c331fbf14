//! A component is compiled once, whoever asks for it and however often; and only a folder that
//! nobody else can write to is trusted with machine code.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use pod_host::{ARTEFACTS_AT_MOST, Host};
use podhost_tests::{build, project};

async fn host(artefacts: &Path, told: &Arc<AtomicUsize>) -> Result<Host, pod_host::Error> {
    bounded(artefacts, told, ARTEFACTS_AT_MOST).await
}

async fn bounded(
    artefacts: &Path,
    told: &Arc<AtomicUsize>,
    at_most: u64,
) -> Result<Host, pod_host::Error> {
    let store = tempfile::tempdir().expect("a folder");
    let told = told.clone();
    Host::builder()
        .store(store.path())
        .artefacts(artefacts)
        .artefacts_at_most(at_most)
        .on_progress(move |_| {
            told.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn once_for_all() {
    build("plugins/netting");
    let artefacts = tempfile::tempdir().expect("a folder");
    let told = Arc::new(AtomicUsize::new(0));
    let first = host(artefacts.path(), &told).await.expect("the host starts");
    let path = project("plugins/netting");
    let (a, b, c) = tokio::join!(first.load(&path), first.load(&path), first.load(&path));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let compiled = || fs::read_dir(artefacts.path()).expect("the folder is there").count();
    assert_eq!(compiled(), 1);
    assert!(told.load(Ordering::Relaxed) > 0);

    told.store(0, Ordering::Relaxed);
    let second = host(artefacts.path(), &told).await.expect("the host starts");
    second.load(&path).await.expect("the policy loads");
    assert_eq!(told.load(Ordering::Relaxed), 0, "nothing was compiled again");
    assert_eq!(compiled(), 1);
}

#[tokio::test]
async fn a_folder_that_others_can_write_to_is_refused() {
    let artefacts = tempfile::tempdir().expect("a folder");
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(artefacts.path(), open).expect("the mode is set");
    let refused = host(artefacts.path(), &Arc::default()).await.err().expect("refused");
    assert!(refused.to_string().contains("others can write to it"), "{refused}");
}

/// What lies in the folder under a component's name is another's machine code, or is changed by a
/// bit: it is not executed, and gives way to what is compiled anew.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_of_us_compiled_is_not_executed() {
    let policies = ["plugins/netting", "plugins/delegation"].map(|policy| {
        build(policy);
        project(policy)
    });
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let mut files = Vec::new();
    for (policy, folder) in policies.iter().zip(&folders) {
        let host = host(folder.path(), &Arc::default()).await.expect("the host starts");
        host.load(policy).await.expect("the policy loads");
        let file = fs::read_dir(folder.path()).expect("a folder").next().expect("a file");
        files.push(file.expect("a file").path());
    }
    let [own, other] = [&files[0], &files[1]].map(|file| fs::read(file).expect("it can be read"));
    let mut changed = own.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for forged in [other, changed, own[..own.len() - 1].to_vec()] {
        fs::write(&files[0], &forged).expect("it is written");
        let host = host(folders[0].path(), &Arc::default()).await.expect("the host starts");
        host.load(&policies[0]).await.expect("it is compiled anew");
        let now = fs::read(&files[0]).expect("it is there again");
        assert!(now != forged, "what was put there is still there");
    }
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&files[0]), 0o600);
}

#[tokio::test]
async fn a_damaged_file_is_compiled_anew() {
    build("plugins/netting");
    let artefacts = tempfile::tempdir().expect("a folder");
    let told = Arc::default();
    let path = project("plugins/netting");
    let first = host(artefacts.path(), &told).await.expect("the host starts");
    first.load(&path).await.expect("the policy loads");
    for file in fs::read_dir(artefacts.path()).expect("the folder is there") {
        fs::write(file.expect("a file").path(), b"").expect("the file is emptied");
    }
    let second = host(artefacts.path(), &told).await.expect("the host starts");
    second.load(&path).await.expect("the policy loads all the same");
}

/// What lies in a folder of compiled components, in bytes.
fn held(artefacts: &Path) -> BTreeMap<String, u64> {
    let files = fs::read_dir(artefacts).expect("the folder is there");
    let file = |file: Result<fs::DirEntry, _>| {
        let file = file.expect("a file");
        let bytes = file.metadata().expect("it is there").len();
        (file.file_name().to_string_lossy().into_owned(), bytes)
    };
    files.map(file).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn u3_what_was_not_used_for_the_longest_time_gives_way() {
    let [netting, delegation, loan_plan] =
        ["plugins/netting", "plugins/delegation", "plugins/loan-plan"].map(|policy| {
            build(policy);
            project(policy)
        });
    let artefacts = tempfile::tempdir().expect("a folder");
    let folder = artefacts.path();
    let told = Arc::new(AtomicUsize::new(0));
    // What somebody else keeps there, and what a process left that was killed while it wrote.
    fs::write(folder.join("mine.compiled"), [0; 100]).expect("it is written");
    fs::write(folder.join(".podhost-abc"), [0; 100]).expect("it is written");
    fs::write(folder.join(".podhost-old"), [0; 100]).expect("it is written");
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    let old = fs::File::open(folder.join(".podhost-old")).expect("it is there");
    old.set_modified(long_ago).expect("it is ours");
    let ours = || -> BTreeMap<String, u64> {
        held(folder).into_iter().filter(|(name, _)| name.len() > 64).collect()
    };

    let one = host(folder, &told).await.expect("the host starts");
    one.load(&netting).await.expect("the policy loads");
    let of_netting = ours();
    one.load(&delegation).await.expect("the policy loads");
    let both = ours();
    let of_delegation: BTreeMap<_, _> =
        both.clone().into_iter().filter(|(name, _)| !of_netting.contains_key(name)).collect();

    // Another process uses the first again, and compiles a third beyond the bound.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let other = host(elsewhere.path(), &told).await.expect("the host starts");
    other.load(&loan_plan).await.expect("the policy loads");
    let third = held(elsewhere.path());
    let at_most = both.values().chain(third.values()).sum::<u64>() - 1;
    let two = bounded(folder, &told, at_most).await.expect("the host starts");
    told.store(0, Ordering::Relaxed);
    two.load(&netting).await.expect("the policy loads");
    assert_eq!(told.load(Ordering::Relaxed), 0, "it was compiled already");
    two.load(&loan_plan).await.expect("the policy loads");
    let left = ours();
    assert!(of_netting.keys().all(|name| left.contains_key(name)), "{left:?}");
    assert!(of_delegation.keys().all(|name| !left.contains_key(name)), "{left:?}");
    assert!(left.len() > of_netting.len(), "what was just compiled stays: {left:?}");
    assert!(left.values().sum::<u64>() <= at_most, "{left:?} take more than {at_most}");
    // What was dropped is compiled again; whoever had it at hand goes on.
    one.load(&delegation).await.expect("the policy loads");
    let three = bounded(folder, &told, at_most).await.expect("the host starts");
    told.store(0, Ordering::Relaxed);
    three.load(&delegation).await.expect("the policy loads");
    assert!(told.load(Ordering::Relaxed) > 0);

    let all = held(folder);
    assert!(all.contains_key("mine.compiled") && all.contains_key(".podhost-abc"), "{all:?}");
    assert!(!all.contains_key(".podhost-old"), "{all:?}");
}

/// Each drops what the others just wrote, and all of them come to their component.
#[tokio::test(flavor = "multi_thread")]
async fn u3_hosts_that_share_a_full_folder_do_not_disturb_one_another() {
    let policies = ["plugins/netting", "plugins/delegation", "plugins/loan-plan"].map(|policy| {
        build(policy);
        project(policy)
    });
    let artefacts = tempfile::tempdir().expect("a folder");
    let told = Arc::default();
    let one = async |at: usize| {
        for policy in policies.iter().cycle().skip(at).take(policies.len()) {
            let host = bounded(artefacts.path(), &told, 0).await.expect("the host starts");
            host.load(policy).await.expect("the policy loads");
        }
    };
    tokio::join!(one(0), one(1), one(2));
    let left = held(artefacts.path());
    assert!(left.keys().all(|name| name.len() > 64), "nothing is left unfinished: {left:?}");
}
