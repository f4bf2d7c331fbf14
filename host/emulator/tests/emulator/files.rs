//! uploadFile and getFile.

use pod_platform::{
    Client, Credentials, Limits, Platform,
    files::{FileContent, GetFileRequest, UploadFileRequest},
    types::{Error, PlatformErrorKind as Kind},
};

use crate::common::{World, envelope, http};

fn file(name: &str, content: &[u8]) -> UploadFileRequest {
    UploadFileRequest { file_name: name.into(), content: content.to_vec() }
}

async fn read(world: &World, id: u64, hash_code: &str) -> Result<FileContent, Error> {
    let request = GetFileRequest { file_id: id, hash_code: hash_code.into() };
    world.call("reza", &request).await
}

#[tokio::test]
async fn what_is_uploaded_can_be_read_by_its_hash_only() {
    let world = World::start().await;
    let bytes: Vec<u8> = (0..=255).collect();
    let first = world.call("shop", &file("اعضا.CSV", b"userId,amount\n")).await.unwrap();
    let second = world.call("sara", &file("photo.jpeg", &bytes)).await.unwrap();
    assert_eq!((first.id, first.size), (1, Some(14)));
    assert_eq!((second.id, second.name.as_deref()), (2, Some("photo.jpeg")));
    assert_ne!(first.hash_code, second.hash_code);

    let content = read(&world, first.id, &first.hash_code).await.unwrap();
    assert_eq!(content.content, b"userId,amount\n");
    assert_eq!(content.content_type.as_deref(), Some("text/csv"));
    let content = read(&world, second.id, &second.hash_code).await.unwrap();
    assert_eq!((content.content, content.content_type.as_deref()), (bytes, Some("image/jpeg")));

    for (id, hash_code) in [
        (first.id, second.hash_code.as_str()),
        (second.id, "0"),
        (3, first.hash_code.as_str()),
        (u64::MAX, first.hash_code.as_str()),
    ] {
        let error = read(&world, id, hash_code).await.unwrap_err();
        let Error::Platform(error) = error else { panic!("{error}") };
        assert_eq!(error.kind, Kind::NotFound, "{id} {hash_code}");
    }
}

#[tokio::test]
async fn a_file_is_read_without_a_token_and_uploaded_with_one() {
    let world = World::start().await;
    let uploaded = world.call("shop", &file("note.txt", b"one")).await.unwrap();
    let root = world.emulator.file_url();
    let url = format!("{root}/nzh/file/?fileId={}&hashCode={}", uploaded.id, uploaded.hash_code);
    let response = http().get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(response.text().await.unwrap(), "one");
    assert_eq!(world.refused("nobody", &file("note.txt", b"one")).await, Kind::InvalidToken);

    // A form in which the file's name is that of its part.
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\n\r\n\
                {}\r\n--x--\r\n";
    let headers = [("_token_", "shop"), ("content-type", "multipart/form-data; boundary=x")];
    let url = format!("{root}/nzh/uploadFile");
    let answer = envelope(http().post(url), &headers, form).await;
    assert_eq!(answer["result"]["name"], "a.json");
    assert_eq!(answer["result"]["size"], 2);
}

#[tokio::test]
async fn the_same_calls_give_the_same_hashes() {
    let hash = async || {
        let world = World::start().await;
        world.call("shop", &file("a.csv", b"a")).await.unwrap().hash_code
    };
    assert_eq!(hash().await, hash().await);
}

#[tokio::test]
async fn the_organizations_under_contract_are_there() {
    let world = World::start().await;
    let content = read(&world, 407_735, "17071b19458-0.07657295653103557").await.unwrap();
    assert_eq!(content.content_type.as_deref(), Some("text/csv"));
    let text = String::from_utf8(content.content).unwrap();
    assert!(text.lines().count() > 1, "{text}");
}

#[tokio::test]
async fn p21_a_file_that_cannot_be_fetched_blames_the_place_of_files() {
    let world = World::start().await;
    let services = world.emulator.platform_url();
    // Nobody listens there.
    let files = "http://127.0.0.1:1";
    let platform = Platform { file_url: files.to_owned(), ..Platform::at(services) };
    let client = Client::new(platform, Limits::default()).unwrap();
    let get = GetFileRequest { file_id: 1, hash_code: "0".to_owned() };
    let upload = file("a.csv", b"userId,amount\n");
    for error in [
        client.call(&get, &Credentials::token("shop")).await.unwrap_err(),
        client.call(&upload, &Credentials::token("shop")).await.unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(error.contains(&format!("{files} cannot be reached")), "{error}");
        assert!(!error.contains(services), "{error}");
    }
}
