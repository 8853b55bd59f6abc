//! Frames are bounded, and survive the way between two processes.

use std::io::ErrorKind;
use std::time::Duration;

use repository::{Given, Kind, RemoteUrl};
use zeroize::Zeroizing;

use super::frame::{FRAME_BYTES_MAX, decode, encode, encode_bytes, read, write};
use super::given::{of_bytes, to_bytes};
use super::*;

fn through<T: Serialize, U: serde::de::DeserializeOwned>(value: &T) -> U {
    let mut bytes = Vec::new();
    write(&mut bytes, value).unwrap();
    let mut from = bytes.as_slice();
    let frame = read(&mut from).unwrap().unwrap();
    assert_eq!(read(&mut from).unwrap(), None);
    decode(&frame).unwrap()
}

fn remote() -> Remote {
    Remote {
        url: RemoteUrl::parse("https://alice@git.example/threads.git").unwrap(),
        branch: Some("main".to_owned()),
        ssh_key: None,
        timeout: Duration::from_millis(1500),
    }
}

#[test]
fn a_frame_is_bounded_both_ways() {
    let longest = "x".repeat(FRAME_BYTES_MAX - 2);
    let frame = encode(&longest).unwrap();
    assert_eq!(
        read(&mut frame.as_slice()).unwrap().unwrap().len(),
        FRAME_BYTES_MAX
    );
    let longer = format!("{longest}x");
    assert_eq!(encode(&longer).unwrap_err().kind(), ErrorKind::FileTooLarge);
    let length = u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_be_bytes();
    let refused = read(&mut length.as_slice()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::FileTooLarge);
}

#[test]
fn a_frame_that_is_cut_off_is_an_error() {
    let frame = encode(&"whole").unwrap();
    for length in 1..frame.len() {
        let error = read(&mut &frame[..length]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}");
    }
}

#[test]
fn an_error_of_a_frame_repeats_nothing_of_it() {
    let error = decode::<Greeted>(b"{\"other_build\":{\"secret\":1}}").unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn requests_and_answers_survive_the_way() {
    let request = Request::Fetch {
        remote: Cow::Owned(remote()),
        kept: Some(Cow::Borrowed("id")),
    };
    let Request::Fetch {
        remote: there,
        kept,
    } = through(&request)
    else {
        panic!("another request")
    };
    assert_eq!((&*there, kept.as_deref()), (&remote(), Some("id")));
    let failed = || TransferError::new(Kind::HostKeyChanged, "another key", "ask");
    for answer in [
        Answer::Fetched(Err(failed())),
        Answer::Pushed(Err(PushError::Rejected { at_once: true })),
        Answer::Pushed(Err(PushError::Unknown(failed()))),
        Answer::Pushed(Err(PushError::Refused {
            reason: "no".to_owned(),
        })),
    ] {
        let reply = Reply {
            answer,
            spent: true,
        };
        assert_eq!(through::<_, Reply>(&reply), reply);
    }
    let other = Greeted::OtherBuild {
        build: "0".to_owned(),
    };
    assert_eq!(through::<_, Greeted>(&other), other);
}

#[test]
fn a_credential_is_bytes_of_its_own() {
    let key = Given::Key(Zeroizing::new("-----BEGIN\nkey".to_owned()));
    let password = Given::Password {
        user: "alice".to_owned(),
        password: Zeroizing::new("a p:w".to_owned()),
    };
    let words = |given: Given| match given {
        Given::Key(key) => (String::new(), key.to_string()),
        Given::Password { user, password } => (user, password.to_string()),
    };
    for given in [key, password] {
        let frame = encode_bytes(&to_bytes(&given)).unwrap();
        let bytes = read(&mut frame.as_slice()).unwrap().unwrap();
        assert_eq!(words(of_bytes(&bytes).unwrap()), words(given));
    }
    for nothing in [&b""[..], b"x", b"p", b"puser", b"k\xff"] {
        assert!(of_bytes(nothing).is_none(), "{nothing:?}");
    }
    let long = vec![b'x'; secrets::credential::SECRET_BYTES_MAX * 3];
    assert_eq!(
        encode_bytes(&long).unwrap_err().kind(),
        ErrorKind::FileTooLarge
    );
    encode_bytes(&long[..secrets::credential::SECRET_BYTES_MAX + 1_000]).unwrap();
}

#[test]
fn a_worker_of_any_build_reads_whose_greeting_it_is() {
    let build: GreetingBuild = decode(b"{\"build\":\"9.9\",\"later\":[1]}").unwrap();
    assert_eq!(build.build, "9.9");
}
