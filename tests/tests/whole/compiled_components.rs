//! A component is compiled once, whoever asks for it and however often; and only a folder that
//! nobody else can write to is trusted with machine code.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use pod_host::Host;
use podhost_tests::{build, project};

async fn host(artefacts: &Path, told: &Arc<AtomicUsize>) -> Result<Host, pod_host::Error> {
    let store = tempfile::tempdir().expect("a folder");
    let told = told.clone();
    Host::builder()
        .store(store.path())
        .artefacts(artefacts)
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
